//! Tables and checkpoints for tests, right or wrong as they are asked for.

use std::path::Path;

use super::crc32c::crc32c;
use super::table::{FOOTER_BYTES, MAGIC};

/// Compression type and checksum behind each block.
const TRAILER_BYTES: usize = 5;

/// The disguise of stored checksums.
pub(super) fn mask(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// A number of up to 21 bits in three bytes.
fn number(value: usize) -> [u8; 3] {
    let byte = |shift: u32| (value >> shift & 0x7f) as u8;
    [byte(0) | 0x80, byte(7) | 0x80, byte(14)]
}

/// A block with its trailer. Each key continues the given number of bytes of the one before it.
pub(super) fn sealed(entries: &[(u8, &str, &[u8])]) -> Vec<u8> {
    let mut block = Vec::new();
    for (shared, key, value) in entries {
        block.push(*shared);
        block.extend(number(key.len()));
        block.extend(number(value.len()));
        block.extend(key.as_bytes());
        block.extend(*value);
    }
    block.extend([0, 0, 0, 0, 1, 0, 0, 0, 0]);
    let masked = mask(crc32c(&block));
    block.extend(masked.to_le_bytes());
    block
}

/// A table of blocks, whose index lists the blocks of the given positions.
pub(super) fn table(blocks: &[Vec<u8>], listed: &[usize]) -> Vec<u8> {
    let mut table = Vec::new();
    let mut handles = Vec::new();
    for block in blocks {
        let (offset, size) = (number(table.len()), number(block.len() - TRAILER_BYTES));
        handles.push([offset, size].concat());
        table.extend(block);
    }
    let index: Vec<(u8, &str, &[u8])> = listed
        .iter()
        .map(|&it| (0, "k", &handles[it][..]))
        .collect();
    let index = sealed(&index);
    let mut footer = vec![0, 0];
    footer.extend(number(table.len()));
    footer.extend(number(index.len() - TRAILER_BYTES));
    footer.resize(FOOTER_BYTES - 8, 0);
    footer.extend(MAGIC.to_le_bytes());
    table.extend(index);
    table.extend(footer);
    table
}

/// `variables.index` of a checkpoint with the given messages for its header and its tensors.
pub(super) fn write_index(folder: &Path, header: &[u8], entries: &[(&str, Vec<u8>)]) {
    let mut block: Vec<(u8, &str, &[u8])> = vec![(0, "", header)];
    block.extend(entries.iter().map(|(key, entry)| (0, *key, &entry[..])));
    let table = table(&[sealed(&block)], &[0]);
    std::fs::write(folder.join("variables.index"), table).unwrap();
}
