use ndarray::{ArcArray, IxDyn};

use crate::{FusedActivation, GraphError, Op, output_shape};

/// Weights: shared, so that copies of a graph and its passes do not copy them.
pub type Constant = ArcArray<f32, IxDyn>;

/// Index of a tensor in its graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TensorId(pub u32);

/// Index of a node in its graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

/// A value that nodes read and write.
#[derive(Debug, Clone)]
pub struct Tensor {
    /// Unique name; the name of the layer that makes it.
    pub name: String,
    /// Extent of each axis; the first is the batch, which is one.
    pub shape: Vec<usize>,
    /// The value, when it is known before the model runs.
    pub constant: Option<Constant>,
}

impl Tensor {
    /// Number of elements.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// One application of an operator.
#[derive(Debug, Clone)]
pub struct Node {
    /// `layer`, or `layer/part` where one layer needs several nodes.
    pub name: String,
    /// What it computes.
    pub op: Op,
    /// Clamp applied to the output.
    pub activation: FusedActivation,
    /// Tensors read, in the order that [`Op`] documents.
    pub inputs: Vec<TensorId>,
    /// Tensor written.
    pub output: TensorId,
}

/// A model: nodes in execution order. Tensors that no node uses may remain after a pass.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// Name of the model.
    pub name: String,
    tensors: Vec<Tensor>,
    nodes: Vec<Node>,
    inputs: Vec<TensorId>,
    outputs: Vec<TensorId>,
}

impl Graph {
    /// Largest number of elements a tensor may have (2^29, 2 GiB of `f32`).
    pub const MAX_ELEMENTS: usize = 1 << 29;

    /// An empty graph.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Adds an input of the model.
    ///
    /// # Errors
    /// [`GraphError::TooLarge`] when the shape has too many elements.
    pub fn add_input(
        &mut self,
        name: impl Into<String>,
        shape: &[usize],
    ) -> Result<TensorId, GraphError> {
        let id = self.add_tensor(name.into(), shape.to_vec(), None)?;
        self.inputs.push(id);
        Ok(id)
    }

    /// Adds a constant.
    pub fn add_constant(&mut self, name: impl Into<String>, value: Constant) -> TensorId {
        let shape = value.shape().to_vec();
        self.push_tensor(name.into(), shape, Some(value))
    }

    /// Adds a node at the end and returns its output tensor, whose shape follows from the inputs.
    ///
    /// # Errors
    /// [`GraphError`] when the inputs do not fit the operator.
    pub fn add_node(
        &mut self,
        name: impl Into<String>,
        op: Op,
        inputs: &[TensorId],
    ) -> Result<TensorId, GraphError> {
        let name = name.into();
        let shapes: Vec<&[usize]> = inputs.iter().map(|&id| self.shape(id)).collect();
        let shape = output_shape(&op, &shapes).map_err(|problem| GraphError::Shape {
            node: name.clone(),
            op: op.name(),
            problem,
        })?;
        let output = self.add_tensor(name.clone(), shape, None)?;
        self.nodes.push(Node {
            name,
            op,
            activation: FusedActivation::None,
            inputs: inputs.to_vec(),
            output,
        });
        Ok(output)
    }

    /// Marks tensors as the outputs of the model.
    pub fn set_outputs(&mut self, outputs: &[TensorId]) {
        self.outputs = outputs.to_vec();
    }

    /// Replaces all nodes; the caller keeps them in execution order.
    pub fn set_nodes(&mut self, nodes: Vec<Node>) {
        self.nodes = nodes;
    }

    /// Nodes in execution order, for passes; they keep the order and every shape.
    pub(crate) fn nodes_mut(&mut self) -> &mut Vec<Node> {
        &mut self.nodes
    }

    pub(crate) fn rename(&mut self, id: TensorId, name: String) {
        self.tensors[id.0 as usize].name = name;
    }

    pub(crate) fn replace_input(&mut self, position: usize, id: TensorId) {
        self.inputs[position] = id;
    }

    pub(crate) fn replace_output(&mut self, position: usize, id: TensorId) {
        self.outputs[position] = id;
    }

    /// Gives a tensor its value.
    pub(crate) fn set_constant(&mut self, id: TensorId, value: Constant) {
        self.tensors[id.0 as usize].constant = Some(value);
    }

    /// Inputs of the model.
    pub fn inputs(&self) -> &[TensorId] {
        &self.inputs
    }

    /// Outputs of the model.
    pub fn outputs(&self) -> &[TensorId] {
        &self.outputs
    }

    /// Nodes in execution order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// All tensors, in order of their ids.
    pub fn tensors(&self) -> impl Iterator<Item = (TensorId, &Tensor)> {
        self.tensors
            .iter()
            .enumerate()
            .map(|(index, tensor)| (TensorId(index as u32), tensor))
    }

    /// The tensor of an id that this graph gave out.
    pub fn tensor(&self, id: TensorId) -> &Tensor {
        &self.tensors[id.0 as usize]
    }

    /// Shape of a tensor.
    pub fn shape(&self, id: TensorId) -> &[usize] {
        &self.tensor(id).shape
    }

    /// Value of a tensor, when it is a constant.
    pub fn constant(&self, id: TensorId) -> Option<&Constant> {
        self.tensor(id).constant.as_ref()
    }

    /// For each tensor the nodes that read it, in execution order.
    pub fn consumers(&self) -> Vec<Vec<NodeId>> {
        let mut consumers = vec![Vec::new(); self.tensors.len()];
        for (index, node) in self.nodes.iter().enumerate() {
            for input in &node.inputs {
                consumers[input.0 as usize].push(NodeId(index as u32));
            }
        }
        consumers
    }

    /// For each tensor the node that writes it.
    pub fn producers(&self) -> Vec<Option<NodeId>> {
        let mut producers = vec![None; self.tensors.len()];
        for (index, node) in self.nodes.iter().enumerate() {
            producers[node.output.0 as usize] = Some(NodeId(index as u32));
        }
        producers
    }

    fn add_tensor(
        &mut self,
        name: String,
        shape: Vec<usize>,
        constant: Option<Constant>,
    ) -> Result<TensorId, GraphError> {
        let elements = shape
            .iter()
            .try_fold(1usize, |product, &extent| product.checked_mul(extent));
        if elements.is_none_or(|count| count > Self::MAX_ELEMENTS) {
            return Err(GraphError::TooLarge {
                tensor: name,
                shape,
            });
        }
        Ok(self.push_tensor(name, shape, constant))
    }

    pub(crate) fn push_tensor(
        &mut self,
        name: String,
        shape: Vec<usize>,
        constant: Option<Constant>,
    ) -> TensorId {
        let id = TensorId(self.tensors.len() as u32);
        self.tensors.push(Tensor {
            name,
            shape,
            constant,
        });
        id
    }
}
