//! The TFLite runtime by way of `tflitec`.

use localization::{Phrase, Text, phrase, text};
use tflitec::interpreter::{Interpreter, Options};
use tflitec::tensor::{DataType, Tensor};

use super::Kernels;
use super::silence::make_first_delegate;
use super::verification::verify;
use crate::{Elements, Engine, InferenceError, Model, Output};

/// A `.tflite` file, float or 8-bit quantized, with one input.
pub struct TfliteModel<'a> {
    model: tflitec::model::Model<'a>,
    kernels: Kernels,
    /// Scale of each output, which the crate does not tell of 16-bit tensors.
    output_scales: Vec<Option<f32>>,
}

impl<'a> TfliteModel<'a> {
    /// Loads a model from the bytes of its file.
    ///
    /// What is known to crash the runtime is refused, but a file made to do harm may still find a
    /// way; a file of unknown origin belongs into a process that may end.
    ///
    /// # Errors
    /// [`InferenceError::File`] or [`InferenceError::Load`] when the bytes are not a whole and
    /// consistent TFLite model.
    pub fn from_bytes(bytes: &'a [u8], kernels: Kernels) -> Result<Self, InferenceError> {
        let file = verify(bytes)?;
        let scale = |&output: &usize| -> Option<f32> {
            let quantization = file.tensors.get(output)?.quantization.as_ref()?;
            quantization.scales.first().copied()
        };
        let output_scales = file.outputs.iter().map(scale).collect();
        let model = tflitec::model::Model::from_bytes(bytes).map_err(|_| InferenceError::Load {
            engine: describe(kernels),
            problem: text!("has a damaged structure"),
        })?;
        Ok(Self {
            model,
            kernels,
            output_scales,
        })
    }
}

impl Model for TfliteModel<'_> {
    fn engine(&self) -> Result<Box<dyn Engine + '_>, InferenceError> {
        Ok(Box::new(TfliteEngine::new(self)?))
    }

    fn description(&self) -> String {
        describe(self.kernels)
    }
}

/// Starts the TFLite runtime, which announces itself on standard error. A program that prints
/// there calls this first, while no other thread does: the announcement is then left out.
pub fn start_tflite_runtime() {
    make_first_delegate();
}

/// Version of the TFLite runtime, if there is one in this build.
pub fn tflite_runtime_version() -> Option<String> {
    Some(tflitec::tf_lite_version().to_owned())
}

fn describe(kernels: Kernels) -> String {
    let kernels = match kernels {
        Kernels::Xnnpack => "XNNPACK",
        Kernels::Builtin => "built-in kernels",
    };
    format!("TFLite {} with {kernels}", tflitec::tf_lite_version())
}

/// How a tensor stores real numbers.
#[derive(Debug, Clone, Copy)]
enum Encoding {
    Float,
    Int8 { scale: f32, zero_point: i32 },
    Uint8 { scale: f32, zero_point: i32 },
    Int16 { scale: f32 },
}

impl Encoding {
    fn of(tensor: &Tensor) -> Result<Self, InferenceError> {
        let refused = |kind: Text| InferenceError::TensorType {
            tensor: tensor.name().to_owned(),
            kind,
        };
        let parameters = tensor.quantization_parameters();
        match (tensor.data_type(), parameters) {
            (DataType::Float32, _) => Ok(Self::Float),
            (DataType::Int8, Some(parameters)) => Ok(Self::Int8 {
                scale: parameters.scale,
                zero_point: parameters.zero_point,
            }),
            (DataType::UInt8, Some(parameters)) => Ok(Self::Uint8 {
                scale: parameters.scale,
                zero_point: parameters.zero_point,
            }),
            (DataType::Int8 | DataType::UInt8, None) => {
                Err(refused(text!("an integer without a scale")))
            }
            (other, _) => Err(refused(Text::verbatim(format!("{other:?}")))),
        }
    }
}

struct TfliteEngine<'a> {
    interpreter: Interpreter<'a>,
    kernels: Kernels,
    input_shape: Vec<usize>,
    input_encoding: Encoding,
    quantized_input: Vec<u8>,
    output_shapes: Vec<Vec<usize>>,
    output_encodings: Vec<Encoding>,
    /// Real numbers of the quantized outputs; empty for float ones.
    real_outputs: Vec<Vec<f32>>,
    has_run: bool,
}

impl<'a> TfliteEngine<'a> {
    fn new(model: &'a TfliteModel<'a>) -> Result<Self, InferenceError> {
        let kernels = model.kernels;
        let refused = |problem: Phrase| InferenceError::Load {
            engine: describe(kernels),
            problem: problem.into(),
        };
        let options = Options {
            thread_count: 1,
            is_xnnpack_enabled: kernels == Kernels::Xnnpack,
        };
        let interpreter = Interpreter::new(&model.model, Some(options))
            .map_err(|_| refused(phrase!("has an operator that this runtime does not know")))?;
        let count = interpreter.input_tensor_count();
        if count != 1 {
            return Err(InferenceError::InputCount { count });
        }
        let output_count = interpreter.output_tensor_count();
        if output_count == 0 {
            return Err(refused(phrase!("has no outputs")));
        }
        interpreter
            .allocate_tensors()
            .map_err(|_| refused(phrase!("has an operator whose inputs do not fit it")))?;

        let input = interpreter
            .input(0)
            .map_err(|_| refused(phrase!("has an input without a value")))?;
        let input_shape = input.shape().dimensions().clone();
        let input_encoding = Encoding::of(&input)?;
        let mut output_shapes = Vec::with_capacity(output_count);
        let mut output_encodings = Vec::with_capacity(output_count);
        for index in 0..output_count {
            let output = interpreter
                .output(index)
                .map_err(|_| refused(phrase!("has an output whose shape depends on the input")))?;
            output_shapes.push(output.shape().dimensions().clone());
            let scale = model.output_scales.get(index).copied().flatten();
            output_encodings.push(match (output.data_type(), scale) {
                (DataType::Int16, Some(scale)) => Encoding::Int16 { scale },
                _ => Encoding::of(&output)?,
            });
        }
        Ok(Self {
            interpreter,
            kernels,
            input_shape,
            input_encoding,
            quantized_input: Vec::new(),
            output_shapes,
            real_outputs: vec![Vec::new(); output_encodings.len()],
            output_encodings,
            has_run: false,
        })
    }

