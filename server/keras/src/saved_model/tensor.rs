//! Constants of the graph (`tensorflow.TensorProto`).

use super::data_type::DataType;
use super::protocol::{Message, TensorShape};
use super::wire::{Malformed, Value, extend_integers, take};
use crate::half::{bfloat16_to_f32, to_f32};
use crate::limits;

/// A constant, still as it is stored.
#[derive(Debug, Default)]
pub(crate) struct Tensor<'a> {
    type_number: i64,
    shape: TensorShape,
    /// All elements one behind the other; empty where the fields below hold them.
    content: &'a [u8],
    /// Elements by themselves, in which case the last one stands for all that follow.
    singles: Vec<Value<'a>>,
}

impl<'a> Message<'a> for Tensor<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Malformed> {
        match number {
            1 => self.type_number = value.integer()?,
            2 => self.shape = super::protocol::decode(value.bytes()?)?,
            4 => self.content = value.bytes()?,
            // Floats, doubles, integers, texts, 64-bit integers, truth values, half-precision numbers
            // as bits.
            5..=8 | 10 | 11 | 13 => {
                if self.singles.len() >= limits::SINGLE_ELEMENTS {
                    return Err(Malformed("a constant has too many elements by themselves"));
                }
                self.singles.push(value);
            }
            _ => {}
        }
        Ok(())
    }
}

impl<'a> Tensor<'a> {
    pub(super) fn data_type(&self) -> DataType {
        DataType::of(self.type_number)
    }

    pub(super) fn shape(&self) -> Result<Vec<usize>, Malformed> {
        self.shape.fixed()
    }

    /// Number of elements, within [`limits::WEIGHT_BYTES`].
    fn count(&self) -> Result<usize, Malformed> {
        let product = self
            .shape()?
            .iter()
            .try_fold(1usize, |product, &extent| product.checked_mul(extent));
        product
            .filter(|&count| (count as u64) <= limits::WEIGHT_BYTES / 4)
            .ok_or(Malformed("a constant has too many elements"))
    }

    /// Bytes that the elements take beyond those that the file has for them.
    pub(super) fn expansion(&self) -> Result<usize, Malformed> {
        let stored = self.content.len()
            + self
                .singles
                .iter()
                .map(|single| match single {
                    Value::Bytes(bytes) => bytes.len(),
                    _ => 4,
                })
                .sum::<usize>();
        Ok((self.count()? * 4).saturating_sub(stored))
    }

    /// Elements in row-major order.
    pub(super) fn floats(&self) -> Result<Vec<f32>, Malformed> {
        let convert: fn(&[u8]) -> f32 = match self.data_type() {
            DataType::Float32 => |bytes| f32::from_le_bytes(array(bytes)),
            DataType::Float64 => |bytes| f64::from_le_bytes(array(bytes)) as f32,
            DataType::Float16 => |bytes| to_f32(u16::from_le_bytes(array(bytes))),
            DataType::BFloat16 => |bytes| bfloat16_to_f32(u16::from_le_bytes(array(bytes))),
            _ => {
                let integers = self.integers()?;
                return Ok(integers.into_iter().map(|value| value as f32).collect());
            }
        };
        let count = self.count()?;
        if !self.content.is_empty() {
            return self.elements(count, convert);
        }
        let mut values = Vec::new();
        for &single in &self.singles {
            match (self.data_type(), single) {
                (DataType::Float32, Value::Fixed32(bits)) => values.push(f32::from_bits(bits)),
                (DataType::Float64, Value::Fixed64(bits)) => {
                    values.push(f64::from_bits(bits) as f32)
                }
                (DataType::Float32, Value::Bytes(packed)) => {
                    extend(&mut values, packed, 4, convert)?
                }
                (DataType::Float64, Value::Bytes(packed)) => {
                    extend(&mut values, packed, 8, convert)?
                }
                (DataType::Float16 | DataType::BFloat16, single) => {
                    let mut bits = Vec::new();
                    extend_integers(&mut bits, single)?;
                    values.extend(
                        bits.iter()
                            .map(|&bits| convert(&(bits as u16).to_le_bytes())),
                    );
                }
                _ => return Err(Malformed("an element of a constant has another type")),
            }
        }
        fill(values, count, 0.0)
    }

    /// Elements in row-major order; truth values are 0 and 1.
    pub(super) fn integers(&self) -> Result<Vec<i64>, Malformed> {
        let convert: fn(&[u8]) -> i64 = match self.data_type() {
            DataType::Int32 => |bytes| i32::from_le_bytes(array(bytes)).into(),
            DataType::Int64 => |bytes| i64::from_le_bytes(array(bytes)),
            DataType::Int8 => |bytes| i8::from_le_bytes(array(bytes)).into(),
            DataType::UInt8 | DataType::Bool => |bytes| u8::from_le_bytes(array(bytes)).into(),
            _ => return Err(Malformed("a constant is not of integers")),
        };
        let count = self.count()?;
        if count > limits::SINGLE_ELEMENTS {
            return Err(Malformed("a constant has too many integers"));
        }
        if !self.content.is_empty() {
            return self.elements(count, convert);
        }
        let mut values = Vec::new();
        for &single in &self.singles {
            extend_integers(&mut values, single)?;
        }
        fill(values, count, 0)
    }

    /// Texts in row-major order.
    pub(super) fn texts(&self) -> Result<Vec<&'a str>, Malformed> {
        match self.data_type() {
            DataType::String => self.singles.iter().map(|single| single.text()).collect(),
            _ => Err(Malformed("a constant is not of texts")),
        }
    }

    fn elements<T>(&self, count: usize, convert: fn(&[u8]) -> T) -> Result<Vec<T>, Malformed> {
        let width = self.data_type().width().unwrap_or(1);
        if count.checked_mul(width) != Some(self.content.len()) {
            return Err(Malformed(
                "a constant has not as many elements as its shape",
            ));
        }
        Ok(self.content.chunks_exact(width).map(convert).collect())
    }
}

/// The bytes of one number; `bytes` has as many.
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.first_chunk().copied().unwrap_or([0; N])
}

fn extend<T>(
    values: &mut Vec<T>,
    mut packed: &[u8],
    width: usize,
    convert: fn(&[u8]) -> T,
) -> Result<(), Malformed> {
    while !packed.is_empty() {
        values.push(convert(take(&mut packed, width as u64)?));
    }
    Ok(())
}

/// Repeats the last value until there are enough.
fn fill<T: Copy>(mut values: Vec<T>, count: usize, none: T) -> Result<Vec<T>, Malformed> {
    if values.len() > count {
        return Err(Malformed("a constant has more elements than its shape"));
    }
    let last = values.last().copied().unwrap_or(none);
    values.resize(count, last);
    Ok(values)
}
