//! LevelDB tables: sorted keys with values, in blocks that carry checksums.
//!
//! See `table_format.md` in the documentation of LevelDB.

use localization::phrase;

use super::crc32c::{crc32c, unmask};
use crate::limits;
use crate::saved_model::wire::{Malformed, take, take_varint};

/// Number at the very end of every table.
pub(super) const MAGIC: u64 = 0xdb47_7524_8b80_fb57;
/// Two handles, padded, and the number.
pub(super) const FOOTER_BYTES: usize = 48;

/// Gives the entries of a table to `visit`, in ascending order of their keys.
pub(super) fn entries<'a>(
    table: &'a [u8],
    mut visit: impl FnMut(&[u8], &'a [u8]) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let (blocks, mut footer) = table
        .len()
        .checked_sub(FOOTER_BYTES)
        .and_then(|length| table.split_at_checked(length))
        .ok_or(Malformed(phrase!("it is cut off")))?;
    if footer.last_chunk() != Some(&MAGIC.to_le_bytes()) {
        return Err(Malformed(phrase!("it is cut off or of another kind")));
    }
    let _meta_index = Handle::take(&mut footer)?;
    let index = Handle::take(&mut footer)?;
    let mut last_key: Option<Vec<u8>> = None;
    let mut end = 0;
    let mut key_bytes = limits::CHECKPOINT_KEY_BYTES;
    block_entries(block(blocks, index)?, |_, mut handle| {
        let handle = Handle::take(&mut handle)?;
        // Blocks that are listed once only bound the work by the length of the file.
        if handle.offset < end {
            return Err(Malformed(phrase!("its blocks overlap")));
        }
        end = handle.offset.saturating_add(handle.size);
        block_entries(block(blocks, handle)?, |key, value| {
            if last_key.as_deref().is_some_and(|last| last >= key) {
                return Err(Malformed(phrase!("its keys are not in order")));
            }
            // Keys share beginnings, so that a few bytes in the file may stand for a long key.
            key_bytes = key_bytes
                .checked_sub(key.len())
                .ok_or(Malformed(phrase!("its keys are too long")))?;
            last_key = Some(key.to_owned());
            visit(key, value)
        })
    })
}

/// Where a block lies.
#[derive(Debug, Clone, Copy)]
struct Handle {
    offset: u64,
    size: u64,
}

impl Handle {
    fn take(bytes: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self {
            offset: take_varint(bytes)?,
            size: take_varint(bytes)?,
        })
    }
}

/// The contents of a block, when its checksum is right.
fn block(blocks: &[u8], handle: Handle) -> Result<&[u8], Malformed> {
    let outside = Malformed(phrase!("a block lies outside of it"));
    let mut rest = usize::try_from(handle.offset)
        .ok()
        .and_then(|offset| blocks.get(offset..))
        .ok_or(outside)?;
    let size = handle.size.saturating_add(1);
    let checked = take(&mut rest, size).map_err(|_| outside)?;
    let stored = rest.first_chunk().ok_or(outside)?;
    if crc32c(checked) != unmask(u32::from_le_bytes(*stored)) {
        return Err(Malformed(phrase!("a checksum is wrong")));
    }
    match checked.split_last() {
        Some((0, contents)) => Ok(contents),
        _ => Err(Malformed(phrase!(
            "a block is compressed, which TensorFlow never does"
        ))),
    }
}

/// Gives the entries of a block to `visit`. Each key says how much of the one before it repeats.
fn block_entries<'a>(
    block: &'a [u8],
    mut visit: impl FnMut(&[u8], &'a [u8]) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    // Behind the entries there are positions of entries with whole keys, and their number.
    let restarts = block.last_chunk().map(|count| u32::from_le_bytes(*count));
    let mut entries = restarts
        .and_then(|count| usize::try_from(count).ok()?.checked_add(1)?.checked_mul(4))
        .and_then(|bytes| block.get(..block.len().checked_sub(bytes)?))
        .ok_or(Malformed(phrase!("a block is cut off")))?;
    let mut key = Vec::new();
    while !entries.is_empty() {
        let shared = take_varint(&mut entries)?;
        let own = take_varint(&mut entries)?;
        let length = take_varint(&mut entries)?;
        let shared = usize::try_from(shared)
            .ok()
            .filter(|&shared| shared <= key.len());
        key.truncate(shared.ok_or(Malformed(phrase!("a key repeats more than there is")))?);
        key.extend_from_slice(take(&mut entries, own)?);
        let value = take(&mut entries, length)?;
        visit(&key, value)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use localization::Phrase;

    use super::super::writing::{mask, sealed, table};
    use super::*;

    fn read(table: &[u8]) -> Result<Vec<(String, Vec<u8>)>, Malformed> {
        let mut found = Vec::new();
        entries(table, |key, value| {
            found.push((String::from_utf8(key.to_vec()).unwrap(), value.to_vec()));
            Ok(())
        })?;
        Ok(found)
    }

    #[test]
    fn keys_continue_the_ones_before_them() {
        let first = sealed(&[(0, "", b"h"), (0, "conv/bias", b"1"), (5, "kernel", b"2")]);
        let second = sealed(&[(0, "dense", b"")]);
        let table = table(&[first, second], &[0, 1]);
        let found = read(&table).unwrap();
        let found: Vec<(&str, &[u8])> = found
            .iter()
            .map(|(key, value)| (key.as_str(), &value[..]))
            .collect();
        let expected: [(&str, &[u8]); 4] = [
            ("", b"h"),
            ("conv/bias", b"1"),
            ("conv/kernel", b"2"),
            ("dense", b""),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn damage_is_an_error() {
        let check = |table: &[u8], problem| {
            assert_eq!(read(table), Err(Malformed(Phrase::new(problem))));
        };
        let block = sealed(&[(0, "a", b"1"), (0, "b", b"2")]);
        let whole = table(std::slice::from_ref(&block), &[0]);
        assert!(read(&whole).is_ok());
        check(&whole[1..], "a block lies outside of it");
        check(&whole[..40], "it is cut off");
        check(
            &whole[..whole.len() - 1],
            "it is cut off or of another kind",
        );
        for position in 0..block.len() {
            let mut flipped = whole.clone();
            flipped[position] ^= 4;
            check(&flipped, "a checksum is wrong");
        }
        check(
            &table(std::slice::from_ref(&block), &[0, 0]),
            "its blocks overlap",
        );
        check(
            &table(&[block.clone(), block], &[0, 1]),
            "its keys are not in order",
        );
        let twice = sealed(&[(0, "a", b"1"), (0, "a", b"2")]);
        check(&table(&[twice], &[0]), "its keys are not in order");
        let shared = sealed(&[(0, "a", b"1"), (2, "b", b"2")]);
        check(&table(&[shared], &[0]), "a key repeats more than there is");
        let mut compressed = b"\0\0\0\0\x01".to_vec();
        compressed.extend(mask(crc32c(&compressed)).to_le_bytes());
        let compressed = table(&[compressed], &[0]);
        check(
            &compressed,
            "a block is compressed, which TensorFlow never does",
        );
    }
}
