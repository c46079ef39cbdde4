use graph::Op;

use super::layer::{Layer, build_one};

/// A layer with `data_format="channels_first"`, given the same with `channels_last`: its input is
/// brought into the order of the graph, and its output back.
pub(super) fn channels_first(inner: Layer) -> Layer {
    inner.wrapped(|scope, mut x, inner| {
        let rank = scope.draft.rank(x);
        if rank > 2 {
            let permutation = std::iter::once(0).chain(2..rank).chain([1]).collect();
            x = scope.pixelwise_node("channels_last", Op::Transpose { permutation }, x)?;
        }
        let output = build_one(inner, scope, x)?;
        let rank = scope.draft.rank(output);
        if rank < 3 {
            return Ok(output);
        }
        let permutation = [0, rank - 1].into_iter().chain(1..rank - 1).collect();
        scope.pixelwise_node("channels_first", Op::Transpose { permutation }, output)
    })
}
