//! What quantizing each tensor alone does to the logits.

use std::sync::atomic::{AtomicUsize, Ordering};

use graph::{Graph, NodeId, Op, TensorId, passes};
use inference::{Kernels, Model as _};
use quantization::{QuantizedModel, moves_values};
use tflite::{Encoding, Encodings};

use crate::context::Context;
use crate::error::JobError;
use crate::float_model::CalibrationSet;
use crate::instrumented::InstrumentedModel;
use crate::logits::logits;
use crate::spacing::evenly_spaced;
use crate::workers::run_in_order;

/// Images that every tensor is tried on.
pub(in crate::quantize) const IMAGES: usize = 16;

/// Share of the noise of all tensors that those left out make together: they cannot decide.
const LEFT_OUT: f64 = 0.01;

/// The tensors of a float graph that are quantized on their own, the one that adds most noise to
/// the logits first, without those at the end that add hardly any.
pub(super) fn ranking(
    graph: &Graph,
    quantized: &QuantizedModel,
    set: &CalibrationSet,
    context: &mut Context,
) -> Result<Vec<TensorId>, JobError> {
    let tensors: Vec<TensorId> = graph
        .nodes()
        .iter()
        .filter(|node| !moves_values(&node.op) && node.op != Op::Convert)
        .map(|node| node.output)
        .filter(|tensor| !graph.outputs().contains(tensor))
        .filter(|tensor| matches!(quantized.encodings.get(*tensor), Encoding::Affine { .. }))
        .collect();
    let inputs = inputs(set)?;
    let reference = outcome(graph, &Encodings::float(), &inputs)?;
    let mut noise = Vec::with_capacity(tensors.len());
    let done = AtomicUsize::new(0);
    let cancellation = context.cancellation.clone();
    run_in_order(
        tensors.len(),
        context.threads,
        cancellation.flag(),
        || Ok(()),
        |(), index| {
            let (rounded, encodings) = with_rounded(graph, quantized, tensors[index]);
            let outputs = outcome(&rounded, &encodings, &inputs)?;
            done.fetch_add(1, Ordering::Relaxed);
            let difference = |(a, b): (&f32, &f32)| f64::from(a - b).powi(2);
            Ok(reference.iter().zip(&outputs).map(difference).sum::<f64>())
        },
        || context.progress(done.load(Ordering::Relaxed)),
        |_, sum| {
            noise.push(sum);
            Ok(())
        },
    )?;
    let mut order: Vec<usize> = (0..tensors.len()).collect();
    order.sort_by(|&a, &b| noise[b].total_cmp(&noise[a]).then(a.cmp(&b)));
    let mut left = noise.iter().sum::<f64>() * LEFT_OUT;
    while let Some(&last) = order.last()
        && noise[last] <= left
    {
        left -= noise[last];
        order.pop();
    }
    Ok(order.into_iter().map(|index| tensors[index]).collect())
}

/// The graph in float, but for one tensor, which is rounded as the quantized model rounds it.
fn with_rounded(graph: &Graph, quantized: &QuantizedModel, tensor: TensorId) -> (Graph, Encodings) {
    let mut rounded = graph.clone();
    let mut encodings = Encodings::float();
    let mut index = 0;
    while index < rounded.nodes().len() {
        let operands = 0..rounded.nodes()[index].inputs.len();
        for operand in operands {
            if rounded.nodes()[index].inputs[operand] != tensor {
                continue;
            }
            let stored = passes::convert_operand(&mut rounded, NodeId(index as u32), operand);
            encodings.insert(stored, quantized.encodings.get(tensor).clone());
            passes::convert_operand(&mut rounded, NodeId(index as u32 + 1), operand);
            index += 2;
        }
        index += 1;
    }
    (rounded, encodings)
}

/// The logits for all inputs, one after the other.
fn outcome(
    graph: &Graph,
    encodings: &Encodings,
    inputs: &[Vec<f32>],
) -> Result<Vec<f32>, JobError> {
    let file = InstrumentedModel::new(graph, encodings, &[logits(graph)], "sensitivity")?;
    let model = file.load(Kernels::Xnnpack)?;
    let mut engine = model.engine()?;
    let mut values = Vec::new();
    for input in inputs {
        engine.run(input)?;
        let logits = file.outputs.tensor(0, engine.as_ref(), input)?;
        values.extend(logits.iter());
    }
    Ok(values)
}

fn inputs(set: &CalibrationSet) -> Result<Vec<Vec<f32>>, JobError> {
    evenly_spaced(set.samples, IMAGES)
        .map(|sample| {
            let mut input = set.images.room();
            set.images.read(set.path(sample), &mut input)?;
            Ok(input)
        })
        .collect()
}
