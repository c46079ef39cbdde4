//! A tiny graph for each operator, in the variants that an engine can get wrong, with weights and
//! an input drawn from a seeded generator, and the reference to compare with.

mod layout;
mod values;
mod windows;

use graph::{Constant, FusedActivation, Graph, Op, TensorId, reference};
use ndarray::{ArrayD, IxDyn};

/// A graph with one input.
pub struct Case {
    /// What is special about it.
    pub name: String,
    /// The graph.
    pub graph: Graph,
    /// The input, in row-major order.
    pub input: Vec<f32>,
}

impl Case {
    /// What the reference computes, one tensor for each output of the graph.
    pub fn expected(&self) -> Vec<ArrayD<f32>> {
        let shape = self.graph.shape(self.graph.inputs()[0]);
        let input = ArrayD::from_shape_vec(IxDyn(shape), self.input.clone()).unwrap();
        reference::evaluate(&self.graph, &[input.view()]).unwrap()
    }
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    windows::add_cases(&mut cases);
    values::add_cases(&mut cases);
    layout::add_cases(&mut cases);
    cases
}

/// Runs every case, and fails with the names of those that give another result than the reference
/// or none.
pub fn check_all(tolerance: f32, run: impl Fn(&Case) -> Result<Vec<f32>, String>) {
    let failures: Vec<String> = cases()
        .iter()
        .filter_map(|case| {
            let problem = match run(case) {
                Ok(found) => {
                    let error = relative_error(&found, &case.expected()[0]);
                    (error > tolerance).then(|| format!("error {error:e}"))
                }
                Err(problem) => Some(problem),
            };
            problem.map(|problem| format!("{}: {problem}", case.name))
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The largest difference, in units of the largest expected magnitude (at least one).
pub fn relative_error(found: &[f32], expected: &ArrayD<f32>) -> f32 {
    assert_eq!(found.len(), expected.len(), "number of elements");
    let scale = expected.iter().fold(1.0f32, |most, x| most.max(x.abs()));
    let differences = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    // A NaN must not pass as a small difference.
    differences.fold(
        0.0,
        |most: f32, difference| {
            if difference <= most { most } else { difference }
        },
    ) / scale
}

/// A case under construction.
pub struct Draft {
    pub graph: Graph,
    random: Random,
}

impl Draft {
    /// A constant between -1 and 1.
    pub fn weights(&mut self, shape: &[usize]) -> TensorId {
        self.weights_between(shape, -1.0, 1.0)
    }

    /// A constant between two bounds.
    pub fn weights_between(&mut self, shape: &[usize], least: f32, most: f32) -> TensorId {
        let random = &mut self.random;
        let value = Constant::from_shape_simple_fn(IxDyn(shape), || random.between(least, most));
        let name = format!("weights_{}", self.graph.tensors().count());
        self.graph.add_constant(name, value)
    }

    /// The output of a new node.
    pub fn node(&mut self, op: Op, inputs: &[TensorId]) -> TensorId {
        let name = format!("node_{}", self.graph.nodes().len());
        self.graph.add_node(name, op, inputs).unwrap()
    }

    /// Clamps the output of the last node.
    pub fn clamp(&mut self, activation: FusedActivation) {
        let mut nodes = self.graph.nodes().to_vec();
        nodes.last_mut().unwrap().activation = activation;
        self.graph.set_nodes(nodes);
    }
}

/// Adds a case with an input between -2 and 2; `draw` adds the nodes and gives the output.
pub fn add(
    cases: &mut Vec<Case>,
    name: impl Into<String>,
    input_shape: &[usize],
    draw: impl FnOnce(&mut Draft, TensorId) -> TensorId,
) {
    add_with_input(cases, name, input_shape, (-2.0, 2.0), draw);
}

/// Adds a case with an input between two bounds.
pub fn add_with_input(
    cases: &mut Vec<Case>,
    name: impl Into<String>,
    input_shape: &[usize],
    (least, most): (f32, f32),
    draw: impl FnOnce(&mut Draft, TensorId) -> TensorId,
) {
    let name = name.into();
    let mut draft = Draft {
        graph: Graph::new(name.clone()),
        random: Random(cases.len() as u32 + 1),
    };
    let input = draft.graph.add_input("input", input_shape).unwrap();
    let output = draw(&mut draft, input);
    draft.graph.set_outputs(&[output]);
    let elements = input_shape.iter().product();
    let values = (0..elements).map(|_| draft.random.between(least, most));
    cases.push(Case {
        name,
        input: values.collect(),
        graph: draft.graph,
    });
}

/// The linear congruential generator of Numerical Recipes; only its upper bits are used.
struct Random(u32);

impl Random {
    fn between(&mut self, least: f32, most: f32) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        least + (most - least) * (self.0 >> 8) as f32 / (1 << 24) as f32
    }
}
