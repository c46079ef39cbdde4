//! Checkpoints that TensorFlow did not write.

use tempfile::TempDir;

use super::crc32c::crc32c;
use super::writing::{mask, write_index};
use super::*;

/// Fields of an entry that can be wrong.
#[derive(Clone)]
struct Fields {
    data_type: u8,
    shape: Vec<i64>,
    shard: i64,
    offset: i64,
    size: i64,
    crc: u32,
    sliced: bool,
}

fn varint(bytes: &mut Vec<u8>, value: i64) {
    let mut value = value as u64;
    while value > 0x7f {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

impl Fields {
    /// The numbers 1.0, 2.0 and 3.0, at the start of a file.
    fn three_floats() -> Self {
        Self {
            data_type: 1,
            shape: vec![3],
            shard: 0,
            offset: 0,
            size: 12,
            crc: mask(crc32c(&data())),
            sliced: false,
        }
    }

    fn message(&self) -> Vec<u8> {
        let mut shape = Vec::new();
        for &extent in &self.shape {
            let mut dimension = vec![0x08];
            varint(&mut dimension, extent);
            shape.extend([0x12, dimension.len() as u8]);
            shape.extend(dimension);
        }
        let mut message = vec![0x08, self.data_type, 0x12, shape.len() as u8];
        message.extend(shape);
        for (tag, value) in [(0x18, self.shard), (0x20, self.offset), (0x28, self.size)] {
            message.push(tag);
            varint(&mut message, value);
        }
        message.push(0x35);
        message.extend(self.crc.to_le_bytes());
        if self.sliced {
            message.extend([0x3a, 0]);
        }
        message
    }
}

fn data() -> Vec<u8> {
    [1.0f32, 2.0, 3.0]
        .iter()
        .flat_map(|it| it.to_le_bytes())
        .collect()
}

/// One file in little-endian order.
const HEADER: [u8; 2] = [0x08, 1];

fn open(folder: &TempDir) -> Result<Checkpoint, ErrorKind> {
    Checkpoint::open(&folder.path().join("variables"))
}

fn checkpoint(header: &[u8], entries: &[(&str, Vec<u8>)], data: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_index(folder.path(), header, entries);
    std::fs::write(folder.path().join("variables.data-00000-of-00001"), data).unwrap();
    folder
}

#[test]
fn a_tensor_is_read() {
    let folder = checkpoint(&HEADER, &[("v", Fields::three_floats().message())], &data());
    let checkpoint = open(&folder).unwrap();
    assert_eq!(checkpoint.shape("v").unwrap(), [3]);
    assert_eq!(checkpoint.floats("v").unwrap(), [1.0, 2.0, 3.0]);
    assert!(checkpoint.integers("v").is_err());
    assert!(checkpoint.floats("w").is_err());
    assert!(checkpoint.object_graph().unwrap().is_none());
}

#[test]
fn numbers_of_any_precision_are_read() {
    let check = |data_type: u8, bytes: &[u8], expected: &[f32]| {
        let fields = Fields {
            data_type,
            shape: vec![expected.len() as i64],
            size: bytes.len() as i64,
            crc: mask(crc32c(bytes)),
            ..Fields::three_floats()
        };
        let folder = checkpoint(&HEADER, &[("v", fields.message())], bytes);
        assert_eq!(open(&folder).unwrap().floats("v").unwrap(), expected);
    };
    check(2, &0.5f64.to_le_bytes(), &[0.5]);
    check(19, &[0x00, 0x3c, 0x00, 0xc0], &[1.0, -2.0]);
    check(14, &[0x80, 0x3f], &[1.0]);
    check(1, &[], &[]);
    // Longer than the pieces in which a tensor is read.
    let many: Vec<f32> = (0..40_000).map(|it| it as f32).collect();
    let bytes: Vec<u8> = many.iter().flat_map(|it| it.to_le_bytes()).collect();
    check(1, &bytes, &many);
}

#[test]
fn entries_that_cannot_be_are_refused() {
    let check = |change: fn(&mut Fields), expected: &str| {
        let mut fields = Fields::three_floats();
        change(&mut fields);
        let folder = checkpoint(&HEADER, &[("v", fields.message())], &data());
        let error = open(&folder).and_then(|checkpoint| checkpoint.floats("v").map(|_| ()));
        let message = error.unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    };
    check(|it| it.crc ^= 1, "the checksum of \"v\" is wrong");
    check(|it| it.sliced = true, "in slices");
    check(|it| it.shape = vec![4], "another length than its shape");
    check(|it| it.shape = vec![-1], "the shape of a tensor is open");
    check(
        |it| it.shape = vec![1 << 62, 1 << 62],
        "another length than its shape",
    );
    check(|it| it.size = 16, "another length than its shape");
    check(|it| it.size = -12, "a length is negative");
    check(|it| it.offset = -4, "a position is negative");
    check(|it| it.offset = 4, "it is cut off");
    check(|it| it.offset = i64::MAX, "it is cut off, 12 of");
    check(|it| it.shard = 1, "a file that does not exist");
    check(|it| it.shard = -1, "a file number is negative");
    check(|it| it.data_type = 9, "another length than its shape");
    check(|it| it.data_type = 7, "is of type string");
    let huge = |it: &mut Fields| (it.shape, it.size) = (vec![1 << 38], 1 << 40);
    check(huge, "a variable is too large");
    let long = |it: &mut Fields| (it.shape, it.size) = (vec![1 << 20], 4 << 20);
    check(long, "12 of 4194304 bytes are there");
}

#[test]
fn headers_that_cannot_be_are_refused() {
    let check = |header: &[u8], expected: &str| {
        let folder = checkpoint(header, &[("v", Fields::three_floats().message())], &data());
        let message = open(&folder).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    };
    check(&[0x08, 1, 0x10, 1], "big-endian");
    check(&[], "no usable number of files");
    check(
        &[0x08, 0xff, 0xff, 0xff, 0xff, 0x0f],
        "no usable number of files",
    );
    check(&[0x08], "it ends within a number");
    check(&[0x08, 2], "no variables.data-00000-of-00002");
}

/// Tensors that lie over each other would be larger in memory than their file.
#[test]
fn tensors_fit_into_their_file_together() {
    let one = Fields::three_floats().message();
    let folder = checkpoint(&HEADER, &[("v", one.clone()), ("w", one)], &data());
    let message = open(&folder).unwrap_err().to_string();
    assert!(message.contains("12 of 24 bytes"), "{message}");
}

#[test]
fn missing_files_are_named() {
    let folder = checkpoint(&HEADER, &[("v", Fields::three_floats().message())], &data());
    std::fs::remove_file(folder.path().join("variables.data-00000-of-00001")).unwrap();
    let message = open(&folder).unwrap_err().to_string();
    assert!(
        message.contains("has no variables.data-00000-of-00001"),
        "{message}"
    );
    std::fs::remove_file(folder.path().join("variables.index")).unwrap();
    let message = open(&folder).unwrap_err().to_string();
    assert!(message.contains("has no variables.index"), "{message}");
}

/// A text with its length, the checksum of that, and the checksum of it all.
fn text(contents: &[u8]) -> (Vec<u8>, u32) {
    let length = (contents.len() as u32).to_le_bytes();
    let masked = mask(crc32c(&length)).to_le_bytes();
    let stored = [&[contents.len() as u8][..], &masked, contents].concat();
    (
        stored,
        mask(crc32c(&[&length[..], &masked, contents].concat())),
    )
}

#[test]
fn every_bit_of_a_text_is_checked() {
    let (stored, crc) = text(b"objects");
    let read = |stored: &[u8], crc: u32| {
        let fields = Fields {
            data_type: 7,
            shape: Vec::new(),
            size: stored.len() as i64,
            crc,
            ..Fields::three_floats()
        };
        let folder = checkpoint(&HEADER, &[(OBJECT_GRAPH, fields.message())], stored);
        open(&folder).unwrap().object_graph()
    };
    assert_eq!(
        read(&stored, crc).unwrap().as_deref(),
        Some(&b"objects"[..])
    );
    for bit in 0..8 * stored.len() {
        let mut flipped = stored.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(read(&flipped, crc).is_err(), "bit {bit}");
    }
    assert!(read(&stored, crc ^ 1).is_err());
    assert!(read(&stored[..stored.len() - 1], crc).is_err());
    assert!(read(&[], crc).is_err());
}
