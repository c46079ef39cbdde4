//! Values of variables in a TensorBundle: `variables.index`, a LevelDB table that says where each
//! tensor lies, and `variables.data-00000-of-00001`, …, which hold the tensors.
//!
//! See `tensor_bundle.h` and `tensor_bundle.proto` in TensorFlow. Every block of the table and every
//! tensor has a checksum, and all that is read is checked.

use localization::{Text, phrase, text};

mod crc32c;
mod entry;
mod table;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod writing;

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::data_type::DataType;
use super::protocol::decode;
use super::wire::{Malformed, take, take_varint};
use crate::error::ErrorKind;
use crate::half::{bfloat16_to_f32, to_f32};
use crate::limits;
use crc32c::{Crc32c, unmask};
use entry::{BundleHeader, Entry};

/// Key of the description of the objects that own the variables.
const OBJECT_GRAPH: &str = "_CHECKPOINTABLE_OBJECT_GRAPH";

/// An open checkpoint.
#[derive(Debug)]
pub(super) struct Checkpoint {
    /// Path of the files up to their endings.
    prefix: PathBuf,
    entries: BTreeMap<String, Entry>,
    shards: u32,
}

impl Checkpoint {
    /// Reads the table of a checkpoint, and looks for the files that it refers to.
    pub(super) fn open(prefix: &Path) -> Result<Self, ErrorKind> {
        let path = with_ending(prefix, ".index");
        let table = super::files::read_whole(&path, limits::CHECKPOINT_INDEX_BYTES)?;
        let (header, entries) =
            read_table(&table).map_err(|malformed| damaged(&path, malformed.0))?;
        if header.big_endian {
            return Err(damaged(
                &path,
                phrase!("it was written on a big-endian machine"),
            ));
        }
        let checkpoint = Self {
            prefix: prefix.to_owned(),
            entries,
            shards: header.shards,
        };
        checkpoint.check_files()?;
        Ok(checkpoint)
    }

    /// Tensors must fit into the files all together, which bounds what reading all of them takes.
    fn check_files(&self) -> Result<(), ErrorKind> {
        let mut extents = HashMap::new();
        for (key, entry) in &self.entries {
            if entry.shard >= self.shards {
                let path = with_ending(&self.prefix, ".index");
                return Err(damaged(
                    &path,
                    text!("{key:?} is in a file that does not exist"),
                ));
            }
            let (size, end) = extents.entry(entry.shard).or_insert((0u64, 0u64));
            *size = size.saturating_add(entry.size);
            *end = (*end).max(entry.offset.saturating_add(entry.size));
        }
        for (shard, (size, end)) in extents {
            let path = self.data_path(shard);
            let length = super::files::length(&path)?;
            let size = size.max(end);
            if size > length {
                return Err(damaged(
                    &path,
                    text!("it is cut off, {length} of {size} bytes are there"),
                ));
            }
        }
        Ok(())
    }

    fn data_path(&self, shard: u32) -> PathBuf {
        let ending = format!(".data-{shard:05}-of-{:05}", self.shards);
        with_ending(&self.prefix, &ending)
    }

    /// Whether two tensors have the same contents, to all appearances.
    pub(super) fn are_equal(&self, one: &str, other: &str) -> bool {
        match (self.entries.get(one), self.entries.get(other)) {
            (Some(one), Some(other)) => one.describes_the_same(other),
            _ => false,
        }
    }

    pub(super) fn shape(&self, key: &str) -> Result<&[usize], ErrorKind> {
        Ok(&self.entry(key)?.shape)
    }

    pub(super) fn data_type(&self, key: &str) -> Result<DataType, ErrorKind> {
        Ok(self.entry(key)?.data_type)
    }

    fn entry(&self, key: &str) -> Result<&Entry, ErrorKind> {
        self.entries.get(key).ok_or_else(|| {
            let path = with_ending(&self.prefix, ".index");
            damaged(&path, text!("the variable {key:?} is missing"))
        })
    }

    /// A tensor of fractions, in row-major order.
    pub(super) fn floats(&self, key: &str) -> Result<Vec<f32>, ErrorKind> {
        match self.entry(key)?.data_type {
            DataType::Float32 => self.numbers(key, f32::from_le_bytes),
            DataType::Float64 => self.numbers(key, |bytes| f64::from_le_bytes(bytes) as f32),
            DataType::Float16 => self.numbers(key, |bytes| to_f32(u16::from_le_bytes(bytes))),
            DataType::BFloat16 => {
                self.numbers(key, |bytes| bfloat16_to_f32(u16::from_le_bytes(bytes)))
            }
            other => Err(self.wrong_type(key, other)),
        }
    }

    /// A tensor of 32-bit or 64-bit integers, in row-major order.
    pub(super) fn integers(&self, key: &str) -> Result<Vec<i64>, ErrorKind> {
        match self.entry(key)?.data_type {
            DataType::Int32 => self.numbers(key, |bytes| i32::from_le_bytes(bytes).into()),
            DataType::Int64 => self.numbers(key, i64::from_le_bytes),
            other => Err(self.wrong_type(key, other)),
        }
    }

    fn wrong_type(&self, key: &str, data_type: DataType) -> ErrorKind {
        let path = with_ending(&self.prefix, ".index");
        damaged(&path, text!("the variable {key:?} is of type {data_type}"))
    }

