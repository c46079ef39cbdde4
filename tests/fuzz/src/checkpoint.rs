//! The index of a checkpoint, with the right checksums: a table of sorted blocks as LevelDB has it
//! (`table_format.md` of LevelDB).

/// Length of the footer: two handles with padding, and the magic number.
const FOOTER: usize = 48;
const MAGIC: u64 = 0xdb47_7524_8b80_fb57;

/// Behind a block: its compression, and its checksum.
const TRAILER: usize = 5;

/// A block without entries.
const EMPTY_BLOCK: [u8; 8] = [0, 0, 0, 0, 1, 0, 0, 0];

/// A table of one block of entries and the block that lists it.
pub(crate) fn pack(entries: &[u8], list: &[u8]) -> Vec<u8> {
    let mut table = Vec::new();
    let mut footer = Vec::new();
    append_block(&mut table, entries);
    for block in [&EMPTY_BLOCK, list] {
        append_varint(&mut footer, table.len());
        append_varint(&mut footer, block.len());
        append_block(&mut table, block);
    }
    footer.resize(FOOTER - 8, 0);
    footer.extend_from_slice(&MAGIC.to_le_bytes());
    table.extend_from_slice(&footer);
    table
}

/// The two blocks of a table that [`pack`] can write; `None` for a table with more.
pub(crate) fn unpack(table: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut footer = table.get(table.len().checked_sub(FOOTER)?..)?;
    let [meta, _, start, length] = [(); 4].map(|()| take_varint(&mut footer));
    let entries = table.get(..meta?.checked_sub(TRAILER)?)?;
    let list = table.get(start?..start?.checked_add(length?)?)?;
    // One restart point, at the only entry: there is one block of entries.
    list.ends_with(&[0, 0, 0, 0, 1, 0, 0, 0])
        .then_some((entries, list))
}

fn append_block(table: &mut Vec<u8>, block: &[u8]) {
    let start = table.len();
    table.extend_from_slice(block);
    let uncompressed = 0;
    table.push(uncompressed);
    let checksum = crc32c(&table[start..]);
    // Rotated and moved, because checksums of data with checksums in it are weak.
    let masked = checksum.rotate_right(15).wrapping_add(0xa282_ead8);
    table.extend_from_slice(&masked.to_le_bytes());
}

/// The cyclic redundancy check with the polynomial of Castagnoli (RFC 3720, section B.4).
fn crc32c(bytes: &[u8]) -> u32 {
    let checksum = bytes.iter().fold(u32::MAX, |checksum, &byte| {
        (0..8).fold(checksum ^ u32::from(byte), |checksum, _| {
            let carry = (checksum & 1).wrapping_neg();
            checksum >> 1 ^ carry & 0x82f6_3b78
        })
    });
    !checksum
}

fn append_varint(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take_varint(bytes: &mut &[u8]) -> Option<usize> {
    let mut number = 0;
    for shift in (0..63).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeds;

    #[test]
    fn checksum_of_the_standard() {
        // RFC 3720, section B.4.
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn packs_tables_as_tensorflow_writes_them() {
        let indices = seeds::contents(seeds::fixtures("keras", &["index"]));
        let mut packed = 0;
        for index in indices {
            if let Some((entries, list)) = unpack(&index) {
                assert_eq!(pack(entries, list), index);
                packed += 1;
            }
        }
        assert!(packed > 0);
    }
}
