//! The wire format of protocol buffers, read in place.
//!
//! A SavedModel of a few layers has thousands of functions of which a handful is called, and damaged
//! ones claim whatever they like. So messages are not turned into trees of objects: a message stays
//! a slice of the file, and only the fields of the messages that are visited are looked at. See
//! "Encoding" in the documentation of protocol buffers.

use localization::{Phrase, phrase};

use crate::limits;

/// Bytes that are no protocol buffer message, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) Phrase);

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

impl<'a> Value<'a> {
    /// A message, bytes, or numbers one behind the other.
    pub(super) fn bytes(self) -> Result<&'a [u8], Malformed> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(Malformed(phrase!("a number stands where bytes belong"))),
        }
    }

    pub(super) fn text(self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed(phrase!("a name is not in UTF-8")))
    }

    pub(super) fn integer(self) -> Result<i64, Malformed> {
        match self {
            // Negative numbers are stored in two's complement.
            Self::Varint(value) => Ok(value as i64),
            _ => Err(Malformed(phrase!("an integer has another type"))),
        }
    }

    pub(super) fn fixed32(self) -> Result<u32, Malformed> {
        match self {
            Self::Fixed32(bits) => Ok(bits),
            _ => Err(Malformed(phrase!("a number has another type"))),
        }
    }

    pub(super) fn boolean(self) -> Result<bool, Malformed> {
        self.integer().map(|value| value != 0)
    }

    pub(super) fn float(self) -> Result<f32, Malformed> {
        self.fixed32().map(f32::from_bits)
    }
}

/// Reads a number of seven bits a byte, lowest first, off the front of `bytes`.
pub(super) fn take_varint(bytes: &mut &[u8]) -> Result<u64, Malformed> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes
            .split_first()
            .ok_or(Malformed(phrase!("it ends within a number")))?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Malformed(phrase!("a number has too many bytes")))
}

/// Splits `count` bytes off the front of `bytes`.
pub(super) fn take<'a>(bytes: &mut &'a [u8], count: u64) -> Result<&'a [u8], Malformed> {
    let (taken, rest) = usize::try_from(count)
        .ok()
        .and_then(|count| bytes.split_at_checked(count))
        .ok_or(Malformed(phrase!("it ends within a field")))?;
    *bytes = rest;
    Ok(taken)
}

fn take_array<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], Malformed> {
    let (taken, rest) = bytes
        .split_first_chunk::<N>()
        .ok_or(Malformed(phrase!("it ends within a number")))?;
    *bytes = rest;
    Ok(*taken)
}

/// The fields of a message in the order in which they are stored, up to the first error.
pub(super) fn fields(message: &[u8]) -> Fields<'_> {
    Fields { rest: message }
}

/// Iterator over numbered fields; see [`fields`].
#[derive(Debug, Clone)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn take_field(&mut self) -> Result<(u32, Value<'a>), Malformed> {
        let tag = take_varint(&mut self.rest)?;
        let number = u32::try_from(tag >> 3)
            .map_err(|_| Malformed(phrase!("a field number is too large")))?;
        let value = match tag & 7 {
            0 => Value::Varint(take_varint(&mut self.rest)?),
            1 => Value::Fixed64(u64::from_le_bytes(take_array(&mut self.rest)?)),
            2 => {
                let length = take_varint(&mut self.rest)?;
                Value::Bytes(take(&mut self.rest, length)?)
            }
            5 => Value::Fixed32(u32::from_le_bytes(take_array(&mut self.rest)?)),
            // Groups (3 and 4) went out of use before TensorFlow came into being.
            _ => return Err(Malformed(phrase!("a field has an unknown type"))),
        };
        Ok((number, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Value<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.take_field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

/// Adds the integers of one occurrence of a repeated field, packed or not. A byte of the file may
/// become eight in memory, so that there is a limit.
pub(super) fn extend_integers(values: &mut Vec<i64>, value: Value<'_>) -> Result<(), Malformed> {
    match value {
        Value::Bytes(packed)
            if packed.len() > limits::SINGLE_ELEMENTS.saturating_sub(values.len()) =>
        {
            Err(Malformed(phrase!("a list of numbers is too long")))
        }
        Value::Bytes(mut packed) => {
            while !packed.is_empty() {
                values.push(take_varint(&mut packed)? as i64);
            }
            Ok(())
        }
        _ if values.len() >= limits::SINGLE_ELEMENTS => {
            Err(Malformed(phrase!("a list of numbers is too long")))
        }
        single => {
            values.push(single.integer()?);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_told_apart_by_their_type() {
        let message = [
            0x08, 0x96, 0x01, // 1: varint 150
            0x12, 0x02, b'h', b'i', // 2: bytes
            0x1d, 0, 0, 0x80, 0x3f, // 3: 1.0f32
            0x21, 1, 0, 0, 0, 0, 0, 0, 0, // 4: fixed64
        ];
        let expected = [
            (1, Value::Varint(150)),
            (2, Value::Bytes(b"hi")),
            (3, Value::Fixed32(0x3f80_0000)),
            (4, Value::Fixed64(1)),
        ];
        let found: Result<Vec<_>, _> = fields(&message).collect();
        assert_eq!(found.unwrap(), expected);
        assert_eq!(expected[1].1.text(), Ok("hi"));
        assert_eq!(expected[2].1.float(), Ok(1.0));
        assert!(expected[0].1.text().is_err());
    }

    #[test]
    fn damage_ends_the_fields_with_an_error() {
        let check = |message: &[u8], problem| {
            let mut fields = fields(message);
            assert_eq!(
                fields.next(),
                Some(Err(Malformed(Phrase::new(problem)))),
                "{message:?}"
            );
            assert_eq!(fields.next(), None);
        };
        check(&[0x08], "it ends within a number");
        check(&[0x08, 0xff], "it ends within a number");
        check(&[0x12, 5, 1], "it ends within a field");
        check(&[0x1d, 1, 2], "it ends within a number");
        check(&[0x0b], "a field has an unknown type");
        check(&[0x08; 1], "it ends within a number");
        let mut long = vec![0x08];
        long.extend([0xff; 10]);
        check(&long, "a number has too many bytes");
        let mut huge = vec![0x12];
        huge.extend([0xff; 9]);
        huge.push(1);
        check(&huge, "it ends within a field");
    }

    #[test]
    fn repeated_integers_may_be_packed() {
        let mut values = Vec::new();
        extend_integers(&mut values, Value::Bytes(&[1, 0x96, 1])).unwrap();
        extend_integers(&mut values, Value::Varint(u64::MAX)).unwrap();
        assert_eq!(values, [1, 150, -1]);
        assert!(extend_integers(&mut values, Value::Bytes(&[0x80])).is_err());
    }
}