    /// Reads numbers of `N` bytes each.
    fn numbers<const N: usize, T>(
        &self,
        key: &str,
        convert: impl Fn([u8; N]) -> T,
    ) -> Result<Vec<T>, ErrorKind> {
        let entry = self.entry(key)?;
        let mut values = Vec::with_capacity((entry.size / N as u64) as usize);
        let mut crc = Crc32c::new();
        self.pieces(entry, |piece| {
            crc.update(piece);
            let (numbers, _) = piece.as_chunks::<N>();
            values.extend(numbers.iter().map(|&bytes| convert(bytes)));
        })?;
        self.check(key, entry, crc)?;
        Ok(values)
    }

    /// Reads a tensor piece by piece; all pieces but the last have a multiple of eight bytes.
    fn pieces(&self, entry: &Entry, mut visit: impl FnMut(&[u8])) -> Result<(), ErrorKind> {
        const PIECE_BYTES: usize = 64 << 10;
        let path = self.data_path(entry.shard);
        let mut file = File::open(&path)?;
        file.seek(SeekFrom::Start(entry.offset))?;
        let mut piece = vec![0; PIECE_BYTES];
        let mut left = entry.size;
        while left > 0 {
            let count = left.min(PIECE_BYTES as u64);
            let (now, _) = piece.split_at_mut(count as usize);
            file.read_exact(now)
                .map_err(|_| damaged(&path, phrase!("it is cut off")))?;
            visit(now);
            left -= count;
        }
        Ok(())
    }

    fn check(&self, key: &str, entry: &Entry, crc: Crc32c) -> Result<(), ErrorKind> {
        if crc.finish() == unmask(entry.crc32c) {
            Ok(())
        } else {
            let path = self.data_path(entry.shard);
            Err(damaged(&path, text!("the checksum of {key:?} is wrong")))
        }
    }

    /// The message that describes the objects which own the variables, if there is one.
    ///
    /// It is a tensor with one text: the length as a variable-length integer, the checksum of the
    /// length as a 32-bit integer, and the text. The checksum of the tensor is that of the 32-bit
    /// length, its checksum, and the text.
    pub(super) fn object_graph(&self) -> Result<Option<Vec<u8>>, ErrorKind> {
        let Some(entry) = self.entries.get(OBJECT_GRAPH) else {
            return Ok(None);
        };
        let path = self.data_path(entry.shard);
        if entry.data_type != DataType::String || !entry.shape.is_empty() {
            return Err(damaged(&path, text!("{OBJECT_GRAPH:?} is not a text")));
        }
        let mut file = File::open(&path)?;
        file.seek(SeekFrom::Start(entry.offset))?;
        let mut stored = Vec::new();
        BufReader::new(file)
            .take(entry.size)
            .read_to_end(&mut stored)?;
        let (text, crc) = single_text(&stored).map_err(|malformed| damaged(&path, malformed.0))?;
        self.check(OBJECT_GRAPH, entry, crc)?;
        let start = stored.len() - text.len();
        stored.drain(..start);
        Ok(Some(stored))
    }
}

/// The text of a tensor with one, and the checksum of the tensor.
fn single_text(stored: &[u8]) -> Result<(&[u8], Crc32c), Malformed> {
    let mut rest = stored;
    let length = take_varint(&mut rest)?;
    let mut crc = Crc32c::new();
    match u32::try_from(length) {
        Ok(length) => crc.update(&length.to_le_bytes()),
        Err(_) => crc.update(&length.to_le_bytes()),
    }
    let masked = take(&mut rest, 4)?;
    let stored_crc = masked.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
    if stored_crc.map(unmask) != Some(crc.finish()) {
        return Err(Malformed(phrase!("the checksum of a length is wrong")));
    }
    crc.update(masked);
    if rest.len() as u64 != length {
        return Err(Malformed(phrase!(
            "a text has another length than it states"
        )));
    }
    crc.update(rest);
    Ok((rest, crc))
}

fn read_table(table: &[u8]) -> Result<(BundleHeader, BTreeMap<String, Entry>), Malformed> {
    let mut header = None;
    let mut entries = BTreeMap::new();
    table::entries(table, |key, value| {
        if key.is_empty() {
            header = Some(decode::<BundleHeader>(value)?.checked()?);
            return Ok(());
        }
        if entries.len() >= limits::CHECKPOINT_ENTRIES {
            return Err(Malformed(phrase!("it has too many variables")));
        }
        let key =
            std::str::from_utf8(key).map_err(|_| Malformed(phrase!("a key is not in UTF-8")))?;
        entries.insert(key.to_owned(), Entry::decode(value)?);
        Ok(())
    })?;
    Ok((
        header.ok_or(Malformed(phrase!("it has no header")))?,
        entries,
    ))
}

fn with_ending(prefix: &Path, ending: &str) -> PathBuf {
    let mut path = prefix.as_os_str().to_owned();
    path.push(ending);
    PathBuf::from(path)
}

/// A file of the checkpoint is damaged; the problem is a phrase.
fn damaged(path: &Path, problem: impl Into<Text>) -> ErrorKind {
    ErrorKind::DamagedSavedModel {
        file: super::files::name(path),
        problem: problem.into(),
    }
}
