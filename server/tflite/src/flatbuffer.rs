//! Checked access to FlatBuffers: nothing outside the bytes is read, whatever they say.
//!
//! The format is described in FlatBuffers' "Internals": a table begins with the signed distance
//! back to its vtable; a vtable holds its own length, the table's length and the position of each
//! field in the table, zero for a field that is left out; a vector or string begins with its
//! number of elements; all numbers are little-endian.

use localization::{Phrase, phrase, text};

use crate::ReadError;

/// A table inside a file.
#[derive(Clone, Copy)]
pub(crate) struct Table<'a> {
    bytes: &'a [u8],
    position: usize,
    /// The fields' positions, relative to the table.
    fields: &'a [[u8; 2]],
}

/// A vector of tables inside a file.
#[derive(Clone, Copy)]
pub(crate) struct Tables<'a> {
    bytes: &'a [u8],
    /// Position of the first element.
    first: usize,
    offsets: &'a [[u8; 4]],
}

/// Position of the first element of a vector, and all elements.
type Elements<'a, const N: usize> = (usize, &'a [[u8; N]]);

impl<'a> Table<'a> {
    /// The root of a file.
    pub(crate) fn root(bytes: &'a [u8]) -> Result<Self, ReadError> {
        Self::at(
            bytes,
            follow(bytes, 0, phrase!("the root"))?,
            phrase!("the root"),
        )
    }

    fn at(bytes: &'a [u8], position: usize, part: Phrase) -> Result<Self, ReadError> {
        let outside = out_of_bounds(part, position);
        let distance = i32::from_le_bytes(array(bytes, position, part)?);
        let vtable = isize::try_from(position)
            .ok()
            .and_then(|position| position.checked_sub(isize::try_from(distance).ok()?))
            .and_then(|vtable| usize::try_from(vtable).ok())
            .ok_or_else(|| outside.clone())?;
        let length = usize::from(u16::from_le_bytes(array(bytes, vtable, part)?));
        let contents = slice(bytes, vtable, length, part)?
            .get(4..)
            .ok_or(outside)?;
        let (fields, _) = contents.as_chunks();
        Ok(Self {
            bytes,
            position,
            fields,
        })
    }

    /// Position of a field in the file, when the table has it.
    fn field(&self, slot: u16) -> Option<usize> {
        let offset = usize::from(u16::from_le_bytes(*self.fields.get(usize::from(slot))?));
        (offset != 0).then_some(self.position.checked_add(offset)?)
    }

    /// Bytes of a scalar field.
    pub(crate) fn scalar<const N: usize>(
        &self,
        slot: u16,
        part: Phrase,
    ) -> Result<Option<[u8; N]>, ReadError> {
        (self.field(slot))
            .map(|position| array(self.bytes, position, part))
            .transpose()
    }

    pub(crate) fn u8(&self, slot: u16, default: u8, part: Phrase) -> Result<u8, ReadError> {
        let bytes = self.scalar(slot, part)?;
        Ok(bytes.map_or(default, u8::from_le_bytes))
    }

    pub(crate) fn i32(&self, slot: u16, default: i32, part: Phrase) -> Result<i32, ReadError> {
        let bytes = self.scalar(slot, part)?;
        Ok(bytes.map_or(default, i32::from_le_bytes))
    }

    pub(crate) fn u32(&self, slot: u16, part: Phrase) -> Result<u32, ReadError> {
        let bytes = self.scalar(slot, part)?;
        Ok(bytes.map_or(0, u32::from_le_bytes))
    }

    pub(crate) fn u64(&self, slot: u16, part: Phrase) -> Result<u64, ReadError> {
        let bytes = self.scalar(slot, part)?;
        Ok(bytes.map_or(0, u64::from_le_bytes))
    }

    /// A table that a field refers to.
    pub(crate) fn table(&self, slot: u16, part: Phrase) -> Result<Option<Self>, ReadError> {
        let Some(position) = self.field(slot) else {
            return Ok(None);
        };
        let target = follow(self.bytes, position, part)?;
        Self::at(self.bytes, target, part).map(Some)
    }

    /// A vector of scalars of `N` bytes, empty when the table has none.
    pub(crate) fn vector<const N: usize>(
        &self,
        slot: u16,
        part: Phrase,
    ) -> Result<&'a [[u8; N]], ReadError> {
        Ok(self
            .elements(slot, part)?
            .map_or(&[], |(_, elements)| elements))
    }

    /// A vector of tables, empty when the table has none.
    pub(crate) fn tables(&self, slot: u16, part: Phrase) -> Result<Tables<'a>, ReadError> {
        let (first, offsets) = self.elements(slot, part)?.unwrap_or((0, &[]));
        Ok(Tables {
            bytes: self.bytes,
            first,
            offsets,
        })
    }

    /// A string, empty when the table has none.
    pub(crate) fn string(&self, slot: u16, part: Phrase) -> Result<&'a str, ReadError> {
        let bytes: &[[u8; 1]] = self.vector(slot, part)?;
        std::str::from_utf8(bytes.as_flattened()).map_err(|_| ReadError::Inconsistent {
            problem: text!("{part} is not UTF-8"),
        })
    }

    fn elements<const N: usize>(
        &self,
        slot: u16,
        part: Phrase,
    ) -> Result<Option<Elements<'a, N>>, ReadError> {
        let Some(position) = self.field(slot) else {
            return Ok(None);
        };
        let start = follow(self.bytes, position, part)?;
        let count = u32::from_le_bytes(array(self.bytes, start, part)?);
        let outside = || out_of_bounds(part, start);
        let first = start.checked_add(4).ok_or_else(outside)?;
        let length = usize::try_from(count)
            .ok()
            .and_then(|count| count.checked_mul(N))
            .ok_or_else(outside)?;
        let (elements, _) = slice(self.bytes, first, length, part)?.as_chunks();
        Ok(Some((first, elements)))
    }
}

impl<'a> Tables<'a> {
    pub(crate) fn len(&self) -> usize {
        self.offsets.len()
    }

    /// The tables in order.
    pub(crate) fn iter(self, part: Phrase) -> impl Iterator<Item = Result<Table<'a>, ReadError>> {
        self.offsets.iter().enumerate().map(move |(index, offset)| {
            let offset = u32::from_le_bytes(*offset) as usize;
            let position = (self.first + 4 * index)
                .checked_add(offset)
                .ok_or_else(|| out_of_bounds(part, self.first))?;
            Table::at(self.bytes, position, part)
        })
    }
}

/// Part of the bytes, where it is inside them.
pub(crate) fn slice(
    bytes: &[u8],
    start: usize,
    length: usize,
    part: Phrase,
) -> Result<&[u8], ReadError> {
    start
        .checked_add(length)
        .and_then(|end| bytes.get(start..end))
        .ok_or_else(|| out_of_bounds(part, start))
}

fn array<const N: usize>(bytes: &[u8], start: usize, part: Phrase) -> Result<[u8; N], ReadError> {
    slice(bytes, start, N, part)?
        .try_into()
        .map_err(|_| out_of_bounds(part, start))
}

/// Position that the offset at a position refers to.
fn follow(bytes: &[u8], position: usize, part: Phrase) -> Result<usize, ReadError> {
    let offset = u32::from_le_bytes(array(bytes, position, part)?);
    position
        .checked_add(offset as usize)
        .ok_or_else(|| out_of_bounds(part, position))
}

fn out_of_bounds(part: Phrase, offset: usize) -> ReadError {
    ReadError::OutOfBounds { part, offset }
}
