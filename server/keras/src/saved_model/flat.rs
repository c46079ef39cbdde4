//! The serving signature as one graph without functions.

use super::attributes::Attributes;
use super::data_type::DataType;

/// The serving signature with every function call replaced by its body.
#[derive(Debug)]
pub(crate) struct FlatGraph<'a> {
    /// Nodes in dependency order; every one is needed for an output or is an input.
    pub(crate) nodes: Vec<FlatNode<'a>>,
    /// Inputs of the signature, sorted by name.
    pub(crate) inputs: Vec<SignatureTensor>,
    /// Outputs of the signature, sorted by name.
    pub(crate) outputs: Vec<SignatureTensor>,
}

/// An input or output of the signature.
#[derive(Debug, Clone)]
pub(crate) struct SignatureTensor {
    /// Its key in the signature.
    pub(crate) name: String,
    /// The tensor.
    pub(crate) port: Port,
    /// Its extents, `None` where one is open; `None` where even their number is.
    pub(crate) shape: Option<Vec<Option<usize>>>,
    /// Type of its elements.
    pub(crate) data_type: DataType,
}

/// An operator.
#[derive(Debug)]
pub(crate) struct FlatNode<'a> {
    /// Path of scopes for people, such as `model/conv1/Conv2D`; not unique where a function is
    /// called several times.
    pub(crate) name: String,
    /// The operator of TensorFlow, or [`VARIABLE`].
    pub(crate) op: String,
    /// What it takes, in order.
    pub(crate) inputs: Vec<Port>,
    /// What else it is told.
    pub(crate) attributes: Attributes<'a>,
}

impl FlatNode<'_> {
    /// Whether the node chooses between the results of two functions. Its inputs are the condition,
    /// the results of the first function, and as many of the second.
    pub(crate) fn is_branch(&self) -> bool {
        is_branch(&self.op)
    }

    /// What is needed to evaluate the node: of a branch the condition, until it is decided.
    pub(crate) fn operands(&self) -> &[Port] {
        match self.is_branch() {
            true => self.inputs.get(..1).unwrap_or(&[]),
            false => &self.inputs,
        }
    }
}

/// Whether an operator calls one of two functions.
pub(crate) fn is_branch(op: &str) -> bool {
    matches!(op, "If" | "StatelessIf")
}

/// Operator of the nodes that stand for the value of a variable.
pub(crate) const VARIABLE: &str = "Variable";

/// An output of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Port {
    /// Position in [`FlatGraph::nodes`].
    pub(crate) node: usize,
    /// Number of the output.
    pub(crate) output: usize,
}
