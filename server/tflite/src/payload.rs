//! Contents of buffers, kept where they are until the file is laid out.

use std::borrow::Cow;

use crate::{ElementType, QuantizedValues};

/// Elements of one constant.
#[derive(Debug, Clone)]
pub(crate) enum Payload<'a> {
    Float32(Cow<'a, [f32]>),
    Int8(Cow<'a, [i8]>),
    Int16(Cow<'a, [i16]>),
    Int32(Cow<'a, [i32]>),
    Int64(Cow<'a, [i64]>),
    Bytes(Cow<'a, [u8]>),
}

/// Elements compared at either end of two payloads before all of them are.
const EDGE: usize = 8;

impl<'a> Payload<'a> {
    pub(crate) fn quantized(values: &'a QuantizedValues) -> Self {
        match values {
            QuantizedValues::Int8(values) => Self::Int8(values.into()),
            QuantizedValues::Int32(values) => Self::Int32(values.into()),
            QuantizedValues::Int64(values) => Self::Int64(values.into()),
        }
    }

    /// Rounds real numbers to stored values, halves away from zero. `None` for an element type
    /// that stores no activations.
    pub(crate) fn rounded(
        values: impl Iterator<Item = f32>,
        element: ElementType,
        scale: f32,
        zero_point: i32,
    ) -> Option<Self> {
        let (lowest, highest) = element.activation_range()?;
        let stored = values.map(|value| {
            ((f64::from(value) / f64::from(scale)).round() as i32)
                .saturating_add(zero_point)
                .clamp(lowest, highest)
        });
        Some(match element {
            ElementType::Int8 => Self::Int8(stored.map(|value| value as i8).collect()),
            ElementType::Int16 => Self::Int16(stored.map(|value| value as i16).collect()),
            _ => Self::Bytes(stored.map(|value| value as u8).collect()),
        })
    }

    pub(crate) fn element(&self) -> ElementType {
        match self {
            Self::Float32(_) => ElementType::Float32,
            Self::Int8(_) => ElementType::Int8,
            Self::Int16(_) => ElementType::Int16,
            Self::Int32(_) => ElementType::Int32,
            Self::Int64(_) => ElementType::Int64,
            Self::Bytes(_) => ElementType::UInt8,
        }
    }

    /// Number of bytes in the file.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Float32(values) => size_of_val::<[f32]>(values),
            Self::Int8(values) => values.len(),
            Self::Int16(values) => size_of_val::<[i16]>(values),
            Self::Int32(values) => size_of_val::<[i32]>(values),
            Self::Int64(values) => size_of_val::<[i64]>(values),
            Self::Bytes(values) => values.len(),
        }
    }

    /// The bytes of the file; `scratch` lends the room where they need conversion.
    pub(crate) fn bytes<'b>(&'b self, scratch: &'b mut Vec<u8>) -> &'b [u8] {
        match self {
            Self::Float32(values) => convert(values, scratch, f32::to_le_bytes),
            Self::Int8(values) => convert(values, scratch, i8::to_le_bytes),
            Self::Int16(values) => convert(values, scratch, i16::to_le_bytes),
            Self::Int32(values) => convert(values, scratch, i32::to_le_bytes),
            Self::Int64(values) => convert(values, scratch, i64::to_le_bytes),
            Self::Bytes(values) => values,
        }
    }

    /// A key that equal payloads share, and few others of the same model.
    pub(crate) fn fingerprint(&self) -> (usize, Vec<u8>) {
        let mut scratch = Vec::new();
        let mut key = Vec::new();
        for edge in self.edges() {
            key.extend_from_slice(edge.bytes(&mut scratch));
        }
        (self.size(), key)
    }

    fn edges(&self) -> [Payload<'_>; 2] {
        match self {
            Self::Float32(values) => edges(values).map(Payload::Float32),
            Self::Int8(values) => edges(values).map(Payload::Int8),
            Self::Int16(values) => edges(values).map(Payload::Int16),
            Self::Int32(values) => edges(values).map(Payload::Int32),
            Self::Int64(values) => edges(values).map(Payload::Int64),
            Self::Bytes(values) => edges(values).map(Payload::Bytes),
        }
    }

    /// Whether the bytes in the file are the same.
    pub(crate) fn same_bytes(&self, other: &Payload) -> bool {
        match (self, other) {
            // Floats compare by bits: the two zeros differ and a NaN equals itself.
            (Self::Float32(a), Payload::Float32(b)) => {
                a.len() == b.len() && a.iter().zip(&**b).all(|(a, b)| a.to_bits() == b.to_bits())
            }
            (Self::Int8(a), Payload::Int8(b)) => a == b,
            (Self::Int16(a), Payload::Int16(b)) => a == b,
            (Self::Int32(a), Payload::Int32(b)) => a == b,
            (Self::Int64(a), Payload::Int64(b)) => a == b,
            (Self::Bytes(a), Payload::Bytes(b)) => a == b,
            _ => false,
        }
    }
}

fn edges<T: Clone>(values: &[T]) -> [Cow<'_, [T]>; 2] {
    let length = values.len().min(EDGE);
    let (first, _) = values.split_at(length);
    let (_, last) = values.split_at(values.len() - length);
    [first.into(), last.into()]
}

fn convert<'b, T: Copy, const N: usize>(
    values: &[T],
    scratch: &'b mut Vec<u8>,
    to_bytes: impl Fn(T) -> [u8; N],
) -> &'b [u8] {
    // A length set once lets the loop become a block copy on little-endian machines.
    scratch.resize(N * values.len(), 0);
    let (chunks, _) = scratch.as_chunks_mut::<N>();
    for (chunk, &value) in chunks.iter_mut().zip(values) {
        *chunk = to_bytes(value);
    }
    scratch
}
