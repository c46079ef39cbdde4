use std::path::Path;

use graph::Graph;

use crate::assembly::{assemble, survey};
use crate::container::{self, Container};
use crate::definition::{Content, ModelDefinition, TensorReference};
use crate::error::{ErrorKind, KerasError};
use crate::limits;
use crate::saved_model;
use crate::summary::{Summary, TensorSummary};

/// What the user decides about reading.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// Height and width of the input in pixels, for models that leave them open; others ignore it.
    pub input_size: Option<[usize; 2]>,
}

/// A model that has been read.
#[derive(Debug, Clone)]
pub struct Model {
    /// The model with its weights.
    pub graph: Graph,
    /// What `inspect` says of it.
    pub summary: Summary,
}

/// Reads a whole-model Keras `.keras` or `.h5` file, Keras 2 or 3, Functional or Sequential, or the
/// directory of a SavedModel with a serving signature.
///
/// Memory stays under about three times the file; reading takes place on a thread of its own.
///
/// # Errors
/// [`KerasError`] when the file is not such a model, is damaged, or has layers that cannot be
/// converted; then [`ErrorKind::UnsupportedLayers`] lists all of them.
pub fn read(path: &Path, options: &ReadOptions) -> Result<Model, KerasError> {
    read_checked(path, options, |_| None)
}

/// [`read`], but only a model that can be quantized as a classifier of images, which is known before
/// a weight is read ([`Summary::classifier_refusal`]).
///
/// # Errors
/// As [`read`], and [`ErrorKind::OutputShape`] or [`ErrorKind::Activations`].
pub fn read_classifier(path: &Path, options: &ReadOptions) -> Result<Model, KerasError> {
    read_checked(path, options, Summary::classifier_refusal)
}

fn read_checked(
    path: &Path,
    options: &ReadOptions,
    refusal: fn(&Summary) -> Option<ErrorKind>,
) -> Result<Model, KerasError> {
    isolated(path, || {
        if let Some(directory) = saved_model::directory(path) {
            let (graph, summary) = saved_model::read(&directory, options.input_size, refusal)?;
            return Ok(Model { graph, summary });
        }
        let container = container::open(path)?;
        let definition = parse(container.as_ref())?;
        // What does not fit together is found before a single weight is read.
        let summary = summarize(container.as_ref(), &definition, options)?;
        let shape = summary.input_shape(options.input_size)?;
        if let Some(kind) = refusal(&summary) {
            return Err(kind);
        }
        let weights = container.weights(&definition)?;
        let graph = assemble(&definition, &shape, weights.as_ref())?;
        Ok(Model { graph, summary })
    })
}

/// Says what a model file holds, without reading weights. What cannot be converted is part of the
/// answer, not an error; [`Summary::refusal`] sums it up.
///
/// # Errors
/// [`KerasError`] when the file is not a Keras model or its configuration is damaged.
pub fn inspect(path: &Path, options: &ReadOptions) -> Result<Summary, KerasError> {
    isolated(path, || {
        if let Some(directory) = saved_model::directory(path) {
            return saved_model::inspect(&directory, options.input_size);
        }
        let container = container::open(path)?;
        let definition = parse(container.as_ref())?;
        summarize(container.as_ref(), &definition, options)
    })
}

fn parse(container: &dyn Container) -> Result<ModelDefinition, ErrorKind> {
    ModelDefinition::parse(container.configuration(), container.keras_version())
}

/// Runs the reader on a thread of its own: deep configurations get the stack they need, and a
/// panic inside a library, on data it did not expect, becomes an error.
fn isolated<T: Send>(
    path: &Path,
    work: impl FnOnce() -> Result<T, ErrorKind> + Send,
) -> Result<T, KerasError> {
    let result = std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("keras reader".to_owned())
            .stack_size(limits::STACK_BYTES)
            .spawn_scoped(scope, work)
            .map_err(ErrorKind::Io)
            .and_then(|thread| thread.join().unwrap_or(Err(ErrorKind::Panic)))
    });
    result.map_err(|kind| KerasError::new(path, kind))
}

fn summarize(
    container: &dyn Container,
    model: &ModelDefinition,
    options: &ReadOptions,
) -> Result<Summary, ErrorKind> {
    let mut summary = Summary {
        format: container.format(),
        keras_version: container.keras_version().map(str::to_owned),
        tensorflow_version: None,
        name: model.name.clone(),
        inputs: ends(model, &model.inputs),
        outputs: ends(model, &model.outputs),
        output_kind: None,
        loss: container.loss(),
        layers: Vec::new(),
        operators: Vec::new(),
        parameters: None,
        macs: None,
        unsupported: Vec::new(),
        input_normalizations: Vec::new(),
    };
    summary.add_survey(options.input_size, |shapes| survey(model, shapes))?;
    Ok(summary)
}

