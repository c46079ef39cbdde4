//! One tiny graph for each operator, with inputs and `int8` encodings, for tests of everything
//! that writes or runs files.

mod elementwise;
mod int8;
mod layout;
mod window;

use graph::{Constant, FusedActivation, Graph, GraphError, Op, TensorId};
use ndarray::{ArrayD, IxDyn};

use crate::{Encodings, KernelTraits};

/// Values between minus one and one.
const UNIT_RANGE: (f32, f32) = (-1.0, 1.0);

/// A graph of one operator, or of the few that belong together.
#[derive(Debug, Clone)]
pub struct Sample {
    /// What is special about it; a file name.
    pub name: &'static str,
    /// The graph.
    pub graph: Graph,
    /// Lowest and highest value of each input.
    pub ranges: Vec<(f32, f32)>,
    /// Whether the runtime has an `int8` kernel for the operator.
    pub has_int8_kernel: bool,
}

impl Sample {
    /// One value for each input of the graph, drawn from its range; equal seeds give equal values.
    pub fn inputs(&self, seed: u64) -> Vec<ArrayD<f32>> {
        let mut values = Values(seed);
        self.graph
            .inputs()
            .iter()
            .zip(&self.ranges)
            .map(|(&id, &range)| values.array(self.graph.shape(id), range))
            .collect()
    }

    /// Encodings that store every activation as `int8` with the range it has over some inputs,
    /// kernels as `int8` for each output channel, biases as `int32`, under the runtime's rules of
    /// equal and fixed scales.
    ///
    /// # Errors
    /// [`GraphError`] when the reference cannot evaluate the graph.
    pub fn int8_encodings(&self) -> Result<Encodings, GraphError> {
        int8::encodings(self)
    }
}

/// All samples.
///
/// # Errors
/// [`GraphError`] when a sample is not a valid graph.
pub fn samples() -> Result<Vec<Sample>, GraphError> {
    let mut samples = Vec::new();
    window::convolutions(&mut samples)?;
    window::depthwise_convolutions(&mut samples)?;
    window::transposed_convolutions(&mut samples)?;
    window::pooling_and_resizing(&mut samples)?;
    layout::products(&mut samples)?;
    elementwise::functions(&mut samples)?;
    elementwise::functions_of_two(&mut samples)?;
    layout::movements(&mut samples)?;
    Ok(samples)
}

/// Pseudo-random values by Marsaglia's xorshift64*.
struct Values(u64);

impl Values {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 40) as f32 / (1u32 << 24) as f32
    }

    fn array(&mut self, shape: &[usize], (low, high): (f32, f32)) -> ArrayD<f32> {
        ArrayD::from_shape_simple_fn(IxDyn(shape), || low + (high - low) * self.next())
    }
}

/// A sample under construction.
struct Draft {
    graph: Graph,
    values: Values,
    ranges: Vec<(f32, f32)>,
}

impl Draft {
    fn input(&mut self, shape: &[usize], range: (f32, f32)) -> Result<TensorId, GraphError> {
        let name = format!("input_{}", self.ranges.len());
        self.ranges.push(range);
        self.graph.add_input(name, shape)
    }

    fn constant(&mut self, name: &str, shape: &[usize], range: (f32, f32)) -> TensorId {
        let value: Constant = self.values.array(shape, range).into_shared();
        self.graph.add_constant(name, value)
    }

    /// Kernel and bias.
    fn weights(&mut self, shape: &[usize], channels: usize) -> [TensorId; 2] {
        [
            self.constant("kernel", shape, (-1.0, 1.0)),
            self.constant("bias", &[channels], (-1.0, 1.0)),
        ]
    }

    fn node(&mut self, op: Op, inputs: &[TensorId]) -> Result<TensorId, GraphError> {
        self.graph.add_node("output", op, inputs)
    }

    /// Lets the last node clamp its output.
    fn clamp(&mut self, activation: FusedActivation) {
        let mut nodes = self.graph.nodes().to_vec();
        if let Some(last) = nodes.last_mut() {
            last.activation = activation;
        }
        self.graph.set_nodes(nodes);
    }
}

/// Adds the sample that a closure drafts; the closure gives its output.
fn add(
    samples: &mut Vec<Sample>,
    name: &'static str,
    draw: impl FnOnce(&mut Draft) -> Result<TensorId, GraphError>,
) -> Result<(), GraphError> {
    let mut draft = Draft {
        graph: Graph::new(name),
        values: Values(0x9e37_79b9_7f4a_7c15),
        ranges: Vec::new(),
    };
    let output = draw(&mut draft)?;
    draft.graph.set_outputs(&[output]);
    let mut operators = draft.graph.nodes().iter().map(|node| node.op.opcode());
    let has_int8_kernel = operators.all(|operator| KernelTraits::of(operator).has_int8());
    samples.push(Sample {
        name,
        graph: draft.graph,
        ranges: draft.ranges,
        has_int8_kernel,
    });
    Ok(())
}
