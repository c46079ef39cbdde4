//! File formats: where a model's configuration and weights lie.
//!
//! What the configuration means is the business of [`crate::definition`]; a format only hands it
//! over and finds the stored array of each variable.

mod datasets;
mod hdf5;
mod keras_archive;
mod keras_h5;
mod legacy_order;
mod members;
mod section;
mod zip;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::definition::ModelDefinition;
use crate::error::ErrorKind;
use crate::layers::WeightSource;
pub(crate) use keras_archive::is_unzipped;
use localization::{Phrase, phrase};
use section::Section;

/// A file that holds a whole model.
pub(crate) trait Container {
    /// Name of the format, for people.
    fn format(&self) -> &'static str;

    /// Version of Keras that wrote the file.
    fn keras_version(&self) -> Option<&str>;

    /// The model's configuration as JSON text.
    fn configuration(&self) -> &str;

    /// The loss that the model was trained with, when the file names a single one.
    fn loss(&self) -> Option<String>;

    /// Finds the arrays of all variables of a model.
    fn weights<'a>(
        &'a self,
        model: &ModelDefinition,
    ) -> Result<Box<dyn WeightSource + 'a>, ErrorKind>;
}

/// Opens a model file, after its first bytes and not its name have told its format.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Container>, ErrorKind> {
    if is_unzipped(path) {
        return Ok(Box::new(keras_archive::KerasArchive::open_folder(path)?));
    }
    if !std::fs::metadata(path)?.is_file() {
        return Err(ErrorKind::NotAFile);
    }
    let file = File::open(path)?;
    let mut start = Vec::new();
    (&file).take(64).read_to_end(&mut start)?;
    match recognize(&start) {
        Format::Hdf5 => Ok(Box::new(keras_h5::KerasH5::open(Section::file(file)?)?)),
        Format::Zip => Ok(Box::new(keras_archive::KerasArchive::open(Section::file(
            file,
        )?)?)),
        Format::Empty => Err(ErrorKind::Empty),
        Format::Other(kind) => Err(ErrorKind::OtherFormat(kind)),
    }
}

#[derive(Debug, PartialEq)]
enum Format {
    Hdf5,
    Zip,
    Empty,
    Other(Phrase),
}

/// Signature of the HDF5 superblock (HDF5 File Format Specification 3.0, section II.A).
const HDF5_SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";

fn recognize(start: &[u8]) -> Format {
    if start.is_empty() {
        return Format::Empty;
    }
    if start.starts_with(HDF5_SIGNATURE) {
        return Format::Hdf5;
    }
    if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
        return Format::Zip;
    }
    if start.get(4..8) == Some(b"TFL3") {
        return Format::Other(phrase!("a TFLite model"));
    }
    let known: [(&[u8], Phrase); 7] = [
        (b"\x89PNG", phrase!("a PNG image")),
        (b"\xff\xd8\xff", phrase!("a JPEG image")),
        (b"\x1f\x8b", phrase!("a gzip archive")),
        (
            b"version https://git-lfs",
            phrase!("a Git LFS pointer without the model"),
        ),
        (b"<!DOCTYPE", phrase!("a web page")),
        (b"<html", phrase!("a web page")),
        (b"{", phrase!("a JSON text")),
    ];
    let kind = known.iter().find(|(magic, _)| start.starts_with(magic));
    Format::Other(kind.map_or(phrase!("a file of another kind"), |&(_, name)| name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_their_first_bytes() {
        let check = |start: &[u8], expected| assert_eq!(recognize(start), expected, "{start:?}");
        check(b"", Format::Empty);
        check(b"\x89HDF\r\n\x1a\n\x00\x00", Format::Hdf5);
        check(b"PK\x03\x04\x14", Format::Zip);
        check(
            b"\x89PNG\r\n\x1a\n",
            Format::Other(Phrase::new("a PNG image")),
        );
        check(
            b"\x1c\0\0\0TFL3\0",
            Format::Other(Phrase::new("a TFLite model")),
        );
        check(b"x", Format::Other(Phrase::new("a file of another kind")));
    }
}
