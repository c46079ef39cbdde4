use ndarray::{ArcArray, IxDyn};

use crate::{FusedActivation, GraphError, Op, output_shape};

/// Weights: shared, so that copies of a graph and its passes do not copy them.
pub type Constant = ArcArray<f32, IxDyn>;

/// Index of a tensor in its graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TensorId(pub u32);

impl TensorId {
    /// Position among the tensors of the graph.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Index of a node in its graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The node at a position among the nodes of a graph.
    pub fn at(index: usize) -> Self {
        Self(index as u32)
    }

    /// Position among the nodes of the graph.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The node that is executed next.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

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
    /// Tensors read, in the order that [`Op`] documents; as many as the operator takes.
    pub inputs: Vec<TensorId>,
    /// Tensor written.
    pub output: TensorId,
}

impl Node {
    /// The first operand, which every operator has.
    pub fn input(&self) -> TensorId {
        self.inputs[0]
    }

    /// The operands behind the first: kernel and bias, parameters, or the other tensors of an
    /// operator that combines some.
    pub fn others(&self) -> &[TensorId] {
        match self.inputs.as_slice() {
            [_, others @ ..] => others,
            [] => &[],
        }
    }

    /// Both operands of an operator of two.
    pub fn pair(&self) -> Option<[TensorId; 2]> {
        self.inputs.as_slice().try_into().ok()
    }

    /// The kernel, of an operator that has one; the depthwise one of a separable convolution.
    pub fn kernel(&self) -> Option<TensorId> {
        self.kernels().first().copied()
    }

    /// All kernels; nothing for an operator without.
    pub fn kernels(&self) -> &[TensorId] {
        let count = self.op.kernel_axes().len();
        self.others().get(..count).unwrap_or_default()
    }

    /// The bias of an operator with kernels, where it has one.
    pub fn bias(&self) -> Option<TensorId> {
        let kernels = self.kernels().len();
        let behind = self.others().get(kernels).copied();
        behind.filter(|_| kernels > 0)
    }
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

    /// Replaces all nodes; the caller keeps them in execution order, and gives each as many operands
    /// as its operator takes.
    pub fn set_nodes(&mut self, nodes: Vec<Node>) {
        self.nodes = nodes;
    }

    /// Nodes in execution order, for passes; they keep the order and every shape.
    pub(crate) fn nodes_mut(&mut self) -> &mut Vec<Node> {
        &mut self.nodes
    }

    /// A node, for passes; they keep its shape.
    pub(crate) fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id.index()]
    }

    /// Puts a node in front of another one, whose place it takes.
    pub(crate) fn insert_node(&mut self, id: NodeId, node: Node) {
        self.nodes.insert(id.index(), node);
    }

    /// Takes a node out; those behind it move one place to the front.
    pub(crate) fn remove_node(&mut self, id: NodeId) -> Node {
        self.nodes.remove(id.index())
    }

    /// Lets a node read another tensor, of the same shape, in place of one of its operands.
    pub fn replace_operand(&mut self, id: NodeId, operand: usize, tensor: TensorId) {
        self.nodes[id.index()].inputs[operand] = tensor;
    }

    /// Lets every node that reads a tensor read another one, of the same shape.
    pub(crate) fn replace_uses(&mut self, old: TensorId, new: TensorId) {
        let operands = self.nodes.iter_mut().flat_map(|node| &mut node.inputs);
        for operand in operands.filter(|operand| **operand == old) {
            *operand = new;
        }
    }

    /// Gives a node with a kernel another one, and the bias.
    pub fn set_weights(&mut self, id: NodeId, kernel: TensorId, bias: TensorId) {
        let node = &mut self.nodes[id.index()];
        node.inputs = vec![node.input(), kernel, bias];
    }

    /// Gives a node with one kernel a bias, which takes the place of the one that it has.
    pub(crate) fn set_bias(&mut self, id: NodeId, bias: TensorId) {
        let inputs = &mut self.nodes[id.index()].inputs;
        inputs.truncate(2);
        inputs.push(bias);
    }

    pub(crate) fn rename(&mut self, id: TensorId, name: String) {
        self.tensors[id.index()].name = name;
    }

    pub(crate) fn replace_input(&mut self, position: usize, id: TensorId) {
        self.inputs[position] = id;
    }

    pub(crate) fn replace_output(&mut self, position: usize, id: TensorId) {
        self.outputs[position] = id;
    }

    /// Gives a tensor its value.
    pub(crate) fn set_constant(&mut self, id: TensorId, value: Constant) {
        self.tensors[id.index()].constant = Some(value);
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

    /// The node of an id that this graph gave out.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// Ids of all nodes in execution order.
    pub fn node_ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        (0..self.nodes.len()).map(NodeId::at)
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
        &self.tensors[id.index()]
    }

    /// Shape of a tensor.
    pub fn shape(&self, id: TensorId) -> &[usize] {
        &self.tensor(id).shape
    }

    /// Extent of the last axis of a tensor; `None` for a single number.
    pub fn channels(&self, id: TensorId) -> Option<usize> {
        self.shape(id).last().copied()
    }

    /// Value of a tensor, when it is a constant.
    pub fn constant(&self, id: TensorId) -> Option<&Constant> {
        self.tensor(id).constant.as_ref()
    }

    /// Value of a node's kernel, when it is a constant.
    pub fn kernel(&self, node: &Node) -> Option<&Constant> {
        self.constant(node.kernel()?)
    }

    /// Whether a tensor is an output of the model.
    pub fn is_output(&self, id: TensorId) -> bool {
        self.outputs.contains(&id)
    }

    /// The node that writes a tensor.
    pub fn producer(&self, tensor: TensorId) -> Option<NodeId> {
        let mut nodes = self.nodes.iter();
        nodes.position(|node| node.output == tensor).map(NodeId::at)
    }

    /// The nodes that read a tensor, in execution order.
    pub fn readers(&self, tensor: TensorId) -> impl Iterator<Item = &Node> {
        let nodes = self.nodes.iter();
        nodes.filter(move |node| node.inputs.contains(&tensor))
    }

    /// The only reader of a tensor that is not an output of the model; `None` also where one node
    /// reads it twice.
    pub fn only_reader(&self, tensor: TensorId) -> Option<NodeId> {
        if self.is_output(tensor) {
            return None;
        }
        let nodes = self.nodes.iter().enumerate();
        let mut readers = nodes
            .flat_map(|(index, node)| node.inputs.iter().map(move |input| (index, *input)))
            .filter(|(_, input)| *input == tensor);
        match (readers.next(), readers.next()) {
            (Some((index, _)), None) => Some(NodeId::at(index)),
            _ => None,
        }
    }

    /// For each tensor the node that writes it.
    pub fn producers(&self) -> Vec<Option<NodeId>> {
        let mut producers = vec![None; self.tensors.len()];
        for id in self.node_ids() {
            producers[self.node(id).output.index()] = Some(id);
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
