use std::sync::atomic::AtomicBool;

use graph::{BinaryOp, Constant, FusedActivation, Op, Padding, Window, reference};
use ndarray::{ArrayD, IxDyn};
use tflite::QuantizedValues;

use super::*;
use crate::statistics::{Observer, observations};
use crate::{Options, quantize};

const SHAPE: [usize; 4] = [1, 8, 7, 4];

fn map(image: usize) -> ArrayD<f32> {
    let wave = |seed: f32| (seed * 12.9898).sin();
    ArrayD::from_shape_fn(IxDyn(&SHAPE), |index| {
        let place = (index[1] * 31 + index[2] * 7 + image * 101) as f32;
        wave(place) + 0.7 * wave(place * 1.7 + index[3] as f32 * 5.1)
    })
}

fn constant(shape: &[usize], seed: f32) -> Constant {
    let mut place = seed;
    let value = || {
        place += 1.0;
        (place * 78.233).sin() * 0.3
    };
    ArrayD::from_shape_simple_fn(IxDyn(shape), value).into_shared()
}

/// A convolution of four channels, to which its input is added on demand.
fn graph(is_added: bool, activation: FusedActivation) -> Graph {
    let mut graph = Graph::new("model");
    let input = graph.add_input("input", &SHAPE).unwrap();
    let kernel = graph.add_constant("kernel", constant(&[4, 3, 3, 4], 3.0));
    let bias = graph.add_constant("bias", constant(&[4], 40.0));
    let window = Window {
        padding: Padding::Same,
        ..Window::UNIT
    };
    let op = Op::Conv2d { window, groups: 1 };
    let mut output = graph.add_node("layer", op, &[input, kernel, bias]).unwrap();
    let mut nodes = graph.nodes().to_vec();
    nodes[0].activation = activation;
    graph.set_nodes(nodes);
    if is_added {
        let sum = Op::Binary(BinaryOp::Add);
        output = graph.add_node("sum", sum, &[output, input]).unwrap();
    }
    graph.set_outputs(&[output]);
    graph
}

fn quantized(graph: &Graph) -> QuantizedModel {
    let observations = observations(graph);
    let mut observer = Observer::new(graph, &observations);
    for image in 0..16 {
        let values = reference::evaluate_all(graph, &[map(image).view()]).unwrap();
        for (position, observation) in observations.iter().enumerate() {
            let value = values[observation.tensor.0 as usize].as_ref().unwrap();
            let value = value.as_slice().unwrap();
            observer.observe(position, value, 1).unwrap();
        }
    }
    let (statistics, options) = (observer.finish(), Options::default());
    quantize(
        graph,
        &statistics,
        &options,
        &mut crate::FoundThresholds::default(),
        1,
        &never(),
        &mut |_, _| {},
    )
    .unwrap()
}

fn never() -> AtomicBool {
    AtomicBool::new(false)
}

/// What layers before have made of the input.
fn erring(values: &ArrayD<f32>) -> ArrayD<f32> {
    values.mapv(|value| 0.8 * value + 0.4)
}

/// The study of the layer on some images, of which the quantized model reads `read` and, where it
/// is added, `added`.
fn study(
    graph: &Graph,
    model: &QuantizedModel,
    threads: usize,
    read: impl Fn(&ArrayD<f32>) -> ArrayD<f32>,
    added: impl Fn(&ArrayD<f32>) -> ArrayD<f32>,
) -> LayerStudy {
    let reconstruction = Reconstruction::new(graph, model, 7, threads).unwrap();
    assert_eq!(reconstruction.layers(), 1);
    let mut study = reconstruction.study(0, model, 40).unwrap();
    let count = study.tensors()[0].len();
    for image in 0..40 {
        let x = map(image);
        let (read, added) = (read(&x), added(&x));
        let float = [x.as_slice().unwrap(); 2];
        let quantized = [read.as_slice().unwrap(), added.as_slice().unwrap()];
        let rows = study.take(image, &float[..count], &quantized[..count]);
        assert_ne!(rows, Rows::default());
        study.add(&rows);
    }
    study
}

/// Kernel and bias of the layer as real numbers.
fn stored(model: &QuantizedModel) -> [ArrayD<f32>; 2] {
    let (kernel, bias) = model.kernel_and_bias("layer").unwrap();
    [kernel, bias].map(|tensor| {
        let constant = model.constant(tensor).unwrap();
        let levels: Vec<f32> = match &constant.values {
            QuantizedValues::Int8(values) => values.iter().map(|&v| f32::from(v)).collect(),
            QuantizedValues::Int32(values) => values.iter().map(|&v| v as f32).collect(),
            QuantizedValues::Int64(values) => values.iter().map(|&v| v as f32).collect(),
        };
        let shape = model.graph.shape(tensor);
        let behind: usize = shape[1..].iter().product();
        let real = levels.iter().enumerate();
        let real = real.map(|(at, level)| level * constant.scales[at / behind]);
        ArrayD::from_shape_vec(IxDyn(shape), real.collect()).unwrap()
    })
}

