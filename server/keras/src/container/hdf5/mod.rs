//! The only module that knows the HDF5 crate.

mod source;

use std::collections::HashMap;

use hdf5_pure::{DType, Datatype, DatatypeByteOrder, FormatError};
use localization::{Text, phrase, text};

use self::source::{Allowance, MeteredFile};
use super::section::Section;
use crate::error::ErrorKind;
use crate::limits;

/// What the reader of Keras files asks of an HDF5 library. Paths are relative to the root and
/// name each object; nothing ever lists or walks a group.
pub(super) trait Hdf5 {
    /// All attributes of a group that are strings or lists of strings; `None` when there is no
    /// such group.
    fn string_attributes(&self, group: &str) -> Result<Option<StringAttributes>, ErrorKind>;

    /// Reads a dataset of floating-point numbers, after its shape has been compared.
    fn read(&self, dataset: &str, shape: &[usize]) -> Result<Vec<f32>, DatasetProblem>;
}

/// Attributes by name; a scalar is a list of one.
pub(super) type StringAttributes = HashMap<String, Vec<String>>;

/// Why a dataset cannot be read.
pub(super) enum DatasetProblem {
    /// The rest of a sentence about the dataset.
    Described(Text),
    /// The HDF5 structures around it are damaged.
    Damaged(ErrorKind),
}

/// Deflate, shuffle, Fletcher-32 and LZF: what h5py offers without plugins.
const FILTERS: [u16; 4] = [1, 2, 3, 32000];

/// An open file, read piece by piece.
pub(super) struct PureHdf5 {
    file: hdf5_pure::File,
    length: u64,
    allowance: Allowance,
}

impl PureHdf5 {
    /// Opens a file and compares the length that it states with the length that it has.
    pub(super) fn open(file: Section) -> Result<Self, ErrorKind> {
        let length = file.length();
        let allowance = Allowance::new(length);
        let source = MeteredFile::new(file, allowance.clone());
        let file = hdf5_pure::File::from_source(source)
            .map_err(|error| damaged(phrase!("the file header"), &error))?;
        let superblock = file.superblock();
        let expected = superblock
            .eof_address
            .saturating_add(superblock.base_address.get());
        // An undefined address is all ones; old writers leave it when they crash.
        if expected > length && superblock.eof_address != u64::MAX {
            return Err(ErrorKind::Truncated {
                expected,
                actual: length,
            });
        }
        Ok(Self {
            file,
            length,
            allowance,
        })
    }

    fn check_storage(
        &self,
        dataset: &hdf5_pure::Dataset,
        elements: u64,
    ) -> Result<(), DatasetProblem> {
        let described = |problem: Text| Err(DatasetProblem::Described(problem));
        let filters = dataset.filters();
        if let Some(filter) = filters.iter().find(|filter| !FILTERS.contains(filter)) {
            return described(text!(
                "is compressed with HDF5 filter {filter}, which is not supported"
            ));
        }
        let element = dataset.element_size().map_err(|error| inner(&error))?;
        let stored = elements.checked_mul(element);
        let expansion = if filters.is_empty() {
            1
        } else {
            limits::EXPANSION
        };
        let most = self
            .length
            .saturating_mul(expansion)
            .min(limits::WEIGHT_BYTES);
        if stored.is_none_or(|bytes| bytes > most) {
            return described(text!("is larger than the file can hold"));
        }
        // A chunk is allocated whole, so one that is far larger than its dataset is an attack.
        let chunk = dataset.chunk_shape().map_err(|error| inner(&error))?;
        let chunk_bytes = chunk.map(|extents| {
            extents
                .iter()
                .fold(element, |product, &extent| product.saturating_mul(extent))
        });
        if chunk_bytes.is_some_and(|bytes| bytes > stored.unwrap_or(0).max(CHUNK_BYTES)) {
            return described(text!("is stored in chunks larger than itself"));
        }
        Ok(())
    }
}

/// Bytes of metadata that may be read to find a dataset.
const METADATA_BYTES: u64 = 16 << 20;
/// Chunks up to this size are accepted whatever the size of the dataset.
const CHUNK_BYTES: u64 = 1 << 20;

impl Hdf5 for PureHdf5 {
    fn string_attributes(&self, group: &str) -> Result<Option<StringAttributes>, ErrorKind> {
        check_path(group)?;
        self.allowance.start(limits::ATTRIBUTE_BYTES);
        let object = match group {
            "" => self.file.root(),
            path => match self.file.group(path) {
                Ok(object) => object,
                Err(hdf5_pure::Error::Format(FormatError::PathNotFound(_))) => return Ok(None),
                Err(error) => return Err(damaged(Text::verbatim(path), &error)),
            },
        };
        let attributes = object.attrs().map_err(|error| {
            let place = if group.is_empty() {
                phrase!("the root group").into()
            } else {
                Text::verbatim(group)
            };
            damaged(place, &error)
        })?;
        Ok(Some(
            attributes
                .into_iter()
                .filter_map(|(name, value)| Some((name, value.as_strings()?.to_vec())))
                .collect(),
        ))
    }

