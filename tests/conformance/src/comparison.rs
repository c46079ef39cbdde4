//! One format of one model: read, run by every engine, compared.

use std::path::Path;
use std::time::Instant;

use graph::{Graph, Op, TensorId, passes};
use inference::{Kernels, Model, TfliteModel, TractModel};
use tflite::{Encodings, WriteOptions};

use crate::difference::{Difference, absolute, larger, relative};
use crate::manifest::{Manifest, Reference};

/// Engines, in the order of their columns.
pub(crate) const ENGINES: [&str; 3] = ["XNNPACK", "built-in kernels", "tract"];

/// What was measured for one format of a model.
pub(crate) struct Measurement {
    /// How long reading took, in seconds.
    pub(crate) read: f64,
    /// For each of [`ENGINES`] the difference from TensorFlow.
    pub(crate) differences: [Result<Difference, String>; ENGINES.len()],
    /// The logits of the first engine, to compare formats; one for each image.
    pub(crate) logits: Option<Vec<Vec<f32>>>,
}

/// Values of an image: the output, and the logits.
struct Computed {
    outputs: Vec<Vec<f32>>,
    logits: Vec<Vec<f32>>,
}

/// Reads a model file and runs it on all images.
///
/// # Errors
/// The reader's sentence.
pub(crate) fn measure(
    path: &Path,
    manifest: &Manifest,
    reference: &Reference,
) -> Result<Measurement, String> {
    let [height, width, _] = manifest.input_shape;
    let options = keras::ReadOptions {
        input_size: Some([height, width]),
    };
    let start = Instant::now();
    let model = keras::read(path, &options).map_err(|error| error.kind.to_string())?;
    let read = start.elapsed().as_secs_f64();
    let xnnpack = run_tflite(&model.graph, Kernels::Xnnpack, reference);
    let builtin = run_tflite(&model.graph, Kernels::Builtin, reference);
    let tract = run_tract(&model.graph, reference);
    let differences =
        [&xnnpack, &builtin, &tract].map(|computed| difference(computed.as_ref(), reference));
    Ok(Measurement {
        read,
        differences,
        logits: xnnpack.ok().map(|computed| computed.logits),
    })
}

/// Largest relative difference between the logits of two formats.
pub(crate) fn disagreement(logits: &[Vec<f32>], others: &[Vec<f32>]) -> f32 {
    logits
        .iter()
        .zip(others)
        .map(|(a, b)| relative(a, b))
        .fold(0.0, larger)
}

fn difference(
    computed: Result<&Computed, &String>,
    reference: &Reference,
) -> Result<Difference, String> {
    let computed = computed.map_err(Clone::clone)?;
    let mut worst = Difference::default();
    let logits = computed.logits.iter().zip(&reference.logits);
    for (actual, expected) in logits {
        worst.logits = larger(worst.logits, relative(actual, expected));
    }
    if reference.has_softmax() {
        for (actual, expected) in computed.outputs.iter().zip(&reference.outputs) {
            let output = Some(absolute(actual, expected));
            worst = worst.worst(Difference {
                output,
                logits: 0.0,
            });
        }
    }
    if worst.is_finite() {
        Ok(worst)
    } else {
        Err("the outputs are not finite, or not as many as TensorFlow's".to_owned())
    }
}

/// The way of a product: passes, file, runtime.
fn run_tflite(graph: &Graph, kernels: Kernels, reference: &Reference) -> Result<Computed, String> {
    let prepared = passes::prepare(graph);
    let logits = logits(&prepared, reference)?;
    let options = WriteOptions {
        extra_outputs: &[logits],
        ..WriteOptions::default()
    };
    let file = tflite::write(&prepared, &Encodings::float(), &options)
        .map_err(|error| error.to_string())?;
    drop(prepared);
    let model = TfliteModel::from_bytes(&file, kernels).map_err(|error| error.to_string())?;
    run(&model, reference)
}

/// The other way: the graph as it was read.
fn run_tract(graph: &Graph, reference: &Reference) -> Result<Computed, String> {
    let output = *graph.outputs().first().ok_or("the model has no output")?;
    let mut outputs = vec![output];
    let logits = logits(graph, reference)?;
    if logits != output {
        outputs.push(logits);
    }
    let model = TractModel::new(graph, &outputs).map_err(|error| error.to_string())?;
    run(&model, reference)
}

fn run(model: &dyn Model, reference: &Reference) -> Result<Computed, String> {
    let mut engine = model.engine().map_err(|error| error.to_string())?;
    let logits_output = engine.output_shapes().len() - 1;
    let mut computed = Computed {
        outputs: Vec::new(),
        logits: Vec::new(),
    };
    for image in &reference.images {
        engine.run(image).map_err(|error| error.to_string())?;
        let output = |index| engine.output(index).map(|values| values.to_vec());
        computed
            .outputs
            .push(output(0).map_err(|error| error.to_string())?);
        computed
            .logits
            .push(output(logits_output).map_err(|error| error.to_string())?);
    }
    Ok(computed)
}

/// What enters the softmax at the end of the graph, or its output when the model has none.
fn logits(graph: &Graph, reference: &Reference) -> Result<TensorId, String> {
    let output = *graph.outputs().first().ok_or("the model has no output")?;
    if !reference.has_softmax() {
        return Ok(output);
    }
    let mut tensor = output;
    while let Some(node) = graph.nodes().iter().find(|node| node.output == tensor) {
        let Some(&input) = node.inputs.first() else {
            break;
        };
        match node.op {
            Op::Softmax => return Ok(input),
            // Only the shape changes behind the softmax.
            Op::Reshape { .. } => tensor = input,
            _ => break,
        }
    }
    Err("the graph does not end with the model's softmax".to_owned())
}