/// Inputs or outputs of a model; shapes are those that the file records for inputs, with channels
/// last.
fn ends(model: &ModelDefinition, references: &[TensorReference]) -> Vec<TensorSummary> {
    references
        .iter()
        .filter_map(|reference| model.layers.get(reference.layer))
        .map(|layer| TensorSummary {
            name: layer.name.clone(),
            shape: match &layer.content {
                Content::Input(Some(shape)) if shape.len() > 1 => {
                    let mut shape = shape.clone();
                    if let Some((batch, axes)) = shape.split_first_mut() {
                        *batch = Some(1);
                        if axes.len() == 3 && model.takes_channels_first() {
                            axes.rotate_left(1);
                        }
                    }
                    Some(shape)
                }
                _ => None,
            },
            dtype: layer.dtype.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_panic_becomes_an_error() {
        let error = isolated::<()>(Path::new("model.h5"), || panic!("on purpose")).unwrap_err();
        assert!(matches!(*error.kind, ErrorKind::Panic));
        assert!(error.to_string().starts_with("model.h5: "));
    }

    /// A small generator of the xorshift family (Marsaglia 2003), so that runs repeat.
    struct Xorshift(u64);

    impl Xorshift {
        fn below(&mut self, bound: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 % bound as u64) as usize
        }
    }

    fn count_values(value: &Value) -> usize {
        1 + match value {
            Value::Array(elements) => elements.iter().map(count_values).sum(),
            Value::Object(entries) => entries.values().map(count_values).sum(),
            _ => 0,
        }
    }

    /// Replaces the value at a position in depth-first order.
    fn replace(value: &mut Value, position: &mut usize, replacement: &Value) {
        if *position == 0 {
            *value = replacement.clone();
        }
        *position = position.wrapping_sub(1);
        match value {
            Value::Array(elements) => elements
                .iter_mut()
                .for_each(|element| replace(element, position, replacement)),
            Value::Object(entries) => entries
                .values_mut()
                .for_each(|entry| replace(entry, position, replacement)),
            _ => {}
        }
    }

    /// Shapes are as far as a configuration reaches without weights that agree with it.
    #[test]
    fn no_configuration_makes_the_reader_panic() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/keras");
        let replacements = [
            json!(null),
            json!(0),
            json!(-1),
            json!(1),
            json!(7),
            json!(1 << 24),
            json!(u64::MAX),
            json!(1e30),
            json!(0.5),
            json!(true),
            json!("same"),
            json!("channels_last"),
            json!([]),
            json!([[]]),
            json!([-1, 3]),
            json!([1 << 24, 1 << 24]),
            json!({}),
            json!({"class_name": "Sequential", "config": []}),
        ];
        let mut random = Xorshift(2020);
        let mut read = 0;
        for (generation, names) in [
            (
                "keras2",
                ["activation_layers", "convolutions", "nested_twice"],
            ),
            ("keras2", ["resizing", "normalization", "reshaping"]),
            ("keras3", ["activations", "transfer", "nested_twice"]),
            ("keras2_layers", ["operators", "subscripts", "attention"]),
            (
                "keras2_layers",
                ["graph_nodes", "channels_first", "cropping"],
            ),
            (
                "keras3_layers",
                ["contraction", "sequences", "normalizations"],
            ),
        ] {
            for name in names {
                let path = fixtures.join(generation).join(format!("{name}.h5"));
                let container = container::open(&path).unwrap();
                let original: Value = serde_json::from_str(container.configuration()).unwrap();
                let count = count_values(&original);
                for _ in 0..400 {
                    let mut configuration = original.clone();
                    for _ in 0..=random.below(2) {
                        let replacement = &replacements[random.below(replacements.len())];
                        replace(&mut configuration, &mut random.below(count), replacement);
                    }
                    let text = configuration.to_string();
                    let shapes = ModelDefinition::parse(&text, container.keras_version()).and_then(
                        |definition| {
                            let mut summary = Summary {
                                inputs: ends(&definition, &definition.inputs),
                                ..Summary::default()
                            };
                            summary.add_survey(Some([8; 2]), |shapes| survey(&definition, shapes))
                        },
                    );
                    read += usize::from(shapes.is_ok());
                }
            }
        }
        // Some replacements do no harm, or the test would test nothing but the first checks.
        assert!(read > 300, "only {read} configurations were usable");
    }
}