    fn read(&self, dataset: &str, shape: &[usize]) -> Result<Vec<f32>, DatasetProblem> {
        check_path(dataset).map_err(DatasetProblem::Damaged)?;
        self.allowance.start(METADATA_BYTES);
        let object = match self.file.dataset(dataset) {
            Ok(object) => object,
            Err(hdf5_pure::Error::Format(FormatError::PathNotFound(_))) => {
                return Err(DatasetProblem::Described(text!("is missing")));
            }
            Err(error) => return Err(inner(&error)),
        };
        let stored = object.shape().map_err(|error| inner(&error))?;
        if !stored.iter().copied().eq(shape.iter().map(|&n| n as u64)) {
            return Err(DatasetProblem::Described(text!(
                "has shape {stored:?} where the configuration asks for {shape:?}"
            )));
        }
        let elements = shape
            .iter()
            .try_fold(1u64, |product, &extent| product.checked_mul(extent as u64))
            .unwrap_or(u64::MAX);
        self.check_storage(&object, elements)?;
        self.allowance
            .start(self.length.saturating_add(METADATA_BYTES));
        let values = read_floats(&object)?;
        if values.len() as u64 == elements {
            Ok(values)
        } else {
            Err(DatasetProblem::Described(text!(
                "has {values} values where its shape {shape:?} asks for {elements}",
                values = values.len()
            )))
        }
    }
}

/// Reads numbers of half, single or double precision.
fn read_floats(dataset: &hdf5_pure::Dataset) -> Result<Vec<f32>, DatasetProblem> {
    let unsupported = |kind: Text| {
        Err(DatasetProblem::Described(text!(
            "holds {kind} instead of floating-point numbers"
        )))
    };
    match dataset.dtype().map_err(|error| inner(&error))? {
        DType::F32 | DType::F64 => dataset.read_f32().map_err(|error| inner(&error)),
        DType::Other(datatype) => match *datatype {
            Datatype::FloatingPoint {
                size: 2,
                byte_order,
                layout,
            } if layout.exponent_size == 5 && layout.mantissa_size == 10 => {
                let bytes = dataset.read_raw().map_err(|error| inner(&error))?;
                let numbers = bytes.as_chunks().0.iter().map(|&bytes| match byte_order {
                    DatatypeByteOrder::BigEndian => u16::from_be_bytes(bytes),
                    _ => u16::from_le_bytes(bytes),
                });
                Ok(numbers.map(crate::half::to_f32).collect())
            }
            _ => unsupported(text!("numbers of an unknown kind")),
        },
        kind => unsupported(Text::verbatim(kind.to_string())),
    }
}

/// Refuses paths that no Keras file has, so that damaged names cannot lead elsewhere.
fn check_path(path: &str) -> Result<(), ErrorKind> {
    let mut components = 0;
    for component in path.split('/') {
        components += 1;
        if component == ".." || component.contains('\0') {
            return Err(ErrorKind::Damaged {
                place: Text::verbatim(path.escape_debug().to_string()),
                problem: text!("a name leads out of the model"),
            });
        }
    }
    if components > limits::PATH_COMPONENTS {
        return Err(ErrorKind::Limit {
            what: text!("a weight with {components} groups in its path"),
            limit: Text::verbatim(limits::PATH_COMPONENTS.to_string()),
        });
    }
    Ok(())
}

fn damaged(place: impl Into<Text>, error: &hdf5_pure::Error) -> ErrorKind {
    ErrorKind::Damaged {
        place: place.into(),
        problem: Text::verbatim(error.to_string()),
    }
}

fn inner(error: &hdf5_pure::Error) -> DatasetProblem {
    DatasetProblem::Described(text!("cannot be read from the HDF5 data ({error})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside_the_model() {
        let check = |path: &str, accepted: bool| {
            assert_eq!(check_path(path).is_ok(), accepted, "{path:?}");
        };
        check("model_weights/conv/conv/kernel:0", true);
        check("model_weights/block1/conv..1/kernel:0", true);
        check("model_weights/../etc", false);
        check("model_weights/a\0b", false);
        check(&"a/".repeat(limits::PATH_COMPONENTS), false);
    }
}
