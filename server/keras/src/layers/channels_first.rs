use graph::Op;

use super::{Layer, Variable};
use crate::draft::ValueId;
use crate::layers::scope::Scope;
use crate::problem::LayerProblem;
use crate::settings::Arguments;

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

    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let mut x = scope.only(inputs)?;
        let rank = scope.draft.shape(x).len();
        if rank > 2 {
            let permutation = std::iter::once(0).chain(2..rank).chain([1]).collect();
            x = scope.pixelwise_node("channels_last", Op::Transpose { permutation }, x)?;
        }
        let output = self.inner.build(scope, &[x])?;
        let rank = scope.draft.shape(output).len();
        if rank < 3 {
            return Ok(output);
        }
        let permutation = [0, rank - 1].into_iter().chain(1..rank - 1).collect();
        scope.pixelwise_node("channels_first", Op::Transpose { permutation }, output)
    }
}
