use graph::{Op, TensorId};

use super::{Layer, LayerProblem, Variable};
use crate::assembly::Scope;
use crate::definition::Arguments;

/// A layer with `data_format="channels_first"`: its input is brought into the order of the graph,
/// and its output back.
pub(super) struct ChannelsFirst {
    /// The same layer with `channels_last`.
    pub(super) inner: Box<dyn Layer>,
}

impl Layer for ChannelsFirst {
    fn variables(&self) -> &[Variable] {
        self.inner.variables()
    }

    fn depends_on_training(&self) -> bool {
        self.inner.depends_on_training()
    }

    fn check_call(&self, arguments: &Arguments) -> Result<(), LayerProblem> {
        self.inner.check_call(arguments)
    }

    fn build(&self, scope: &mut Scope<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerProblem> {
        let mut x = scope.only(inputs)?;
        let rank = scope.shape(x).len();
        if rank > 2 {
            let permutation = std::iter::once(0).chain(2..rank).chain([1]).collect();
            x = scope.pixelwise_node("channels_last", Op::Transpose { permutation }, x)?;
        }
        let output = self.inner.build(scope, &[x])?;
        let rank = scope.shape(output).len();
        if rank < 3 {
            return Ok(output);
        }
        let permutation = [0, rank - 1].into_iter().chain(1..rank - 1).collect();
        scope.pixelwise_node("channels_first", Op::Transpose { permutation }, output)
    }
}
