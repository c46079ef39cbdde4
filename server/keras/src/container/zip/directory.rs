//! The list of members at the end of an archive: sections 4.3.12 to 4.3.16 of APPNOTE.TXT, the
//! ".ZIP File Format Specification" 6.3.10. All numbers are little-endian.

use std::collections::HashMap;

use localization::{Text, phrase, text};

use super::damaged;
use crate::container::section::Section;
use crate::error::ErrorKind;
use crate::limits;

/// Where a member lies and how it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) flags: u16,
    pub(super) method: u16,
    /// CRC-32 of the contents.
    pub(super) checksum: u32,
    /// Bytes in the archive.
    pub(super) stored: u64,
    /// Bytes of the contents.
    pub(super) length: u64,
    /// Position of the header in front of the data.
    pub(super) header: u64,
}

const END: &[u8; 4] = b"PK\x05\x06";
const END_BYTES: u64 = 22;
const ZIP64_LOCATOR: &[u8; 4] = b"PK\x06\x07";
const ZIP64_LOCATOR_BYTES: u64 = 20;
const ZIP64_END: &[u8; 4] = b"PK\x06\x06";
const ZIP64_END_BYTES: u64 = 56;
const ENTRY: &[u8; 4] = b"PK\x01\x02";
/// Longest comment at the end of an archive.
const COMMENT_BYTES: u64 = 0xffff;

/// Takes little-endian numbers and byte strings from the front of a record; nothing at its end.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn signature(&mut self, expected: &[u8; 4]) -> Option<()> {
        (self.bytes(4)? == expected).then_some(())
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.bytes(2)?.try_into().ok()?))
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.bytes(4)?.try_into().ok()?))
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.bytes(8)?.try_into().ok()?))
    }
}

/// Extent of the list of members.
#[derive(Debug, Clone, Copy)]
struct Directory {
    members: u64,
    bytes: u64,
    start: u64,
    /// Where the records behind the list begin.
    end: u64,
}

/// Lists the members of an archive by name. A name that occurs twice is an error, since programs
/// do not agree on which of the two counts.
pub(super) fn read(archive: &Section) -> Result<HashMap<String, Member>, ErrorKind> {
    let directory = find(archive)?;
    if directory.members > limits::ARCHIVE_MEMBERS {
        return Err(ErrorKind::Limit {
            what: text!(
                "{members} members in its archive",
                members = directory.members
            ),
            limit: Text::verbatim(limits::ARCHIVE_MEMBERS.to_string()),
        });
    }
    if directory.bytes > limits::ARCHIVE_DIRECTORY_BYTES {
        return Err(ErrorKind::Limit {
            what: text!(
                "a list of archive members of {bytes} bytes",
                bytes = directory.bytes
            ),
            limit: text!("{count} bytes", count = limits::ARCHIVE_DIRECTORY_BYTES),
        });
    }
    if directory.start.checked_add(directory.bytes) != Some(directory.end) {
        return Err(damaged(phrase!(
            "its list of members is not where it should be"
        )));
    }
    let list = read_at(archive, directory.start, directory.bytes)?;
    let mut fields = Fields(&list);
    let mut members = HashMap::new();
    for _ in 0..directory.members {
        let Some((name, member)) = parse_entry(&mut fields) else {
            return Err(damaged(phrase!("its list of members is damaged")));
        };
        let name = String::from_utf8_lossy(name).into_owned();
        if members.contains_key(&name) {
            return Err(damaged(text!(
                "it has two members named \"{name}\"",
                name = name.escape_debug()
            )));
        }
        members.insert(name, member);
    }
    if !fields.0.is_empty() {
        return Err(damaged(phrase!(
            "its list of members is longer than it states"
        )));
    }
    Ok(members)
}

fn read_at(archive: &Section, start: u64, length: u64) -> Result<Vec<u8>, ErrorKind> {
    let part = archive.part(start, length);
    let part = part.ok_or_else(|| damaged(phrase!("it points behind its end")))?;
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    part.read_exact_at(0, &mut bytes)?;
    Ok(bytes)
}

