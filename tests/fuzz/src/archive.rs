//! `.keras` archives with the right checksums (APPNOTE.TXT, the ".ZIP File Format Specification"
//! 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16).

use flate2::Crc;

/// The members that a reader looks at.
const MEMBERS: [&str; 3] = ["metadata.json", "config.json", "model.weights.h5"];

const HEADER: &[u8; 4] = b"PK\x03\x04";
const ENTRY: &[u8; 4] = b"PK\x01\x02";
const END: &[u8; 4] = b"PK\x05\x06";

/// Packs the members into an archive.
pub(crate) fn pack(contents: [&[u8]; 3]) -> Vec<u8> {
    let mut archive = Vec::new();
    let mut directory = Vec::new();
    for (name, contents) in MEMBERS.into_iter().zip(contents) {
        let start = archive.len();
        let description = describe(name, contents);
        archive.extend_from_slice(HEADER);
        archive.extend_from_slice(&description);
        archive.extend_from_slice(name.as_bytes());
        archive.extend_from_slice(contents);
        directory.extend_from_slice(ENTRY);
        directory.extend_from_slice(&20u16.to_le_bytes());
        directory.extend_from_slice(&description);
        // Comment, disk, and attributes, all empty.
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&(start as u32).to_le_bytes());
        directory.extend_from_slice(name.as_bytes());
    }
    let start = archive.len() as u32;
    archive.extend_from_slice(&directory);
    archive.extend_from_slice(END);
    archive.extend_from_slice(&[0; 4]);
    for count in [MEMBERS.len() as u16; 2] {
        archive.extend_from_slice(&count.to_le_bytes());
    }
    for number in [directory.len() as u32, start] {
        archive.extend_from_slice(&number.to_le_bytes());
    }
    archive.extend_from_slice(&[0; 2]);
    archive
}

/// What the header of a member and the list of members have in common: from the version that is
/// needed to the length of the extra field.
fn describe(name: &str, contents: &[u8]) -> Vec<u8> {
    let mut crc = Crc::new();
    crc.update(contents);
    // Version 2.0, no flags, not compressed, midnight of 1 January 1980.
    let mut description = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
    for number in [crc.sum(), contents.len() as u32, contents.len() as u32] {
        description.extend_from_slice(&number.to_le_bytes());
    }
    description.extend_from_slice(&(name.len() as u16).to_le_bytes());
    description.extend_from_slice(&[0; 2]);
    description
}

/// The members of an archive that [`pack`] or Keras wrote; `None` where one is missing or
/// compressed.
pub(crate) fn unpack(archive: &[u8]) -> Option<[&[u8]; 3]> {
    let mut members = [&[][..]; 3];
    for (name, contents) in MEMBERS.into_iter().zip(&mut members) {
        *contents = member(archive, name)?;
    }
    Some(members)
}

fn member<'a>(archive: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let at = |position: usize, bytes: usize| -> Option<usize> {
        let number = archive.get(position..position.checked_add(bytes)?)?;
        let number = number.iter().rev();
        Some(number.fold(0, |number, &byte| number << 8 | usize::from(byte)))
    };
    let mut entries = (0..archive.len()).filter(|&start| archive[start..].starts_with(ENTRY));
    let entry = entries.find(|start| {
        let name_start = start + 46;
        at(start + 28, 2) == Some(name.len())
            && archive.get(name_start..name_start + name.len()) == Some(name.as_bytes())
    })?;
    let is_stored = at(entry + 10, 2)? == 0;
    let length = at(entry + 20, 4)?;
    let header = at(entry + 42, 4)?;
    let start = header + 30 + at(header + 26, 2)? + at(header + 28, 2)?;
    is_stored.then(|| archive.get(start..start.checked_add(length)?))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpacks_what_was_packed() {
        let members: [&[u8]; 3] = [b"{}", b"", b"\x89HDF"];
        assert_eq!(unpack(&pack(members)), Some(members));
        assert_eq!(unpack(b""), None);
    }
}
