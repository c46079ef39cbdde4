//! Scales around additions.
//!
//! An addition of two tensors rounds once more what layers have rounded before. With a common scale
//! it adds integers and rounds nothing: an operand that is stored as coarsely as the sum loses less
//! than one that is stored finely and rounded again. With power-of-two scales the second rounding is
//! worse still: half of the sums lie in the middle between two levels, and kernels disagree over
//! where they go (XNNPACK's all upwards, which moves the mean of the sum by a quarter of a step).

use std::collections::HashMap;

use graph::{BinaryOp, Graph, Node, Op, TensorId};

use crate::options::{LayerChanges, Options, SumScales};
use crate::parameters::{ActivationParameters, Candidates};

/// Makes the scales of operands those of their sums. Layers whose range the user has chosen keep
/// theirs.
pub(super) fn align(graph: &Graph, candidates: &mut Candidates, options: &Options) {
    let before = candidates.clone();
    match options.sum_scales {
        SumScales::Own => return,
        SumScales::Operands => align_operands(graph, candidates),
        SumScales::Streams => align_streams(graph, candidates),
    }
    for node in graph.nodes() {
        let changes = options.layers.get(&node.name);
        if changes.is_some_and(LayerChanges::choose_a_range)
            && let Some(chosen) = before.get(&node.output)
        {
            candidates.insert(node.output, *chosen);
        }
    }
}

/// Operands that nothing else reads.
fn align_operands(graph: &Graph, candidates: &mut Candidates) {
    let mut readers: HashMap<TensorId, usize> = HashMap::new();
    for &input in graph.nodes().iter().flat_map(|node| &node.inputs) {
        *readers.entry(input).or_default() += 1;
    }
    // From the last sum, because a sum may be the operand of another.
    for node in graph
        .nodes()
        .iter()
        .rev()
        .filter(|node| is_sum(graph, node))
    {
        let Some(sum) = candidates.get(&node.output).copied() else {
            continue;
        };
        for operand in &node.inputs {
            if let Some(chosen) = candidates.get_mut(operand)
                && readers.get(operand) == Some(&1)
            {
                *chosen = coarsened(*chosen, sum.scale);
            }
        }
    }
}

/// All tensors that additions connect.
fn align_streams(graph: &Graph, candidates: &mut Candidates) {
    let mut streams: Vec<Vec<TensorId>> = Vec::new();
    for node in graph.nodes().iter().filter(|node| is_sum(graph, node)) {
        let mut stream = vec![node.output];
        stream.extend(&node.inputs);
        let touches = |other: &Vec<TensorId>| other.iter().any(|tensor| stream.contains(tensor));
        let (joined, apart): (Vec<_>, Vec<_>) = streams.into_iter().partition(touches);
        stream.extend(joined.into_iter().flatten());
        streams = apart;
        streams.push(stream);
    }
    for stream in streams {
        let scales = stream.iter().filter_map(|tensor| candidates.get(tensor));
        let coarsest = scales.map(|chosen| chosen.scale).fold(0.0, f32::max);
        for tensor in stream {
            if let Some(chosen) = candidates.get_mut(&tensor) {
                *chosen = coarsened(*chosen, coarsest);
            }
        }
    }
}

/// Whether a node adds or subtracts two tensors that vary.
pub fn is_sum(graph: &Graph, node: &Node) -> bool {
    let added = matches!(node.op, Op::Binary(BinaryOp::Add | BinaryOp::Subtract));
    added && node.inputs.iter().all(|&id| graph.constant(id).is_none())
}

/// At least the same range in steps of `scale`, where that is coarser.
fn coarsened(chosen: ActivationParameters, scale: f32) -> ActivationParameters {
    if scale <= chosen.scale {
        return chosen;
    }
    let zero_point = match chosen.is_symmetric() {
        true => chosen.zero_point,
        false => {
            let below_zero = (-chosen.real(-128) / f64::from(scale)).round_ties_even();
            -128 + below_zero as i32
        }
    };
    ActivationParameters { scale, zero_point }
}

#[cfg(test)]
mod tests {
    use graph::{Constant, Window};

    use super::*;

    /// A stream of two sums: `b` joins `a`, then `c` joins the sum. Another layer reads the first sum.
    fn stream() -> (Graph, [TensorId; 5]) {
        let mut graph = Graph::new("test");
        let input = graph.add_input("input", &[1, 4, 4, 2]).unwrap();
        let conv = |graph: &mut Graph, name: &str, input: TensorId| {
            let kernel = graph.add_constant(name, Constant::zeros(vec![2, 1, 1, 2]));
            let op = Op::Conv2d {
                window: Window::UNIT,
                groups: 1,
            };
            graph.add_node(name, op, &[input, kernel]).unwrap()
        };
        let add = Op::Binary(BinaryOp::Add);
        let a = conv(&mut graph, "a", input);
        let b = conv(&mut graph, "b", a);
        let first = graph.add_node("first", add.clone(), &[a, b]).unwrap();
        let c = conv(&mut graph, "c", first);
        let second = graph.add_node("second", add, &[first, c]).unwrap();
        graph.set_outputs(&[second]);
        (graph, [a, b, first, c, second])
    }

    #[test]
    fn operands_come_to_the_steps_of_their_sums() {
        let check = |scales: SumScales, expected: [f32; 5]| {
            let (graph, tensors) = stream();
            let steps = [0.25, 0.125, 0.5, 0.25, 1.0];
            let parameters = |scale| ActivationParameters {
                scale,
                zero_point: 0,
            };
            let chosen = tensors.into_iter().zip(steps.map(parameters));
            let mut candidates: Candidates = chosen.collect();
            let options = Options {
                sum_scales: scales,
                ..Options::default()
            };
            align(&graph, &mut candidates, &options);
            assert_eq!(
                tensors.map(|tensor| candidates[&tensor].scale),
                expected,
                "{scales:?}"
            );
        };
        check(SumScales::Own, [0.25, 0.125, 0.5, 0.25, 1.0]);
        // Layers read `a` and the first sum, too.
        check(SumScales::Operands, [0.25, 0.5, 0.5, 1.0, 1.0]);
        check(SumScales::Streams, [1.0; 5]);
    }

    #[test]
    fn a_coarser_range_covers_the_finer_one() {
        let check = |low: f64, high: f64, scale: f32| {
            let chosen = ActivationParameters::from_ends(low, high);
            let coarse = coarsened(chosen, scale);
            assert_eq!(coarse.scale, scale.max(chosen.scale));
            let step = f64::from(coarse.scale);
            assert!(
                coarse.real(-128) <= chosen.real(-128) + step / 2.0,
                "{coarse:?}"
            );
            assert!(
                coarse.real(127) >= chosen.real(127) - step / 2.0,
                "{coarse:?}"
            );
            assert!((-128..=127).contains(&coarse.zero_point));
        };
        check(-1.0, 3.0, 0.05);
        check(-3.0, 0.0, 0.02);
        check(0.0, 2.0, 0.5);
        check(-1.0, 3.0, 0.001);
    }
}
