use graph::{Constant, Graph, GraphError, Op, TensorId, output_shape};

use crate::summary::OpenShape;

/// What operators are drawn on: a graph, or only the shapes of its tensors.
pub(super) enum Canvas {
    /// Shape of each tensor.
    Shapes(Vec<Vec<usize>>),
    /// The graph itself.
    Graph(Graph),
}

impl Canvas {
    pub(super) fn shape(&self, id: TensorId) -> &[usize] {
        match self {
            Canvas::Shapes(shapes) => shapes.get(id.0 as usize).map_or(&[], Vec::as_slice),
            Canvas::Graph(graph) => graph.shape(id),
        }
    }

    /// The shape as summaries have it.
    pub(super) fn open_shape(&self, id: TensorId) -> OpenShape {
        self.shape(id).iter().copied().map(Some).collect()
    }

    pub(super) fn input(&mut self, name: &str, shape: &[usize]) -> Result<TensorId, GraphError> {
        match self {
            Canvas::Shapes(_) => self.push(name, shape.to_vec()),
            Canvas::Graph(graph) => graph.add_input(name, shape),
        }
    }

    /// Adds a constant.
    pub(super) fn constant(
        &mut self,
        name: String,
        value: Constant,
    ) -> Result<TensorId, GraphError> {
        match self {
            Canvas::Shapes(_) => self.push(&name, value.shape().to_vec()),
            Canvas::Graph(graph) => Ok(graph.add_constant(name, value)),
        }
    }

    /// Adds a tensor of which only the shape is known; `None` for a graph, which computes all.
    pub(super) fn recorded(&mut self, name: &str, shape: Vec<usize>) -> Option<TensorId> {
        match self {
            Canvas::Shapes(_) => self.push(name, shape).ok(),
            Canvas::Graph(_) => None,
        }
    }

    /// Adds the shape of a constant whose values are not wanted.
    pub(super) fn shape_only(
        &mut self,
        name: &str,
        shape: Vec<usize>,
    ) -> Result<TensorId, GraphError> {
        self.push(name, shape)
    }

    pub(super) fn node(
        &mut self,
        name: String,
        op: Op,
        inputs: &[TensorId],
    ) -> Result<TensorId, GraphError> {
        match self {
            Canvas::Graph(graph) => graph.add_node(name, op, inputs),
            Canvas::Shapes(_) => {
                let shapes: Vec<&[usize]> = inputs.iter().map(|&id| self.shape(id)).collect();
                match output_shape(&op, &shapes) {
                    Ok(shape) => self.push(&name, shape),
                    Err(problem) => Err(GraphError::Shape {
                        node: name,
                        op: op.name(),
                        problem,
                    }),
                }
            }
        }
    }

    /// The graph; an empty one when only shapes were drawn.
    pub(super) fn into_graph(self) -> Graph {
        match self {
            Canvas::Graph(graph) => graph,
            Canvas::Shapes(_) => Graph::default(),
        }
    }

    pub(super) fn set_output(&mut self, output: TensorId) {
        if let Canvas::Graph(graph) = self {
            graph.set_outputs(&[output]);
        }
    }

    /// Adds a tensor under the same limit that a graph has.
    fn push(&mut self, name: &str, shape: Vec<usize>) -> Result<TensorId, GraphError> {
        let elements = shape
            .iter()
            .try_fold(1usize, |product, &extent| product.checked_mul(extent));
        match self {
            Canvas::Shapes(shapes) if elements.is_some_and(|n| n <= Graph::MAX_ELEMENTS) => {
                let id = TensorId(shapes.len() as u32);
                shapes.push(shape);
                Ok(id)
            }
            _ => Err(GraphError::TooLarge {
                tensor: name.to_owned(),
                shape,
            }),
        }
    }
}
