//! Constants of the graph (`tensorflow.TensorProto`).

use localization::phrase;

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
                    return Err(Malformed(phrase!(
                        "a constant has too many elements by themselves"
                    )));
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
            .ok_or(Malformed(phrase!("a constant has too many elements")))
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
                _ => {
                    return Err(Malformed(phrase!(
                        "an element of a constant has another type"
                    )));
                }
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
            _ => return Err(Malformed(phrase!("a constant is not of integers"))),
        };
        let count = self.count()?;
        if count > limits::SINGLE_ELEMENTS {
            return Err(Malformed(phrase!("a constant has too many integers")));
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
            _ => Err(Malformed(phrase!("a constant is not of texts"))),
        }
    }

    fn elements<T>(&self, count: usize, convert: fn(&[u8]) -> T) -> Result<Vec<T>, Malformed> {
        let width = self.data_type().width().unwrap_or(1);
        if count.checked_mul(width) != Some(self.content.len()) {
            return Err(Malformed(phrase!(
                "a constant has not as many elements as its shape"
            )));
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
        return Err(Malformed(phrase!(
            "a constant has more elements than its shape"
        )));
    }
    let last = values.last().copied().unwrap_or(none);
    values.resize(count, last);
    Ok(values)
}

#[cfg(test)]
mod tests {
    use localization::Phrase;

    use super::*;
    use crate::saved_model::protocol::decode;

    /// A constant of a type and a shape with the given fields behind them.
    fn message(data_type: u8, shape: &[u8], fields: &[&[u8]]) -> Vec<u8> {
        let mut message = vec![0x08, data_type, 0x12, 4 * shape.len() as u8];
        for &extent in shape {
            message.extend([0x12, 2, 0x08, extent]);
        }
        message.extend(fields.concat());
        message
    }

    const FLOAT: u8 = 1;
    const DOUBLE: u8 = 2;
    const INT32: u8 = 3;
    const STRING: u8 = 7;
    const INT64: u8 = 9;
    const BOOL: u8 = 10;
    const BFLOAT16: u8 = 14;
    const HALF: u8 = 19;

    #[test]
    fn fractions_are_stored_in_many_ways() {
        let check = |data_type, shape: &[u8], fields: &[&[u8]], expected: &[f32]| {
            let message = message(data_type, shape, fields);
            let tensor: Tensor<'_> = decode(&message).unwrap();
            assert_eq!(tensor.floats().as_deref(), Ok(expected), "{message:?}");
        };
        let (one, two) = (1.0f32.to_le_bytes(), 2.0f32.to_le_bytes());
        // As bytes.
        check(FLOAT, &[2], &[&[0x22, 8], &one, &two], &[1.0, 2.0]);
        check(DOUBLE, &[], &[&[0x22, 8], &0.5f64.to_le_bytes()], &[0.5]);
        check(HALF, &[1], &[&[0x22, 2, 0x00, 0xc0]], &[-2.0]);
        check(INT32, &[1], &[&[0x22, 4, 7, 0, 0, 0]], &[7.0]);
        // One by one, or packed.
        check(FLOAT, &[2], &[&[0x2d], &one, &[0x2d], &two], &[1.0, 2.0]);
        check(FLOAT, &[2], &[&[0x2a, 8], &one, &two], &[1.0, 2.0]);
        check(DOUBLE, &[1], &[&[0x31], &0.5f64.to_le_bytes()], &[0.5]);
        check(HALF, &[1], &[&[0x68, 0x80, 0x78]], &[1.0]);
        check(BFLOAT16, &[1], &[&[0x6a, 2, 0x80, 0x7f]], &[1.0]);
        // The last one stands for the rest, and none for zeros.
        check(
            FLOAT,
            &[2, 2],
            &[&[0x2d], &one, &[0x2d], &two],
            &[1.0, 2.0, 2.0, 2.0],
        );
        check(FLOAT, &[3], &[], &[0.0; 3]);
        check(FLOAT, &[0, 3], &[], &[]);
    }

    #[test]
    fn integers_are_stored_in_many_ways() {
        let check = |data_type, shape: &[u8], fields: &[&[u8]], expected: &[i64]| {
            let message = message(data_type, shape, fields);
            let tensor: Tensor<'_> = decode(&message).unwrap();
            assert_eq!(tensor.integers().as_deref(), Ok(expected), "{message:?}");
        };
        check(
            INT32,
            &[2],
            &[&[0x22, 8, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]],
            &[1, -1],
        );
        check(INT32, &[3], &[&[0x3a, 2, 5, 6]], &[5, 6, 6]);
        let minus_one = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
        check(INT64, &[], &[&[0x50], &minus_one], &[-1]);
        check(BOOL, &[2], &[&[0x58, 1]], &[1, 1]);
    }

    #[test]
    fn constants_that_cannot_be_are_refused() {
        let check = |data_type, shape: &[u8], fields: &[&[u8]], problem| {
            let message = message(data_type, shape, fields);
            let tensor: Tensor<'_> = decode(&message).unwrap();
            assert_eq!(
                tensor.floats(),
                Err(Malformed(Phrase::new(problem))),
                "{message:?}"
            );
        };
        let one = 1.0f32.to_le_bytes();
        let count = "a constant has not as many elements as its shape";
        check(FLOAT, &[2], &[&[0x22, 4], &one], count);
        let more = "a constant has more elements than its shape";
        check(FLOAT, &[1], &[&[0x2d], &one, &[0x2d], &one], more);
        check(
            FLOAT,
            &[1],
            &[&[0x38, 1]],
            "an element of a constant has another type",
        );
        check(
            STRING,
            &[1],
            &[&[0x42, 1, b'a']],
            "a constant is not of integers",
        );
        let many = "a constant has too many elements";
        check(FLOAT, &[127, 127, 127, 127, 127], &[], many);
        check(FLOAT, &[127; 12], &[], many);
        check(
            INT32,
            &[127, 127, 127],
            &[],
            "a constant has too many integers",
        );
    }

    #[test]
    fn what_a_constant_takes_beyond_the_file_is_known() {
        let check = |shape: &[u8], fields: &[&[u8]], expected| {
            let message = message(FLOAT, shape, fields);
            let tensor: Tensor<'_> = decode(&message).unwrap();
            assert_eq!(tensor.expansion(), Ok(expected));
        };
        let one = 1.0f32.to_le_bytes();
        check(&[1], &[&[0x22, 4], &one], 0);
        check(&[1], &[&[0x2d], &one], 0);
        check(&[100], &[&[0x2d], &one], 396);
        check(&[100, 100], &[], 40_000);
    }

    #[test]
    fn texts_are_listed() {
        let message = message(STRING, &[2], &[&[0x42, 1, b'a', 0x42, 2, b'b', b'c']]);
        let tensor: Tensor<'_> = decode(&message).unwrap();
        assert_eq!(tensor.texts(), Ok(vec!["a", "bc"]));
    }
}
