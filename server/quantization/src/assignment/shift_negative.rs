//! Shift-negative correction: swish and its like are bounded from below, so that half of a signed
//! quantizer's levels would stand for almost nothing.
//!
//! Sony's Model Compression Toolkit adds a constant behind the function, quantizes the sum without
//! sign and subtracts the constant's effect from the next layer's bias. The integers are those of a
//! zero point that many levels above the lowest, which is how TFLite says it: no operator is added,
//! padding stays exact, and the file runs.

use graph::{Activation, BinaryOp, Graph, Node, Op, ReduceOp, TensorId};

use crate::operators::moves_values;
use crate::parameters::{ActivationParameters, Candidates};
use crate::statistics::Statistics;

/// A small negative tail that leaves most of the levels below zero idle.
#[derive(Debug, Clone, PartialEq)]
pub struct NegativeTail {
    /// The output of the function that makes the tail.
    pub tensor: TensorId,
    /// Smallest value.
    pub smallest: f64,
    /// Parameters with half the step for the tensor and for means that are formed of it.
    pub shifted: Vec<(TensorId, ActivationParameters)>,
}

/// The signed tensors behind functions with a small negative tail that only layers with weights
/// read. `parameters` are the present ones, `ratio` is the largest share of the threshold that the
/// tail may have.
pub fn negative_tails(
    graph: &Graph,
    statistics: &Statistics,
    parameters: impl Fn(TensorId) -> Option<ActivationParameters>,
    ratio: f64,
) -> Vec<NegativeTail> {
    let found = |node: &Node| {
        let smallest = match tail(graph, node)? {
            Tail::Bounded(smallest) => smallest,
            Tail::Observed => observed_minimum(statistics, node.output)?,
        };
        if !only_layers_read(graph, node.output) {
            return None;
        }
        // A mean over positions lies within the bounds of what it averages.
        let shifted: Vec<(TensorId, ActivationParameters)> = with_means(graph, node.output)
            .into_iter()
            .filter_map(|tensor| Some((tensor, shifted(parameters(tensor)?, smallest, ratio)?)))
            .collect();
        (!shifted.is_empty()).then_some(NegativeTail {
            tensor: node.output,
            smallest,
            shifted,
        })
    };
    graph.nodes().iter().filter_map(found).collect()
}

/// Doubles the resolution of the tensors that [`negative_tails`] finds.
pub(super) fn shift_negative(
    graph: &Graph,
    statistics: &Statistics,
    parameters: &mut Candidates,
    ratio: f64,
) {
    let present = |tensor| parameters.get(&tensor).copied();
    let tails = negative_tails(graph, statistics, present, ratio);
    parameters.extend(tails.into_iter().flat_map(|tail| tail.shifted));
}

enum Tail {
    /// The function has this minimum.
    Bounded(f64),
    /// The minimum depends on the input.
    Observed,
}

fn tail(graph: &Graph, node: &Node) -> Option<Tail> {
    /// Minimum of `x / (1 + exp(-x))`, at x = -1.278.
    const SWISH: f64 = -0.278_464_542_761_1;
    /// Minimum of `x Phi(x)`, at x = -0.752; the approximation's is -0.17004.
    const GELU: f64 = -0.170_041;
    match &node.op {
        Op::Activation(Activation::Swish) => Some(Tail::Bounded(SWISH)),
        Op::Activation(Activation::HardSwish) => Some(Tail::Bounded(-0.375)),
        Op::Activation(Activation::Gelu { .. }) => Some(Tail::Bounded(GELU)),
        Op::Activation(Activation::Elu) => Some(Tail::Bounded(-1.0)),
        Op::Activation(Activation::LeakyRelu { .. }) | Op::PRelu => Some(Tail::Observed),
        // Swish as it is written for TFLite.
        Op::Binary(BinaryOp::Multiply) => {
            let is_gate = |gate: TensorId, x: TensorId| {
                graph.producer(gate).is_some_and(|producer| {
                    let producer = graph.node(producer);
                    producer.op == Op::Activation(Activation::Sigmoid) && producer.input() == x
                })
            };
            let &[a, b] = node.inputs.as_slice() else {
                return None;
            };
            (is_gate(b, a) || is_gate(a, b)).then_some(Tail::Bounded(SWISH))
        }
        _ => None,
    }
}

fn observed_minimum(statistics: &Statistics, tensor: TensorId) -> Option<f64> {
    statistics.tensor(tensor).map(|seen| f64::from(seen.min))
}

/// Unsigned parameters with the same threshold whose lowest level reaches down to `smallest`.
fn shifted(
    signed: ActivationParameters,
    smallest: f64,
    ratio: f64,
) -> Option<ActivationParameters> {
    let threshold = f64::from(signed.scale) * 128.0;
    let small = smallest < 0.0 && -smallest <= ratio * threshold;
    (signed.zero_point == 0 && small).then(|| {
        let scale = threshold / 256.0;
        ActivationParameters {
            scale: scale as f32,
            zero_point: -128 + (-smallest / scale).ceil() as i32,
        }
    })
}

/// Whether nothing but layers with weights reads a tensor, directly or through operators that
/// neither mix nor rescale channels.
fn only_layers_read(graph: &Graph, tensor: TensorId) -> bool {
    let mut readers = graph.readers(tensor).peekable();
    !graph.outputs().contains(&tensor)
        && readers.peek().is_some()
        && readers.all(|reader| {
            reader.op.has_kernel()
                || (passes_on(&reader.op) && only_layers_read(graph, reader.output))
        })
}

fn passes_on(op: &Op) -> bool {
    moves_values(op) || is_mean(op)
}

fn is_mean(op: &Op) -> bool {
    matches!(
        op,
        Op::Reduce {
            kind: ReduceOp::Mean,
            ..
        }
    )
}

/// A tensor and the means that are formed of it.
fn with_means(graph: &Graph, tensor: TensorId) -> Vec<TensorId> {
    let mut found = vec![tensor];
    for node in graph.nodes() {
        if passes_on(&node.op) && found.contains(&node.input()) {
            found.push(node.output);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_tail_doubles_the_resolution() {
        let check = |scale: f32, zero_point: i32, smallest: f64, expected: Option<(f32, i32)>| {
            let signed = ActivationParameters { scale, zero_point };
            let found = shifted(signed, smallest, 0.05).map(|p| (p.scale, p.zero_point));
            assert_eq!(found, expected);
        };
        // Threshold 8: steps of 1/32, of which nine reach below -0.2785.
        check(0.0625, 0, -0.2785, Some((0.03125, -119)));
        check(0.0625, 0, -0.28125, Some((0.03125, -119)));
        check(0.0625, 0, -0.282, Some((0.03125, -118)));
        // Too large a tail, nothing negative, and a tensor without sign.
        check(0.03125, 0, -0.2785, None);
        check(0.0625, 0, 0.0, None);
        check(0.0625, -128, -0.2785, None);
    }
}
