use std::sync::atomic::AtomicBool;

use graph::{Constant, Graph, Op, Padding, TensorId, Window, reference};
use ndarray::{ArrayD, Dimension, IxDyn};
use tflite::{ElementType, QuantizedValues};

use super::*;
use crate::patches::PatchLayout;
use crate::statistics::{Observer, Statistics, observations};
use crate::{FoundThresholds, Options, Precision, QuantizationError, QuantizedModel, quantize};

/// Maps of eight channels that have much in common, as channels of trained networks have.
fn map(image: usize, shape: &[usize]) -> ArrayD<f32> {
    let wave = |seed: f32| (seed * 12.9898).sin();
    ArrayD::from_shape_fn(IxDyn(shape), |index| {
        let place = (index[1] * 31 + index[2] * 7 + image * 101) as f32;
        let channel = index[3] as f32;
        1.0 + wave(place) + 0.3 * wave(place * 1.7 + channel * 5.1)
    })
}

fn constant(shape: &[usize], seed: f32) -> Constant {
    let mut place = seed;
    ArrayD::from_shape_fn(IxDyn(shape), |_| {
        place += 1.0;
        (place * 78.233).sin() * 0.3
    })
    .into_shared()
}

/// A graph of one layer on an 8 x 7 map.
fn layer(op: Op, kernel: &[usize], channels: usize) -> Graph {
    let mut graph = Graph::new("model");
    let input = match op {
        Op::FullyConnected => graph.add_input("input", &[3, channels]).unwrap(),
        _ => graph.add_input("input", &[1, 8, 7, channels]).unwrap(),
    };
    let outputs = match op {
        Op::DepthwiseConv2d { .. } => kernel[3],
        _ => kernel[0],
    };
    let weights = graph.add_constant("kernel", constant(kernel, 3.0));
    let bias = graph.add_constant("bias", constant(&[outputs], 40.0));
    let output = graph
        .add_node("layer", op, &[input, weights, bias])
        .unwrap();
    graph.set_outputs(&[output]);
    graph
}

const STRIDED: Window = Window {
    stride: [2, 1],
    dilation: [1, 1],
    padding: Padding::Same,
};

const DILATED: Window = Window {
    stride: [1, 1],
    dilation: [2, 2],
    padding: Padding::Valid,
};

fn conv(window: Window, groups: usize) -> Op {
    Op::Conv2d { window, groups }
}

fn depthwise(window: Window, multiplier: usize) -> Op {
    Op::DepthwiseConv2d { window, multiplier }
}

#[test]
fn patches_times_weights_are_what_the_layer_computes() {
    let check = |op: Op, kernel: &[usize], channels: usize| {
        let graph = layer(op, kernel, channels);
        let node = &graph.nodes()[0];
        let [weights, bias] = [1, 2].map(|i| graph.constant(node.inputs[i]).unwrap().clone());
        let shape = graph.shape(node.inputs[0]).to_vec();
        let input = match shape.len() {
            2 => constant(&shape, 9.0).to_owned().into_dyn(),
            _ => map(0, &shape),
        };
        let operands = [input.view(), weights.view(), bias.view()];
        let expected = reference::evaluate_node(node, &operands).unwrap();
        let layout = PatchLayout::of(&graph, node).unwrap();
        let positions = layout.draw(1000, 0, 0);
        let means: Vec<f64> = (0..channels).map(|channel| channel as f64).collect();
        let values = input.as_slice().unwrap();
        let patches = layout.patches(values, &means, &positions);
        let zeros = layout.patches(&vec![0.0; values.len()], &means, &positions);
        let weights = weights.as_slice().unwrap();
        let (size, count) = (layout.size(), positions.len());
        assert_eq!(count * layout.outputs(), expected.len(), "{node:?}");
        for (index, &expected) in expected.iter().enumerate() {
            let (position, output) = (index / layout.outputs(), index % layout.outputs());
            let first = (layout.group_of(output) * count + position) * size;
            let places = layout.places(output).enumerate();
            let found: f32 = places
                .map(|(tap, place)| {
                    let read = patches[first + tap] - zeros[first + tap];
                    weights[place] * read
                })
                .sum();
            let expected = expected - bias[output];
            assert!(
                (found - expected).abs() < 1e-4,
                "{found} {expected} {node:?}"
            );
        }
        assert!(layout.patches(&values[1..], &means, &positions).is_empty());
    };
    check(conv(Window::UNIT, 1), &[5, 1, 1, 4], 4);
    check(conv(STRIDED, 1), &[5, 3, 3, 4], 4);
    check(conv(DILATED, 2), &[6, 3, 2, 2], 4);
    check(depthwise(STRIDED, 1), &[1, 3, 3, 4], 4);
    check(depthwise(DILATED, 2), &[1, 2, 3, 8], 4);
    check(Op::FullyConnected, &[5, 6], 6);
}

