use graph::{Graph, passes};
use tflite::{ElementType, Encoding, Encodings};

use crate::assignment::Ends;
use crate::options::InputType;

/// Gives the model the input and output types that the user wants.
pub(super) fn convert_ends(
    graph: &mut Graph,
    encodings: &mut Encodings,
    ends: &Ends,
    input_type: InputType,
) {
    if input_type != InputType::Int8 {
        for (position, inside) in ends.inputs.iter().enumerate() {
            let outside = passes::convert_input(graph, position);
            if input_type == InputType::UInt8 {
                let encoding = Encoding::Affine {
                    element: ElementType::UInt8,
                    scale: inside.scale,
                    zero_point: inside.zero_point + 128,
                };
                encodings.insert(outside, encoding);
            }
        }
    }
    let outputs = graph.outputs().to_vec();
    for (position, (tensor, parameters)) in outputs.into_iter().zip(&ends.outputs).enumerate() {
        let stored = encodings.get(tensor).element();
        match input_type {
            InputType::Float32 if stored != ElementType::Float32 => {
                passes::convert_output(graph, position);
            }
            InputType::Int8 | InputType::UInt8 if stored != ElementType::Int8 => {
                let outside = passes::convert_output(graph, position);
                encodings.insert_int8(outside, parameters.scale, parameters.zero_point);
            }
            _ => {}
        }
    }
}