/// Mean squared error of the layer on images that no study has seen.
fn error(graph: &Graph, model: &QuantizedModel) -> f64 {
    let node = &graph.nodes()[0];
    let [kernel, bias] = stored(model);
    let [weights, offsets] = [1, 2].map(|i| graph.constant(node.inputs[i]).unwrap());
    let mut squares = 0.0;
    for image in 100..110 {
        let (x, read) = (map(image), erring(&map(image)));
        let right =
            reference::evaluate_node(node, &[x.view(), weights.view(), offsets.view()]).unwrap();
        let found =
            reference::evaluate_node(node, &[read.view(), kernel.view(), bias.view()]).unwrap();
        let errors = right.iter().zip(&found).map(|(a, b)| f64::from(a - b));
        squares += errors.map(|error| error * error).sum::<f64>();
    }
    squares
}

fn applied(model: &QuantizedModel, replacement: &Replacement) -> QuantizedModel {
    let mut model = model.clone();
    replacement.apply(&mut model);
    model
}

#[test]
fn a_layer_makes_up_for_the_errors_of_what_it_reads() {
    for activation in [FusedActivation::None, FusedActivation::Relu] {
        let graph = graph(false, activation);
        let model = quantized(&graph);
        let study = study(&graph, &model, 1, erring, ArrayD::clone);
        let found = study.fit(&model, &[0.0, 1.0], &never()).unwrap();
        let before = error(&graph, &model);
        let [bias, whole] = [0, 1].map(|which| error(&graph, &applied(&model, &found[which])));
        // The bias takes the mean, and the weights what was lost of the size.
        assert!(bias < 0.8 * before, "{activation:?}: {before} to {bias}");
        assert!(whole < 0.7 * bias, "{activation:?}: {bias} to {whole}");
    }
}

#[test]
fn a_layer_makes_up_for_the_error_of_what_is_added_to_it() {
    let graph = graph(true, FusedActivation::None);
    let model = quantized(&graph);
    let moved = |x: &ArrayD<f32>| x.mapv(|value| value + 0.5);
    let with = |added: &dyn Fn(&ArrayD<f32>) -> ArrayD<f32>| {
        let study = study(&graph, &model, 1, ArrayD::clone, added);
        assert_eq!(study.tensors()[1].len(), 2);
        let found = study.fit(&model, &[1.0], &never()).unwrap();
        stored(&applied(&model, &found[0]))
    };
    let ([_, right], [_, lower]) = (with(&ArrayD::clone), with(&moved));
    for (right, lower) in right.iter().zip(&lower) {
        assert!((right - lower - 0.5).abs() < 1e-3, "{right} {lower}");
    }
}

#[test]
fn positions_beyond_the_stored_range_do_not_count() {
    let graph = graph(false, FusedActivation::Relu);
    let model = quantized(&graph);
    let mut study = study(&graph, &model, 1, ArrayD::clone, ArrayD::clone);
    let mut other = study.rows.clone();
    let weights: Vec<Vec<f32>> = (0..4)
        .map(|output| {
            let layer = &study.layer;
            layer.layout.weights_of(output, &layer.weights).unwrap()
        })
        .collect();
    let mut beyond = 0;
    for (row, patch) in other.patches[0].chunks_exact(36).enumerate() {
        for (output, weights) in weights.iter().enumerate() {
            let present = solve::dot(weights, patch) + study.layer.offsets[output];
            let target = &mut other.targets[row * 4 + output];
            if present < 0.0 && *target < 0.0 {
                *target -= 3.0;
                beyond += 1;
            }
        }
    }
    assert!(beyond > 1000, "{beyond}");
    let found = study.fit(&model, &[1.0], &never()).unwrap();
    study.rows = other;
    assert_eq!(study.fit(&model, &[1.0], &never()).unwrap(), found);
}

#[test]
fn threads_do_not_matter_and_odd_values_are_refused() {
    let graph = graph(false, FusedActivation::None);
    let model = quantized(&graph);
    let found = [1, 3].map(|threads| {
        let study = study(&graph, &model, threads, erring, ArrayD::clone);
        study.fit(&model, &[0.3], &never()).unwrap()
    });
    assert_eq!(found[0], found[1]);
    let reconstruction = Reconstruction::new(&graph, &model, 7, 1).unwrap();
    assert!(reconstruction.study(1, &model, 40).is_none());
    let mut study = reconstruction.study(0, &model, 40).unwrap();
    assert_eq!(study.fit(&model, &[1.0], &never()), Ok(vec![]));
    let cancelled = study.fit(&model, &[1.0], &AtomicBool::new(true));
    assert_eq!(cancelled, Err(QuantizationError::Cancelled));
    let (x, short) = (map(0), [0.0; 3]);
    let x = x.as_slice().unwrap();
    for (float, quantized) in [(&short[..], x), (x, &short[..])] {
        assert_eq!(study.take(0, &[float], &[quantized]), Rows::default());
    }
    assert_eq!(study.take(0, &[], &[]), Rows::default());
    let broken = vec![f32::NAN; x.len()];
    let rows = study.take(0, &[&broken], &[x]);
    study.add(&rows);
    assert_eq!(study.fit(&model, &[1.0], &never()), Ok(vec![]));
}
