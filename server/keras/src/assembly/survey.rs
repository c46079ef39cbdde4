use super::{Assembler, Value};
use crate::computation::{OperatorSummary, computed};
use crate::definition::ModelDefinition;
use crate::draft::ValueId;
use crate::error::ErrorKind;
use crate::layers::Progress;
use crate::output_kind::Output;
use crate::summary::OpenShape;
use crate::survey::{Survey, total};

/// Computes the shapes of a model without reading weights, and finds all layers that cannot be
/// converted. An input may have an unknown shape; behind an unsupported layer, shapes are known
/// again where the file notes them.
///
/// # Errors
/// [`ErrorKind`] when layers do not fit together, unless an unsupported layer can be the reason.
pub(crate) fn survey(
    model: &ModelDefinition,
    input_shapes: &[Option<Vec<usize>>],
) -> Result<Survey, ErrorKind> {
    let mut assembler = Assembler::new(None);
    let outputs = assembler.build(model, input_shapes);
    let outputs = outputs.and_then(|outputs| {
        let known: Vec<ValueId> = outputs.iter().copied().flatten().collect();
        let shapes = outputs.iter().map(|output| shape(&assembler, *output));
        let shapes = shapes.collect();
        let found = assembler.recognize(&known)?;
        // Where all are known, they come out in their order.
        let first = found.first().filter(|_| known.len() == outputs.len());
        let Progress { draft, layers, .. } = &assembler.progress;
        let output = first.map(|&first| Output::of(draft, first));
        let computed = first.map(|&first| computed(draft, first));
        let operators = computed.into_iter().flatten().map(|found| {
            let layer = layers.get(found.entry.origin);
            let layer = layer.map_or(found.entry.name.as_str(), |layer| &layer.name);
            found.summary(&found.entry.name, layer)
        });
        let operators: Vec<OperatorSummary> = operators.collect();
        Ok((shapes, output, operators))
    });
    let mut unsupported = model.unsupported();
    for layer in assembler.unsupported {
        if !unsupported.iter().any(|other| other.layer == layer.layer) {
            unsupported.push(layer);
        }
    }
    let (output_shapes, output, operators) = match outputs {
        Ok(known) => known,
        Err(kind) if unsupported.is_empty() => return Err(kind),
        Err(_) => Default::default(),
    };
    let layers = assembler.progress.layers;
    Ok(Survey {
        output_shapes,
        output,
        operators,
        parameters: total(layers.iter().map(|layer| layer.parameters)),
        layers,
        unsupported,
        input_normalizations: assembler.progress.notes.input_normalizations,
    })
}

/// The shape as summaries have it.
fn shape(assembler: &Assembler<'_>, output: Value) -> Option<OpenShape> {
    let shape = assembler.progress.draft.shape(output?);
    Some(shape.iter().copied().map(Some).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A softplus behind a Lambda is known from its settings; that a Concatenate joins batches, only
    /// from the shape that the file notes beside it.
    #[test]
    fn nothing_hides_behind_an_unsupported_layer() {
        let layer = |class: &str, name: &str, settings: serde_json::Value| {
            let mut config = settings;
            config["name"] = json!(name);
            json!({"class_name": class, "config": config, "build_config": null})
        };
        let mut batches = layer("Concatenate", "batches", json!({"axis": -4}));
        batches["build_config"] = json!({"input_shape": [null, 4, 6, 3]});
        let unrecorded = layer("Concatenate", "unrecorded", json!({"axis": -4}));
        let inner = json!({"class_name": "Sequential", "config": {"name": "inner", "layers": [
            layer("Lambda", "code", json!({})),
            batches,
            layer("Dense", "soft", json!({"units": 2, "activation": "softsign_of_my_own"})),
            unrecorded,
        ]}});
        let configuration = json!({"class_name": "Sequential", "config": {"layers": [
            layer("InputLayer", "image", json!({"batch_input_shape": [null, 4, 6, 3]})),
            layer("Conv2D", "first", json!({"filters": 2, "kernel_size": 1})),
            inner,
            layer("Mine>Layer", "last", json!({})),
        ]}});
        let model = ModelDefinition::parse(&configuration.to_string(), Some("2.15.0")).unwrap();
        let survey = survey(&model, &[Some(vec![1, 4, 6, 3])]).unwrap();
        let names: Vec<&str> = survey
            .unsupported
            .iter()
            .map(|layer| layer.layer.as_str())
            .collect();
        assert_eq!(names, ["inner/code", "inner/soft", "last", "inner/batches"]);
        let rows: Vec<(&str, bool)> = survey
            .layers
            .iter()
            .map(|layer| (layer.name.as_str(), layer.output_shape.is_some()))
            .collect();
        let expected = [
            ("first", true),
            ("inner/code", false),
            ("inner/batches", false),
            ("inner/soft", false),
            ("inner/unrecorded", false),
            ("last", false),
        ];
        assert_eq!(rows, expected);
        assert_eq!(survey.output_shapes, [None]);
    }
}
