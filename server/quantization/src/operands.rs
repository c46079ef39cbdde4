//! Nodes and their operands by what they are, not by their places in lists.

use graph::{Constant, Graph, Node, NodeId, TensorId};

/// What a node reads.
pub(crate) trait NodeOperands {
    /// The first operand, which every operator has.
    fn input(&self) -> TensorId;

    /// The kernel, of an operator that has one.
    fn kernel(&self) -> Option<TensorId>;

    /// The bias of an operator with a kernel, where it has one.
    fn bias(&self) -> Option<TensorId>;
}

impl NodeOperands for Node {
    // `Graph::add_node` takes no node without operands, and passes make none.
    #[expect(clippy::indexing_slicing)]
    fn input(&self) -> TensorId {
        self.inputs[0]
    }

    fn kernel(&self) -> Option<TensorId> {
        let kernel = self.inputs.get(1).copied();
        kernel.filter(|_| self.op.has_kernel())
    }

    fn bias(&self) -> Option<TensorId> {
        let bias = self.inputs.get(2).copied();
        bias.filter(|_| self.op.has_kernel())
    }
}

/// The nodes of a graph and what connects them.
pub(crate) trait GraphNodes {
    /// The node of an id that this graph gave out.
    fn node(&self, id: NodeId) -> &Node;

    /// Ids of all nodes in execution order.
    fn node_ids(&self) -> impl Iterator<Item = NodeId>;

    /// Extent of the last axis of a tensor; `None` for a single number.
    fn channels(&self, tensor: TensorId) -> Option<usize>;

    /// Value of a node's kernel, when it is a constant.
    fn kernel(&self, node: &Node) -> Option<&Constant>;

    /// The node that writes a tensor.
    fn producer(&self, tensor: TensorId) -> Option<NodeId>;

    /// The nodes that read a tensor, in execution order.
    fn readers(&self, tensor: TensorId) -> impl Iterator<Item = &Node>;

    /// Lets a node read another tensor, of the same shape, in place of one of its operands.
    fn replace_operand(&mut self, id: NodeId, operand: usize, tensor: TensorId);

    /// Gives a node with a kernel another one, and the bias.
    fn set_weights(&mut self, id: NodeId, kernel: TensorId, bias: TensorId);
}

impl GraphNodes for Graph {
    // An id is the position of a node in its graph, which loses none while ids are in use.
    #[expect(clippy::indexing_slicing)]
    fn node(&self, id: NodeId) -> &Node {
        &self.nodes()[id.0 as usize]
    }

    fn node_ids(&self) -> impl Iterator<Item = NodeId> {
        (0..self.nodes().len()).map(|index| NodeId(index as u32))
    }

    fn channels(&self, tensor: TensorId) -> Option<usize> {
        self.shape(tensor).last().copied()
    }

    fn kernel(&self, node: &Node) -> Option<&Constant> {
        self.constant(node.kernel()?)
    }

    fn producer(&self, tensor: TensorId) -> Option<NodeId> {
        let mut nodes = self.nodes().iter();
        let index = nodes.position(|node| node.output == tensor)?;
        Some(NodeId(index as u32))
    }

    fn readers(&self, tensor: TensorId) -> impl Iterator<Item = &Node> {
        let nodes = self.nodes().iter();
        nodes.filter(move |node| node.inputs.contains(&tensor))
    }

    fn replace_operand(&mut self, id: NodeId, operand: usize, tensor: TensorId) {
        let mut nodes = self.nodes().to_vec();
        let inputs = nodes.get_mut(id.0 as usize).map(|node| &mut node.inputs);
        if let Some(input) = inputs.and_then(|inputs| inputs.get_mut(operand)) {
            *input = tensor;
        }
        self.set_nodes(nodes);
    }

    fn set_weights(&mut self, id: NodeId, kernel: TensorId, bias: TensorId) {
        let mut nodes = self.nodes().to_vec();
        if let Some(node) = nodes.get_mut(id.0 as usize) {
            node.inputs = vec![node.input(), kernel, bias];
        }
        self.set_nodes(nodes);
    }
}