/// Mean squared error of a layer with its weights and bias as they are stored, on maps that
/// nothing was learned from, and the mean of the errors.
fn errors(graph: &Graph, model: &QuantizedModel) -> (f64, f64) {
    let node = &graph.nodes()[0];
    let (kernel, bias) = model.kernel_and_bias("layer").unwrap();
    let stored = |tensor: TensorId, axis: usize| {
        let constant = model.constant(tensor).unwrap();
        let levels: Vec<f64> = match &constant.values {
            QuantizedValues::Int8(values) => values.iter().map(|&v| f64::from(v)).collect(),
            QuantizedValues::Int32(values) => values.iter().map(|&v| f64::from(v)).collect(),
            QuantizedValues::Int64(values) => values.iter().map(|&v| v as f64).collect(),
        };
        let shape = model.graph.shape(tensor);
        ArrayD::from_shape_fn(IxDyn(shape), |index| {
            let position = index.slice().iter().zip(shape);
            let at = position.fold(0, |at, (index, extent)| at * extent + index);
            (levels[at] * f64::from(constant.scales[index[axis]])) as f32
        })
    };
    let axis = model.constant(kernel).unwrap().axis;
    let (rounded_kernel, rounded_bias) = (stored(kernel, axis), stored(bias, 0));
    let [weights, float_bias] = [1, 2].map(|i| graph.constant(node.inputs[i]).unwrap().clone());
    let (mut squares, mut sum, mut count) = (0.0, 0.0, 0.0);
    for image in 100..110 {
        let x = map(image, graph.shape(node.inputs[0]));
        let run = |kernel: ndarray::ArrayViewD<f32>, bias: ndarray::ArrayViewD<f32>| {
            reference::evaluate_node(node, &[x.view(), kernel, bias]).unwrap()
        };
        let float = run(weights.view(), float_bias.view());
        let rounded = run(rounded_kernel.view(), rounded_bias.view());
        for (float, rounded) in float.iter().zip(&rounded) {
            let error = f64::from(rounded - float);
            squares += error * error;
            sum += error;
            count += 1.0;
        }
    }
    (squares / count, sum / count)
}

/// Statistics of sixteen maps, and what the kernel of the layer reads there.
fn study(graph: &Graph, options: &Options, seed: u64) -> (Statistics, PatchMoments) {
    let input = graph.inputs()[0];
    let observations = observations(graph);
    let mut observer = Observer::new(graph, &observations);
    let maps: Vec<ArrayD<f32>> = (0..16)
        .map(|image| map(image, graph.shape(input)))
        .collect();
    for x in &maps {
        let values = reference::evaluate_all(graph, &[x.view()]).unwrap();
        for (position, observation) in observations.iter().enumerate() {
            let value = values[observation.tensor.0 as usize].as_ref().unwrap();
            observer
                .observe(position, value.as_slice().unwrap(), 1)
                .unwrap();
        }
    }
    let statistics = observer.finish();
    let (mut parts, left_out) = PatchMoments::parts(graph, &statistics, options, seed, 2).unwrap();
    assert_eq!((parts.len(), left_out.len()), (1, 0));
    let mut moments = parts.remove(0);
    let sampler = moments.sampler();
    assert_eq!(sampler.tensors(), [input]);
    for (image, x) in maps.iter().enumerate() {
        let mut patches = Patches::default();
        sampler.take(input, image, x.as_slice().unwrap(), &mut patches);
        moments.add(&patches);
    }
    (statistics, moments)
}

fn never() -> AtomicBool {
    AtomicBool::new(false)
}

fn quantized(graph: &Graph, statistics: &Statistics, options: &Options) -> QuantizedModel {
    quantize(
        graph,
        statistics,
        options,
        &mut FoundThresholds::default(),
        1,
        &never(),
        &mut |_, _| {},
    )
    .unwrap()
}

fn rounded(graph: &Graph, options: &Options) -> [QuantizedModel; 2] {
    let (statistics, moments) = study(graph, options, 7);
    let nearest = quantized(graph, &statistics, options);
    let mut better = nearest.clone();
    moments
        .round(&mut better, options, &never(), &mut |_, _| {})
        .unwrap();
    [nearest, better]
}

