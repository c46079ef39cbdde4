//! Scale and zero point of every activation tensor, under TFLite's rules: some outputs have fixed
//! parameters, some operators hand their input's parameters on, and some want the same parameters
//! everywhere.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use graph::{BinaryOp, Graph, Node, NodeId, Op, TensorId, passes};
use rayon::prelude::*;
use tflite::{KernelTraits, Scales};

use crate::activations;
use crate::found::FoundThresholds;
use crate::options::{Options, Precision};
use crate::parameters::ActivationParameters;
use crate::precision;
use crate::quantize::QuantizationError;
use crate::shift_negative::shift_negative;
use crate::statistics::{Statistics, moves_values};
use crate::storage::{Storage, Storages};
use crate::sums;

/// 8-bit parameters that the values of each tensor ask for.
pub(crate) type Candidates = HashMap<TensorId, ActivationParameters>;

/// How the tensors of a model are stored.
pub(crate) struct Assignment {
    /// Storage of every activation tensor.
    pub(crate) storages: Storages,
    /// 8-bit parameters at the model's ends, in whatever it computes inside.
    pub(crate) ends: Ends,
}

/// 8-bit parameters of the inputs and outputs of a model.
pub(crate) struct Ends {
    pub(crate) inputs: Vec<ActivationParameters>,
    pub(crate) outputs: Vec<ActivationParameters>,
}

/// Gives a storage to every activation tensor of a prepared graph. Where an operator needs its
/// operands at one scale and they cannot all take it from the start, or in another precision, a
/// conversion is inserted.
pub(crate) fn assign(
    graph: &mut Graph,
    statistics: &Statistics,
    options: &Options,
    found: &mut FoundThresholds,
    cancelled: &AtomicBool,
) -> Result<Assignment, QuantizationError> {
    let mut candidates = chosen_parameters(graph, statistics, options, found, cancelled)?;
    if options.input_scaling {
        scale_inputs(graph, statistics, &mut candidates);
    }
    if let Some(ratio) = options.shift_negative_ratio {
        shift_negative(graph, statistics, &mut candidates, ratio);
    }
    sums::align(graph, &mut candidates, options);
    let mut storages = Storages::new();
    for &input in graph.inputs() {
        let chosen = candidates.get(&input).copied();
        let chosen = chosen.ok_or_else(|| not_observed(graph, input))?;
        storages.insert(input, Storage::Int8(chosen));
    }
    let context = precision::Context {
        statistics,
        candidates: &candidates,
        power_of_two: options.activations.method == crate::ActivationMethod::PowerOfTwo,
    };
    let mut converted = HashMap::new();
    let mut index = 0;
    while index < graph.nodes().len() {
        let wanted = precision::of_node(graph, &graph.nodes()[index], &storages, options)?;
        index += context.convert_operands(graph, &mut storages, index, wanted, &mut converted)?;
        let node = &graph.nodes()[index];
        let output = node.output;
        let chosen = match wanted {
            Precision::Float => Storage::Float,
            Precision::Int16 => context.wide(graph, node, &storages)?,
            Precision::Int8 => Storage::Int8(narrow(graph, node, &storages, &candidates)?),
        };
        if wants_equal_parameters(&node.op) && wanted != Precision::Float {
            for operand in 0..graph.nodes()[index].inputs.len() {
                index += equalize(graph, &mut storages, index, operand, chosen);
            }
        }
        storages.insert(output, chosen);
        index += 1;
    }
    remove_saturated(graph, &storages);
    let narrowed = |tensors: &[TensorId]| -> Result<Vec<ActivationParameters>, _> {
        let tensors = tensors.iter();
        let all = tensors.map(|&tensor| context.narrowed(graph, tensor, &storages));
        all.collect()
    };
    let ends = Ends {
        inputs: narrowed(graph.inputs())?,
        outputs: narrowed(graph.outputs())?,
    };
    Ok(Assignment { storages, ends })
}

