//! tract computes what the reference computes, operator by operator.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod operators;

use graph::{Activation, Graph, Op};
use inference::{InferenceError, Model, TractModel};
use operators::check_all;

/// tract approximates some functions by polynomials.
const TOLERANCE: f32 = 1e-5;

#[test]
fn computes_every_operator() {
    check_all(TOLERANCE, |case| {
        run(&case.graph, &case.input).map_err(|error| error.to_string())
    });
}

fn run(graph: &Graph, input: &[f32]) -> Result<Vec<f32>, InferenceError> {
    let model = TractModel::new(graph, graph.outputs())?;
    let mut engine = model.engine()?;
    engine.run(input)?;
    let output = engine.output(0)?;
    let declared = graph.shape(graph.outputs()[0]);
    assert_eq!(engine.output_shapes(), [declared.to_vec()]);
    Ok(output.to_vec())
}

#[test]
fn passes_conversions_of_encoding_on() {
    let mut graph = Graph::new("convert");
    let x = graph.add_input("x", &[1, 1, 1, 2]).unwrap();
    let y = graph.add_node("y", Op::Convert, &[x]).unwrap();
    graph.set_outputs(&[y]);
    assert_eq!(run(&graph, &[0.1, -7.0]).unwrap(), [0.1, -7.0]);
}

fn chain() -> Graph {
    let mut graph = Graph::new("chain");
    let x = graph.add_input("x", &[1, 2, 1, 2]).unwrap();
    let y = graph
        .add_node("y", Op::Activation(Activation::Negate), &[x])
        .unwrap();
    let z = graph
        .add_node("z", Op::Activation(Activation::Square), &[y])
        .unwrap();
    graph.set_outputs(&[z]);
    graph
}

#[test]
fn gives_any_tensors_in_the_order_asked_for() {
    let graph = chain();
    let ids: Vec<_> = graph.tensors().map(|(id, _)| id).collect();
    let model = TractModel::new(&graph, &[ids[2], ids[0], ids[1], ids[2]]).unwrap();
    let mut engine = model.engine().unwrap();
    engine.run(&[1.0, 2.0, 3.0, 4.0]).unwrap();
    let check = |index, expected: [f32; 4]| assert_eq!(*engine.output(index).unwrap(), expected);
    check(0, [1.0, 4.0, 9.0, 16.0]);
    check(1, [1.0, 2.0, 3.0, 4.0]);
    check(2, [-1.0, -2.0, -3.0, -4.0]);
    check(3, [1.0, 4.0, 9.0, 16.0]);
}

#[test]
fn refuses_what_it_cannot_run() {
    let graph = chain();
    let model = TractModel::new(&graph, graph.outputs()).unwrap();
    let mut engine = model.engine().unwrap();
    let absent = InferenceError::NoOutput { index: 0 };
    assert_eq!(engine.output(0).err(), Some(absent));
    let length = InferenceError::InputLength {
        given: 3,
        expected: 4,
    };
    assert_eq!(engine.run(&[0.0; 3]).err(), Some(length));

    let empty = Graph::new("empty");
    let count = InferenceError::InputCount { count: 0 };
    assert_eq!(TractModel::new(&empty, &[]).err(), Some(count));
}
