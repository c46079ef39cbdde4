//! What a model does to its input before the first layer that learns from neighbouring pixels.

use super::affine::Affine;
use crate::{Graph, TensorId};

/// The normalization at the start of a model: `scale[c] * x + offset[c]`.
#[derive(Debug, Clone, PartialEq)]
pub struct InputNormalization {
    /// Names of the nodes that compute it, in order; empty where the model has none.
    pub nodes: Vec<String>,
    /// Factor of each channel.
    pub scale: Vec<f64>,
    /// What is added to each channel.
    pub offset: Vec<f64>,
    /// The normalized input.
    pub output: TensorId,
}

/// The affine functions that the first input of a graph goes through before anything else, as one
/// function. Looks only at readers in a line; expects a graph that no pass has rewritten, because
/// passes fold such functions into weights.
///
/// `None` for a graph without an input with channels.
pub fn input_normalization(graph: &Graph) -> Option<InputNormalization> {
    let input = *graph.inputs().first()?;
    let channels = graph.channels(input)?;
    let mut found = InputNormalization {
        nodes: Vec::new(),
        scale: vec![1.0; channels],
        offset: vec![0.0; channels],
        output: input,
    };
    while let Some(reader) = graph.only_reader(found.output) {
        let node = graph.node(reader);
        let affine = match Affine::of_node(graph, node) {
            Some((read, affine)) if read == found.output && affine.scale.len() == channels => {
                affine
            }
            _ => break,
        };
        let before = found.scale.iter_mut().zip(&mut found.offset);
        let own = affine.scale.iter().zip(&affine.offset);
        for ((scale, offset), (own_scale, own_offset)) in before.zip(own) {
            *scale *= own_scale;
            *offset = own_scale * *offset + own_offset;
        }
        found.nodes.push(node.name.clone());
        found.output = node.output;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BinaryOp, Constant, Op, Window};

    #[test]
    fn affine_functions_at_the_start_are_one() {
        let mut graph = Graph::new("test");
        let x = graph.add_input("x", &[1, 2, 2, 1]).unwrap();
        let by = graph.add_constant("by", Constant::from_elem(vec![1], 0.5));
        let less = graph.add_constant("less", Constant::from_elem(vec![1], -1.0));
        let scaled = Op::Binary(BinaryOp::Multiply);
        let scaled = graph.add_node("scaled", scaled, &[x, by]).unwrap();
        let moved = Op::Binary(BinaryOp::Add);
        let moved = graph.add_node("moved", moved, &[scaled, less]).unwrap();
        let kernel = graph.add_constant("kernel", Constant::from_elem(vec![1, 1, 1, 1], 3.0));
        let conv = Op::Conv2d {
            window: Window::UNIT,
            groups: 1,
        };
        let conv = graph.add_node("conv", conv, &[moved, kernel]).unwrap();
        graph.set_outputs(&[conv]);
        let expected = InputNormalization {
            nodes: vec!["scaled".to_owned(), "moved".to_owned()],
            scale: vec![0.5],
            offset: vec![-1.0],
            output: moved,
        };
        assert_eq!(input_normalization(&graph), Some(expected));
        // Somebody else reads the input as it is.
        graph.add_node("other", scaled_op(), &[x, by]).unwrap();
        let found = input_normalization(&graph).unwrap();
        assert!(found.nodes.is_empty());
        assert_eq!((found.scale, found.offset), (vec![1.0], vec![0.0]));
    }

    fn scaled_op() -> Op {
        Op::Binary(BinaryOp::Multiply)
    }
}