    fn failed(&self, error: &tflitec::Error) -> InferenceError {
        InferenceError::Run {
            engine: describe(self.kernels),
            problem: Text::verbatim(error.to_string()),
        }
    }

    fn set_input(&mut self, input: &[f32]) -> tflitec::Result<()> {
        let quantized = &mut self.quantized_input;
        quantized.clear();
        match self.input_encoding {
            Encoding::Float => return self.interpreter.copy(input, 0),
            // Of outputs only.
            Encoding::Int16 { .. } => {}
            Encoding::Int8 { scale, zero_point } => quantized.extend(input.iter().map(|value| {
                let code = quantize(*value, scale, zero_point, i8::MIN.into(), i8::MAX.into());
                (code as i8).cast_unsigned()
            })),
            Encoding::Uint8 { scale, zero_point } => quantized.extend(input.iter().map(|value| {
                quantize(*value, scale, zero_point, u8::MIN.into(), u8::MAX.into()) as u8
            })),
        }
        self.interpreter.copy(&self.quantized_input, 0)
    }

    fn read_quantized_outputs(&mut self) -> tflitec::Result<()> {
        for (index, encoding) in self.output_encodings.iter().enumerate() {
            let real = &mut self.real_outputs[index];
            real.clear();
            match *encoding {
                Encoding::Float => {}
                Encoding::Int8 { scale, zero_point } => {
                    let output = self.interpreter.output(index)?;
                    let codes = output.data::<i8>().iter();
                    real.extend(codes.map(|&code| scale * (i32::from(code) - zero_point) as f32));
                }
                Encoding::Int16 { scale } => {
                    let output = self.interpreter.output(index)?;
                    let codes = output.data::<i16>().iter();
                    real.extend(codes.map(|&code| scale * f32::from(code)));
                }
                Encoding::Uint8 { scale, zero_point } => {
                    let output = self.interpreter.output(index)?;
                    let codes = output.data::<u8>().iter();
                    real.extend(codes.map(|&code| scale * (i32::from(code) - zero_point) as f32));
                }
            }
        }
        Ok(())
    }
}

impl Engine for TfliteEngine<'_> {
    fn input_shape(&self) -> &[usize] {
        &self.input_shape
    }

    fn output_shapes(&self) -> &[Vec<usize>] {
        &self.output_shapes
    }

    fn run(&mut self, input: &[f32]) -> Result<(), InferenceError> {
        let expected = self.input_shape.iter().product();
        if input.len() != expected {
            return Err(InferenceError::InputLength {
                given: input.len(),
                expected,
            });
        }
        self.has_run = false;
        self.set_input(input)
            .and_then(|()| self.interpreter.invoke())
            .and_then(|()| self.read_quantized_outputs())
            .map_err(|error| self.failed(&error))?;
        self.has_run = true;
        Ok(())
    }

    fn output(&self, index: usize) -> Result<Output<'_>, InferenceError> {
        let absent = InferenceError::NoOutput { index };
        match self.output_encodings.get(index) {
            Some(Encoding::Float) if self.has_run => self
                .interpreter
                .output(index)
                .map(|tensor| Output(Elements::Tflite(tensor)))
                .map_err(|error| self.failed(&error)),
            Some(_) if self.has_run => Ok(Output(Elements::Slice(&self.real_outputs[index]))),
            _ => Err(absent),
        }
    }
}

/// TFLite's quantization: half is rounded away from zero, and what does not fit is clamped.
fn quantize(value: f32, scale: f32, zero_point: i32, least: i32, most: i32) -> i32 {
    let steps = (value / scale).round() as i32;
    steps.saturating_add(zero_point).clamp(least, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantizes_as_tflite_does() {
        let check = |value, scale, zero_point, expected| {
            let code = quantize(value, scale, zero_point, -128, 127);
            assert_eq!(code, expected, "{value} / {scale} + {zero_point}");
        };
        check(0.0, 0.5, 3, 3);
        check(0.25, 0.5, 0, 1);
        check(-0.25, 0.5, 0, -1);
        check(0.75, 0.5, 0, 2);
        check(1e9, 0.5, 0, 127);
        check(-1e9, 0.5, 10, -128);
        check(f32::INFINITY, 1.0, 0, 127);
        check(f32::NEG_INFINITY, 1.0, -5, -128);
        check(f32::NAN, 1.0, 7, 7);
    }
}
