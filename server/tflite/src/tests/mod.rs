mod errors;
mod hostile;
mod round_trip;

use graph::{Activation, Graph, Op, TensorId};

use crate::samples::{Sample, samples};
use crate::{Encodings, WriteOptions, write};

fn write_plainly(graph: &Graph, encodings: &Encodings) -> Vec<u8> {
    write(graph, encodings, &WriteOptions::default()).unwrap()
}

/// The float file of every sample, and the `int8` file of those that have a kernel.
fn files() -> Vec<(Sample, Encodings, Vec<u8>)> {
    let mut files = Vec::new();
    for sample in samples().unwrap() {
        let float = Encodings::float();
        let bytes = write_plainly(&sample.graph, &float);
        files.push((sample.clone(), float, bytes));
        if sample.has_int8_kernel {
            let int8 = sample.int8_encodings().unwrap();
            let bytes = write_plainly(&sample.graph, &int8);
            files.push((sample, int8, bytes));
        }
    }
    files
}

/// `input -> relu -> tanh`, with the three tensors.
fn chain() -> (Graph, [TensorId; 3]) {
    let mut graph = Graph::new("chain");
    let x = graph.add_input("x", &[1, 4]).unwrap();
    let y = graph
        .add_node("y", Op::Activation(Activation::Relu), &[x])
        .unwrap();
    let z = graph
        .add_node("z", Op::Activation(Activation::Tanh), &[y])
        .unwrap();
    graph.set_outputs(&[z]);
    (graph, [x, y, z])
}