/// Finds the record at the very end, which may have a comment behind it.
fn find(archive: &Section) -> Result<Directory, ErrorKind> {
    let searched = archive.length().min(END_BYTES + COMMENT_BYTES);
    let tail_start = archive.length() - searched;
    let tail = read_at(archive, tail_start, searched)?;
    let record = (0..tail.len())
        .rev()
        .find_map(|start| Some((start as u64, parse_end(tail.get(start..)?)?)));
    let Some((position, directory)) = record else {
        return Err(damaged(phrase!(
            "its end is missing, it may have been cut off"
        )));
    };
    let directory = Directory {
        end: tail_start + position,
        ..directory
    };
    match zip64_position(archive, directory.end)? {
        Some(position) => {
            let record = read_at(archive, position, ZIP64_END_BYTES)?;
            parse_zip64_end(&record, position)
                .ok_or_else(|| damaged(phrase!("its ZIP64 record is damaged")))
        }
        None => Ok(directory),
    }
}

fn parse_end(record: &[u8]) -> Option<Directory> {
    let mut fields = Fields(record);
    fields.signature(END)?;
    let disks = (fields.u16()?, fields.u16()?);
    let members = (fields.u16()?, fields.u16()?);
    let directory = Directory {
        members: members.1.into(),
        bytes: fields.u32()?.into(),
        start: fields.u32()?.into(),
        end: 0,
    };
    let comment = usize::from(fields.u16()?);
    let whole = disks == (0, 0) && members.0 == members.1 && fields.0.len() == comment;
    whole.then_some(directory)
}

/// Position of the record with 64-bit numbers, which a locator before the last record tells.
fn zip64_position(archive: &Section, end: u64) -> Result<Option<u64>, ErrorKind> {
    let Some(start) = end.checked_sub(ZIP64_LOCATOR_BYTES) else {
        return Ok(None);
    };
    let locator = read_at(archive, start, ZIP64_LOCATOR_BYTES)?;
    Ok(parse_zip64_locator(&locator))
}

fn parse_zip64_locator(locator: &[u8]) -> Option<u64> {
    let mut fields = Fields(locator);
    fields.signature(ZIP64_LOCATOR)?;
    // The disk with the record.
    fields.u32()?;
    fields.u64()
}

fn parse_zip64_end(record: &[u8], position: u64) -> Option<Directory> {
    let mut fields = Fields(record);
    fields.signature(ZIP64_END)?;
    fields.u64()?;
    // The versions that wrote it and that are needed to read it.
    fields.bytes(4)?;
    let disks = (fields.u32()?, fields.u32()?);
    let members = (fields.u64()?, fields.u64()?);
    let directory = Directory {
        members: members.1,
        bytes: fields.u64()?,
        start: fields.u64()?,
        end: position,
    };
    (disks == (0, 0) && members.0 == members.1).then_some(directory)
}

fn parse_entry<'a>(fields: &mut Fields<'a>) -> Option<(&'a [u8], Member)> {
    fields.signature(ENTRY)?;
    fields.bytes(4)?;
    let (flags, method) = (fields.u16()?, fields.u16()?);
    // Time and date.
    fields.bytes(4)?;
    let checksum = fields.u32()?;
    let mut stored = u64::from(fields.u32()?);
    let mut length = u64::from(fields.u32()?);
    let name_bytes = usize::from(fields.u16()?);
    let extra_bytes = usize::from(fields.u16()?);
    let comment_bytes = usize::from(fields.u16()?);
    // Disk and attributes.
    fields.bytes(8)?;
    let mut header = u64::from(fields.u32()?);
    let name = fields.bytes(name_bytes)?;
    let extra = fields.bytes(extra_bytes)?;
    fields.bytes(comment_bytes)?;
    let wide = [&mut length, &mut stored, &mut header]
        .into_iter()
        .filter(|number| **number == u64::from(u32::MAX));
    widen(extra, wide)?;
    let member = Member {
        flags,
        method,
        checksum,
        stored,
        length,
        header,
    };
    Some((name, member))
}

/// Tag of the extra field with the numbers that do not fit 32 bits.
const ZIP64_TAG: u16 = 1;

/// Replaces numbers that have all bits set by those in the ZIP64 extra field, in its order.
fn widen<'a>(extra: &[u8], wide: impl Iterator<Item = &'a mut u64>) -> Option<()> {
    let mut wide = wide.peekable();
    let mut extra = Fields(extra);
    while wide.peek().is_some() {
        let tag = extra.u16()?;
        let size = usize::from(extra.u16()?);
        let mut content = Fields(extra.bytes(size)?);
        if tag == ZIP64_TAG {
            for number in wide.by_ref() {
                *number = content.u64()?;
            }
        }
    }
    Some(())
}
