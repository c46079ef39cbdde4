use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

/// A document for programs that people can read too: indented by two spaces, but with numbers of an
/// array on one line, without which a histogram or a row of a confusion matrix fills the screen.
///
/// # Errors
/// When a map has keys that are no strings.
pub fn to_json(document: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, Lines::default());
    document.serialize(&mut serializer)?;
    bytes.push(b'\n');
    String::from_utf8(bytes).map_err(serde::ser::Error::custom)
}

/// Where breaks of lines go. A break before an element of an array waits until it is known what the
/// element is.
#[derive(Debug, Default)]
struct Lines {
    depth: usize,
    /// For each open array or object whether it has a line of its own for each element.
    broken: Vec<bool>,
    pending: bool,
    first: bool,
}

impl Lines {
    fn open(&mut self) {
        self.depth += 1;
        self.broken.push(false);
    }

    fn close<W: ?Sized + Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        if self.broken.pop() == Some(true) {
            self.indent(writer)?;
        }
        writer.write_all(bracket)
    }

    fn indent<W: ?Sized + Write>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"\n")?;
        for _ in 0..self.depth {
            writer.write_all(b"  ")?;
        }
        Ok(())
    }

    /// Starts the line of an element that is no number.
    fn settle<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if std::mem::take(&mut self.pending) {
            if let Some(broken) = self.broken.last_mut() {
                *broken = true;
            }
            self.indent(writer)?;
        }
        Ok(())
    }

    /// Stays on the line with an element that is a number.
    fn stay<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if std::mem::take(&mut self.pending) && !self.first {
            writer.write_all(b" ")?;
        }
        Ok(())
    }
}

/// The methods of [`Formatter`] that write a number.
macro_rules! numbers {
    ($($method:ident: $number:ty),*) => {$(
        fn $method<W: ?Sized + Write>(&mut self, writer: &mut W, value: $number) -> io::Result<()> {
            self.stay(writer)?;
            write!(writer, "{value}")
        }
    )*};
}

impl Formatter for Lines {
    numbers!(
        write_u8: u8, write_u16: u16, write_u32: u32, write_u64: u64,
        write_i8: i8, write_i16: i16, write_i32: i32, write_i64: i64
    );

    fn write_f32<W: ?Sized + Write>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        self.stay(writer)?;
        serde_json::ser::CompactFormatter.write_f32(writer, value)
    }

    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        self.stay(writer)?;
        serde_json::ser::CompactFormatter.write_f64(writer, value)
    }

    fn write_null<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.stay(writer)?;
        writer.write_all(b"null")
    }

    fn write_bool<W: ?Sized + Write>(&mut self, writer: &mut W, value: bool) -> io::Result<()> {
        self.settle(writer)?;
        write!(writer, "{value}")
    }

    fn begin_string<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.settle(writer)?;
        writer.write_all(b"\"")
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.settle(writer)?;
        self.open();
        writer.write_all(b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        (self.pending, self.first) = (true, first);
        if first {
            Ok(())
        } else {
            writer.write_all(b",")
        }
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.settle(writer)?;
        self.open();
        writer.write_all(b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        self.pending = true;
        self.settle(writer)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn numbers_share_a_line() {
        let document = json!({
            "counts": [1, 2.5, null, -3],
            "empty": [], "nothing": {},
            "rows": [[1, 2], [3, 4]],
            "texts": ["a", "b\n"],
            "layers": [{"name": "x", "exact": true}]
        });
        let text = to_json(&document).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), document);
        for line in [
            "  \"counts\": [1, 2.5, null, -3],\n",
            "  \"empty\": [],\n",
            "  \"nothing\": {},\n",
            "  \"rows\": [\n    [1, 2],\n    [3, 4]\n  ],\n",
            "  \"texts\": [\n    \"a\",\n    \"b\\n\"\n  ]\n",
            "  \"layers\": [\n    {\n      \"exact\": true,\n      \"name\": \"x\"\n    }\n  ],\n",
        ] {
            assert!(text.contains(line), "{line:?} is not in {text}");
        }
    }

    #[test]
    fn what_is_no_number_is_null() {
        assert_eq!(to_json(&[f64::NAN, 1.0]).unwrap(), "[null, 1.0]\n");
    }
}
