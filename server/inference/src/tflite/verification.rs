//! What is checked before the runtime gets a file, because it would crash instead of refusing it.

use graph::Graph;
use localization::{Message as _, phrase, text};
use tflite::{File, OptionValue};

use crate::InferenceError;

/// Options by which kernels divide.
const DIVISORS: [&str; 6] = [
    "stride_w",
    "stride_h",
    "dilation_w_factor",
    "dilation_h_factor",
    "filter_width",
    "filter_height",
];

/// Reads a file and checks that it is complete, names its tensors in Unicode, and has no window, step tensor or
/// scale of zero, nor a tensor above [`Graph::MAX_ELEMENTS`].
///
/// # Errors
/// [`InferenceError::File`] with the first thing found.
pub(super) fn verify(bytes: &[u8]) -> Result<File<'_>, InferenceError> {
    let file = tflite::read(bytes).map_err(|error| InferenceError::File(error.text()))?;
    verify_sizes(&file)?;
    verify_scales(&file)?;
    verify_divisors(&file)?;
    Ok(file)
}

fn verify_sizes(file: &File) -> Result<(), InferenceError> {
    for tensor in &file.tensors {
        let elements = tensor
            .shape
            .iter()
            .try_fold(1usize, |product, &extent| product.checked_mul(extent));
        let problem = match elements {
            Some(0) => phrase!("has no elements; write the file again"),
            Some(1..=Graph::MAX_ELEMENTS) => continue,
            _ => phrase!("is larger than this program handles"),
        };
        return Err(InferenceError::File(text!(
            "tensor \"{name}\" of shape {shape:?} in the TFLite file {problem}",
            name = tensor.name,
            shape = tensor.shape
        )));
    }
    Ok(())
}

fn verify_scales(file: &File) -> Result<(), InferenceError> {
    for tensor in &file.tensors {
        let scales = tensor.quantization.iter().flat_map(|q| &q.scales);
        for scale in scales {
            if !(scale.is_finite() && *scale > 0.0) {
                return Err(InferenceError::File(text!(
                    "tensor \"{name}\" in the TFLite file has a scale of {scale}; write the file again",
                    name = tensor.name
                )));
            }
        }
    }
    Ok(())
}

fn verify_divisors(file: &File) -> Result<(), InferenceError> {
    for operator in &file.operators {
        for (name, value) in operator.options.iter().flat_map(|options| options.iter()) {
            if DIVISORS.contains(&name) && matches!(value, OptionValue::Int(..=0)) {
                return Err(InferenceError::File(text!(
                    "operator {kind} of the TFLite file has a {name} of zero or less; write it again",
                    kind = operator.kind.name()
                )));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use graph::{Op, Padding, Pool};
    use tflite::{Encodings, WriteOptions};

    use super::*;

    const HEIGHT: u32 = 77;

    const SCALE: f32 = 0.123;

    fn pooling_file() -> Vec<u8> {
        let mut graph = Graph::new("pool");
        let x = graph.add_input("x", &[1, 80, 80, 1]).unwrap();
        let pool = Pool {
            kernel: [HEIGHT as usize, 1],
            stride: [1, 1],
            padding: Padding::Valid,
        };
        let y = graph.add_node("y", Op::MaxPool2d(pool), &[x]).unwrap();
        graph.set_outputs(&[y]);
        let mut encodings = Encodings::float();
        encodings.insert_int8(x, SCALE, 0);
        encodings.insert_int8(y, SCALE, 0);
        tflite::write(&graph, &encodings, &WriteOptions::default()).unwrap()
    }

    /// The file with every 32-bit number `from` replaced.
    fn replaced(bytes: &[u8], from: u32, to: u32) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        let from = from.to_le_bytes();
        for start in (0..bytes.len() - 3).step_by(4) {
            if bytes[start..start + 4] == from {
                bytes[start..start + 4].copy_from_slice(&to.to_le_bytes());
            }
        }
        bytes
    }

    #[test]
    fn finds_what_would_crash_the_runtime() {
        let whole = pooling_file();
        let check = |bytes: &[u8], expected: &str| {
            let problem = match verify(bytes) {
                Ok(_) => String::new(),
                Err(error) => error.to_string(),
            };
            assert!(problem.starts_with(expected), "{problem}");
            assert_eq!(problem.is_empty(), expected.is_empty(), "{problem}");
        };
        check(&whole, "");
        check(&replaced(&whole, HEIGHT, 0), "operator MAX_POOL_2D");
        check(&replaced(&whole, HEIGHT, u32::MAX), "operator MAX_POOL_2D");
        check(
            &replaced(&whole, 80, 1 << 30),
            "tensor \"x\" of shape [1, 1073741824, 1073741824, 1] in the TFLite file is larger",
        );
        check(
            &replaced(&whole, 80, 0),
            "tensor \"x\" of shape [1, 0, 0, 1] in the TFLite file has no elements",
        );
        for scale in [0.0f32, -1.0, f32::NAN, f32::INFINITY] {
            let bytes = replaced(&whole, SCALE.to_bits(), scale.to_bits());
            check(&bytes, "tensor \"x\" in the TFLite file has a scale of");
        }
        check(&whole[..whole.len() / 2], "the TFLite file is damaged");
    }
}
