//! What the table of a checkpoint says of a tensor (`tensor_bundle.proto`).

use localization::phrase;

use crate::limits;
use crate::saved_model::data_type::DataType;
use crate::saved_model::protocol::{Message, TensorShape, decode};
use crate::saved_model::wire::{Malformed, Value};

/// `tensorflow.BundleHeaderProto`.
#[derive(Debug, Default)]
pub(super) struct BundleHeader {
    /// Number of files with tensors.
    pub(super) shards: u32,
    pub(super) big_endian: bool,
    number_of_shards: i64,
}

impl<'a> Message<'a> for BundleHeader {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Malformed> {
        match number {
            1 => self.number_of_shards = value.integer()?,
            2 => self.big_endian = value.integer()? != 0,
            _ => {}
        }
        Ok(())
    }
}

impl BundleHeader {
    pub(super) fn checked(mut self) -> Result<Self, Malformed> {
        self.shards = u32::try_from(self.number_of_shards)
            .ok()
            .filter(|shards| (1..=limits::SHARDS).contains(shards))
            .ok_or(Malformed(phrase!("it states no usable number of files")))?;
        Ok(self)
    }
}

/// Where a tensor lies, and what it is.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) data_type: DataType,
    pub(super) shape: Vec<usize>,
    pub(super) shard: u32,
    /// Position and length in its file, in bytes.
    pub(super) offset: u64,
    pub(super) size: u64,
    /// Checksum of its bytes, masked.
    pub(super) crc32c: u32,
}

impl Entry {
    /// Reads an entry whose length is what its shape and type ask for.
    pub(super) fn decode(message: &[u8]) -> Result<Self, Malformed> {
        let stored: BundleEntry = decode(message)?;
        let unsigned = |value: i64| u64::try_from(value).ok();
        let entry = Self {
            data_type: DataType::of(stored.data_type),
            shape: stored.shape.fixed()?,
            shard: u32::try_from(stored.shard)
                .map_err(|_| Malformed(phrase!("a file number is negative")))?,
            offset: unsigned(stored.offset).ok_or(Malformed(phrase!("a position is negative")))?,
            size: unsigned(stored.size).ok_or(Malformed(phrase!("a length is negative")))?,
            crc32c: stored.crc32c,
        };
        if stored.sliced {
            return Err(Malformed(phrase!(
                "a variable is stored in slices, which is not supported"
            )));
        }
        if let Some(width) = entry.data_type.width() {
            let bytes = entry
                .shape
                .iter()
                .try_fold(width, |product, &extent| product.checked_mul(extent));
            if bytes.is_none_or(|bytes| bytes as u64 != entry.size) {
                return Err(Malformed(phrase!(
                    "a variable has another length than its shape asks for"
                )));
            }
        }
        if entry.size > limits::WEIGHT_BYTES {
            return Err(Malformed(phrase!("a variable is too large")));
        }
        Ok(entry)
    }
}

impl Entry {
    /// Whether two tensors agree in all but their places.
    pub(super) fn describes_the_same(&self, other: &Self) -> bool {
        let contents = |entry: &Self| (entry.data_type, entry.size, entry.crc32c);
        contents(self) == contents(other) && self.shape == other.shape
    }
}

/// `tensorflow.BundleEntryProto`.
#[derive(Debug, Default)]
struct BundleEntry {
    data_type: i64,
    shape: TensorShape,
    shard: i64,
    offset: i64,
    size: i64,
    crc32c: u32,
    sliced: bool,
}

impl<'a> Message<'a> for BundleEntry {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Malformed> {
        match number {
            1 => self.data_type = value.integer()?,
            2 => self.shape = decode(value.bytes()?)?,
            3 => self.shard = value.integer()?,
            4 => self.offset = value.integer()?,
            5 => self.size = value.integer()?,
            6 => self.crc32c = value.fixed32()?,
            7 => self.sliced = true,
            _ => {}
        }
        Ok(())
    }
}
