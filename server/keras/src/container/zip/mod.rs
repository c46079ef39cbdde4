//! Zip archives, as far as `.keras` files need them: members are read by their names and never
//! extracted, and a member that is not compressed is read where it lies.
//!
//! The format is that of APPNOTE.TXT, the ".ZIP File Format Specification" 6.3.10.

mod directory;

use std::collections::HashMap;
use std::io::Read;

use flate2::Crc;
use flate2::read::DeflateDecoder;
use localization::{Text, text};

use self::directory::{Fields, Member};
use super::section::Section;
use crate::error::ErrorKind;
use crate::limits;

/// An open archive.
pub(super) struct Archive {
    section: Section,
    members: HashMap<String, Member>,
}

const HEADER: &[u8; 4] = b"PK\x03\x04";
const HEADER_BYTES: u64 = 30;
/// Flags of members that are encrypted, in one of three ways.
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

impl Archive {
    pub(super) fn open(section: Section) -> Result<Self, ErrorKind> {
        let members = directory::read(&section)?;
        Ok(Self { section, members })
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// The contents of a member of at most `most` bytes, after its checksum has been compared.
    /// Only a compressed member takes memory.
    pub(super) fn contents(&self, name: &str, most: u64) -> Result<Section, ErrorKind> {
        let Some(&member) = self.members.get(name) else {
            return Err(ErrorKind::MissingMember(name.to_owned()));
        };
        if member.flags & ENCRYPTED != 0 {
            return Err(ErrorKind::EncryptedMember(name.to_owned()));
        }
        let expanded = member
            .stored
            .saturating_add(member.stored / 2)
            .saturating_add(limits::ARCHIVE_SLACK_BYTES);
        if member.length > most {
            return Err(ErrorKind::Limit {
                what: text!(
                    "\"{name}\" of {length} bytes in its archive",
                    length = member.length
                ),
                limit: text!("{count} bytes", count = most),
            });
        }
        if member.method != STORED && member.length > expanded {
            return Err(ErrorKind::CompressedMember(name.to_owned()));
        }
        let data = self.data(name, member)?;
        let contents = match member.method {
            STORED if member.stored == member.length => data,
            DEFLATED => inflate(name, &data, member.length)?,
            STORED => return Err(damaged(text!("\"{name}\" has two different lengths"))),
            method => {
                return Err(damaged(text!(
                    "\"{name}\" is compressed with method {method}, only deflate is supported"
                )));
            }
        };
        if checksum(&contents)? == member.checksum {
            Ok(contents)
        } else {
            Err(damaged(text!("\"{name}\" does not match its checksum")))
        }
    }

    /// The bytes behind the header of a member.
    fn data(&self, name: &str, member: Member) -> Result<Section, ErrorKind> {
        self.data_start(name, member)
            .and_then(|start| self.section.part(start, member.stored))
            .ok_or_else(|| damaged(text!("\"{name}\" is not where the list of members has it")))
    }

    fn data_start(&self, name: &str, member: Member) -> Option<u64> {
        let mut header = [0; HEADER_BYTES as usize];
        self.section
            .read_exact_at(member.header, &mut header)
            .ok()?;
        let mut fields = Fields(&header);
        fields.signature(HEADER)?;
        // Flags, sizes and the like, which the list of members has too.
        fields.bytes(22)?;
        let name_bytes = u64::from(fields.u16()?);
        let extra_bytes = u64::from(fields.u16()?);
        let name_start = member.header.checked_add(HEADER_BYTES)?;
        let mut stored_name = vec![0; usize::try_from(name_bytes).ok()?];
        self.section
            .read_exact_at(name_start, &mut stored_name)
            .ok()?;
        let start = name_start.checked_add(name_bytes + extra_bytes)?;
        (stored_name == name.as_bytes()).then_some(start)
    }
}

/// Inflates data that must become `length` bytes, no more and no fewer.
fn inflate(name: &str, data: &Section, length: u64) -> Result<Section, ErrorKind> {
    let mut bytes = Vec::new();
    let result = DeflateDecoder::new(data.reader())
        .take(length.saturating_add(1))
        .read_to_end(&mut bytes);
    match result {
        Ok(count) if count as u64 == length => Ok(Section::memory(bytes)),
        Ok(_) => Err(damaged(text!("\"{name}\" has not the length it states"))),
        Err(error) => Err(damaged(text!("\"{name}\" cannot be inflated, {error}"))),
    }
}

fn checksum(contents: &Section) -> Result<u32, ErrorKind> {
    let mut crc = Crc::new();
    let mut reader = contents.reader();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            return Ok(crc.sum());
        }
        crc.update(buffer.get(..count).unwrap_or_default());
    }
}

fn damaged(problem: impl Into<Text>) -> ErrorKind {
    ErrorKind::DamagedArchive(problem.into())
}
