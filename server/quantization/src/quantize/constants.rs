use graph::Graph;
use tflite::{ElementType, Encoding, Encodings};

use crate::error::QuantizationError;
use crate::options::Precision;
use crate::storage::Storages;

/// Constants that are operands, not weights, are stored like the node's result with a scale that
/// covers them.
pub(super) fn encode_operands(
    graph: &mut Graph,
    storages: &Storages,
    encodings: &mut Encodings,
) -> Result<(), QuantizationError> {
    let mut nodes = graph.nodes().to_vec();
    for node in nodes.iter_mut().filter(|node| !node.op.has_kernel()) {
        for input in &mut node.inputs {
            let Some(constant) = graph.constant(*input).cloned() else {
                continue;
            };
            let (element, steps) = match storages.of(graph, node.output)?.precision() {
                Precision::Int8 => (ElementType::Int8, 127.0),
                Precision::Int16 => (ElementType::Int16, 32767.0),
                Precision::Float => continue,
            };
            match encodings.get(*input) {
                Encoding::Float32 => {}
                Encoding::Affine { element: e, .. } if *e == element => continue,
                // Another reader has stored it with fewer or more bits.
                _ => {
                    let name = format!("{}/constant", node.name);
                    *input = graph.add_constant(name, constant.clone());
                }
            }
            let largest = constant.iter().fold(0.0f32, |m, value| m.max(value.abs()));
            let scale = if largest > 0.0 { largest / steps } else { 1.0 };
            let encoding = Encoding::Affine {
                element,
                scale,
                zero_point: 0,
            };
            encodings.insert(*input, encoding);
        }
    }
    graph.set_nodes(nodes);
    Ok(())
}