#[test]
fn the_layer_errs_less_on_other_images() {
    let check = |op: Op, kernel: &[usize], options: &Options, share: f64| {
        let graph = layer(op, kernel, 8);
        let [nearest, better] = rounded(&graph, options);
        let ((before, _), (after, mean)) = (errors(&graph, &nearest), errors(&graph, &better));
        let name = graph.nodes()[0].op.name();
        assert!(after < share * before, "{name}: {before} to {after}");
        assert!(mean * mean < 0.1 * after, "{name}: mean error {mean}");
        let (id, _) = better.kernel_and_bias("layer").unwrap();
        let [before, after] = [&nearest, &better].map(|model| model.constant(id).unwrap());
        assert_eq!(before.scales, after.scales);
        let (QuantizedValues::Int8(before), QuantizedValues::Int8(after)) =
            (&before.values, &after.values)
        else {
            panic!("the kernel has {:?}", ElementType::Int8);
        };
        assert_ne!(before, after);
        assert!(before.iter().zip(after).all(|(a, b)| a.abs_diff(*b) <= 1));
    };
    let default = Options::default();
    check(conv(Window::UNIT, 1), &[6, 1, 1, 8], &default, 0.5);
    check(conv(STRIDED, 1), &[6, 3, 3, 8], &default, 0.5);
    check(conv(DILATED, 2), &[6, 3, 3, 4], &default, 0.5);
    check(depthwise(Window::UNIT, 1), &[1, 3, 3, 8], &default, 0.9);
    let as_measured = Options {
        bias_correction: false,
        ..Options::default()
    };
    check(conv(STRIDED, 1), &[6, 3, 3, 8], &as_measured, 0.2);
    let wide = Options {
        precisions: [("layer".to_owned(), Precision::Int16)].into(),
        ..Options::default()
    };
    check(conv(STRIDED, 1), &[6, 3, 3, 8], &wide, 0.5);
}

#[test]
fn positions_depend_on_the_seed_alone() {
    let graph = layer(conv(Window::UNIT, 1), &[6, 1, 1, 8], 8);
    let layout = PatchLayout::of(&graph, &graph.nodes()[0]).unwrap();
    let drawn = layout.draw(10, 1, 0);
    assert_eq!(drawn, layout.draw(10, 1, 0));
    assert!(drawn.is_sorted() && drawn.len() == 10);
    assert_ne!(drawn, layout.draw(10, 2, 0));
    assert_ne!(drawn, layout.draw(10, 1, 1));
    assert_eq!(layout.draw(100, 1, 0), (0..56).collect::<Vec<_>>());
}

#[test]
fn what_is_cancelled_or_float_stays() {
    let graph = layer(conv(STRIDED, 1), &[6, 3, 3, 8], 8);
    let options = Options::default();
    let (statistics, moments) = study(&graph, &options, 7);
    let mut model = quantized(&graph, &statistics, &options);
    let cancelled = AtomicBool::new(true);
    let result = moments.round(&mut model, &options, &cancelled, &mut |_, _| {});
    assert_eq!(result, Err(QuantizationError::Cancelled));
    let float = Options {
        precisions: [("layer".to_owned(), Precision::Float)].into(),
        ..Options::default()
    };
    let mut model = quantized(&graph, &statistics, &float);
    moments
        .round(&mut model, &float, &never(), &mut |_, _| {})
        .unwrap();
    assert!(
        model
            .kernel_and_bias("layer")
            .is_none_or(|(kernel, _)| model.constant(kernel).is_none())
    );
}

#[test]
fn layers_share_parts_and_the_largest_are_left_out() {
    let mut graph = Graph::new("model");
    let mut x = graph.add_input("input", &[1, 4000]).unwrap();
    // Matrices of 16, 36 and 16 million entries, and one of 81 million.
    for (name, size, next) in [
        ("a", 4000, 6000),
        ("b", 6000, 4000),
        ("c", 4000, 9000),
        ("d", 9000, 2),
    ] {
        let kernel = ndarray::ArcArray::<f32, _>::zeros(IxDyn(&[next, size]));
        let kernel = graph.add_constant(format!("{name}/kernel"), kernel);
        x = graph
            .add_node(name, Op::FullyConnected, &[x, kernel])
            .unwrap();
    }
    graph.set_outputs(&[x]);
    let (parts, left_out) =
        PatchMoments::parts(&graph, &Statistics::default(), &Options::default(), 0, 1).unwrap();
    let names: Vec<Vec<&str>> = parts
        .iter()
        .map(|part| {
            part.sampler
                .layers
                .iter()
                .map(|layer| layer.name.as_str())
                .collect()
        })
        .collect();
    assert_eq!(names, [vec!["a", "b"], vec!["c"]]);
    assert_eq!(left_out, ["d"]);
}
