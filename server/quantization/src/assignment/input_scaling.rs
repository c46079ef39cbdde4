use graph::Graph;

use crate::parameters::Candidates;
use crate::statistics::Statistics;

/// Lets the range of an input end at its largest magnitude, where only layers with weights read it
/// and the range is larger (the input scaling of Sony's Model Compression Toolkit, which scales
/// the weights and leaves scaling the input to the user; here the input's scale says it).
pub(super) fn scale_inputs(graph: &Graph, statistics: &Statistics, parameters: &mut Candidates) {
    for &input in graph.inputs() {
        let mut readers = graph.readers(input);
        let (Some(seen), true) = (
            statistics.tensor(input),
            readers.all(|reader| reader.op.has_kernel()),
        ) else {
            continue;
        };
        let largest = seen.largest_magnitude();
        if let Some(chosen) = parameters.get_mut(&input) {
            let highest = match chosen.zero_point {
                0 => 127.0,
                _ => 255.0,
            };
            let exact = (largest / highest) as f32;
            if largest > 0.0 && exact < chosen.scale && chosen.is_symmetric() {
                chosen.scale = exact;
            }
        }
    }
}