/// Parameters of a node's output in 8 bits.
fn narrow(
    graph: &Graph,
    node: &Node,
    storages: &Storages,
    candidates: &Candidates,
) -> Result<ActivationParameters, QuantizationError> {
    let chosen = match &node.op {
        op if moves_values(op) => match storages.get(&node.inputs[0]) {
            Some(Storage::Int8(parameters)) => Some(*parameters),
            _ => None,
        },
        op => fixed_parameters(op),
    };
    let chosen = chosen.or_else(|| candidates.get(&node.output).copied());
    let chosen = chosen.ok_or_else(|| not_observed(graph, node.output))?;
    Ok(bounded(graph, node, chosen))
}

/// Lets the range of an input end at its largest magnitude, where only layers with weights read it
/// and the range is larger (the input scaling of Sony's Model Compression Toolkit, which scales
/// the weights and leaves scaling the input to the user; here the input's scale says it).
fn scale_inputs(graph: &Graph, statistics: &Statistics, parameters: &mut Candidates) {
    for input in graph.inputs() {
        let mut readers = graph.nodes().iter().filter(|n| n.inputs.contains(input));
        let (Some(seen), true) = (
            statistics.tensor(*input),
            readers.all(|reader| reader.op.has_kernel()),
        ) else {
            continue;
        };
        let largest = f64::from(seen.max.max(-seen.min));
        if let Some(chosen) = parameters.get_mut(input) {
            let highest = match chosen.zero_point {
                0 => 127.0,
                _ => 255.0,
            };
            let exact = (largest / highest) as f32;
            if largest > 0.0 && exact < chosen.scale && chosen.is_symmetric() {
                chosen.scale = exact;
            }
        }
    }
}

/// Removes minima with a constant that lies at the end of the other operand's range or above it:
/// saturation has taken it already.
fn remove_saturated(graph: &mut Graph, storages: &Storages) {
    let saturated = |graph: &Graph, node: &Node| {
        let constant = graph.constant(*node.inputs.get(1)?)?;
        let bound = constant.iter().copied().reduce(f32::min)?;
        let x = node.inputs[0];
        let Storage::Int8(parameters) = storages.get(&x)? else {
            return None;
        };
        // Whether the constant is stored as the highest level.
        let highest = (bound / parameters.scale).round() + parameters.zero_point as f32 >= 127.0;
        (node.op == Op::Binary(BinaryOp::Minimum)
            && highest
            && storages.get(&x) == storages.get(&node.output)
            && graph.shape(x) == graph.shape(node.output)
            && !graph.outputs().contains(&node.output))
        .then_some((node.output, x))
    };
    let mut kept = Vec::with_capacity(graph.nodes().len());
    let mut replaced = HashMap::new();
    for node in graph.nodes() {
        match saturated(graph, node) {
            Some((output, x)) => {
                replaced.insert(output, *replaced.get(&x).unwrap_or(&x));
            }
            None => kept.push(node.clone()),
        }
    }
    for input in kept.iter_mut().flat_map(|node| &mut node.inputs) {
        *input = *replaced.get(input).unwrap_or(input);
    }
    graph.set_nodes(kept);
}

/// Parameters that TFLite's specification fixes for an operator's output.
pub(crate) fn fixed_parameters(op: &Op) -> Option<ActivationParameters> {
    match KernelTraits::of(op.opcode()).scales {
        Scales::Fixed { scale, zero_point } => Some(ActivationParameters { scale, zero_point }),
        Scales::Own | Scales::OfInput | Scales::Equal => None,
    }
}

/// Where the minimum with a power of two is taken, no threshold is larger than that, although the
/// bound itself is then one step too much.
fn bounded(graph: &Graph, node: &Node, chosen: ActivationParameters) -> ActivationParameters {
    let constants = node.inputs.iter().filter_map(|&id| graph.constant(id));
    let bound = constants.flatten().copied().reduce(f32::min);
    let signed = chosen.zero_point == 0;
    let threshold = chosen.scale * if signed { 128.0 } else { 256.0 };
    match bound {
        Some(bound)
            if node.op == Op::Binary(BinaryOp::Minimum)
                && chosen.is_symmetric()
                && (0.0..threshold).contains(&bound)
                && is_power_of_two(bound) =>
        {
            ActivationParameters::from_threshold(f64::from(bound), signed)
        }
        _ => chosen,
    }
}

fn is_power_of_two(value: f32) -> bool {
    value > 0.0 && value.log2().fract() == 0.0
}

fn wants_equal_parameters(op: &Op) -> bool {
    KernelTraits::of(op.opcode()).scales == Scales::Equal
}

/// Parameters that the values of each tensor ask for, where an operator does not decide.
fn chosen_parameters(
    graph: &Graph,
    statistics: &Statistics,
    options: &Options,
    found: &mut FoundThresholds,
    cancelled: &AtomicBool,
) -> Result<Candidates, QuantizationError> {
    let computed = graph
        .nodes()
        .iter()
        .filter(|node| !moves_values(&node.op) && fixed_parameters(&node.op).is_none())
        .map(|node| (node.output, options.layer(node).activations));
    let inputs = graph
        .inputs()
        .iter()
        .map(|&input| (input, options.input(&graph.tensor(input).name)));
    let tensors: Vec<_> = inputs.chain(computed).collect();
    let known = &*found;
    let chosen: Vec<_> = tensors
        .into_par_iter()
        .map(|(tensor, settings)| {
            if cancelled.load(Ordering::Relaxed) {
                return Err(QuantizationError::Cancelled);
            }
            let observed = statistics.shared(tensor);
            let observed = observed.ok_or_else(|| not_observed(graph, tensor))?;
            let parameters = known.range(observed, &settings);
            let parameters =
                parameters.unwrap_or_else(|| activations::parameters(observed, &settings));
            Ok((tensor, (observed.clone(), settings, parameters)))
        })
        .collect::<Result<_, QuantizationError>>()?;
    let candidates = chosen
        .iter()
        .map(|(tensor, (_, _, parameters))| (*tensor, *parameters))
        .collect();
    found.keep_ranges(chosen.into_iter().map(|(_, range)| range).collect());
    Ok(candidates)
}

pub(crate) fn not_observed(graph: &Graph, tensor: TensorId) -> QuantizationError {
    QuantizationError::NotObserved {
        layer: graph.tensor(tensor).name.clone(),
    }
}

/// Makes an operand have the parameters that its reader wants. Returns by how many places the
/// reader moved back.
fn equalize(
    graph: &mut Graph,
    storages: &mut Storages,
    index: usize,
    operand: usize,
    wanted: Storage,
) -> usize {
    let tensor = graph.nodes()[index].inputs[operand];
    if graph.constant(tensor).is_some() {
        storages.insert(tensor, wanted);
        return 0;
    }
    if storages.get(&tensor) == Some(&wanted) || retarget(graph, storages, tensor, wanted) {
        return 0;
    }
    let converted = passes::convert_operand(graph, NodeId(index as u32), operand);
    storages.insert(converted, wanted);
    1
}

/// Lets the producer of a tensor write it with other parameters from the start, if nothing else
/// depends on the present ones.
fn retarget(graph: &Graph, storages: &mut Storages, tensor: TensorId, wanted: Storage) -> bool {
    let readers = graph
        .nodes()
        .iter()
        .flat_map(|node| &node.inputs)
        .filter(|&&input| input == tensor)
        .count();
    let producer = graph.nodes().iter().find(|node| node.output == tensor);
    let Some(producer) = producer.filter(|_| readers == 1 && !graph.outputs().contains(&tensor))
    else {
        return false;
    };
    let op = &producer.op;
    let same_precision = storages.get(&tensor).map(|s| s.precision()) == Some(wanted.precision());
    let free = if !same_precision {
        false
    } else if moves_values(op) {
        retarget(graph, storages, producer.inputs[0], wanted)
    } else {
        fixed_parameters(op).is_none() && !wants_equal_parameters(op)
    };
    if free {
        storages.insert(tensor, wanted);
    }
    free
}
