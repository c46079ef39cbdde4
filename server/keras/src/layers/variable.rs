use localization::Text;

use crate::error::ErrorKind;

/// Number of a layer, unique in the whole tree of models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct LayerId(pub(crate) usize);

/// A variable of a layer: the position among its variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct VariableId {
    pub(crate) layer: LayerId,
    pub(crate) index: usize,
}

/// A variable of a layer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Variable {
    /// Names that versions of Keras store it under; the first one is for messages.
    pub(crate) names: &'static [&'static str],
    /// Whether training changes it while the layer is trainable.
    pub(crate) trainable: bool,
    /// Names of the part of the layer that holds it in the .keras format, if it is not the layer
    /// itself.
    pub(crate) parts: &'static [&'static str],
}

impl Variable {
    pub(super) const fn trained(names: &'static [&'static str]) -> Self {
        Self::of_part(names, &[])
    }

    pub(super) const fn of_part(
        names: &'static [&'static str],
        parts: &'static [&'static str],
    ) -> Self {
        Self {
            names,
            trainable: true,
            parts,
        }
    }

    pub(super) const fn fixed(names: &'static [&'static str]) -> Self {
        Self {
            names,
            trainable: false,
            parts: &[],
        }
    }

    /// Name for messages and for tensors.
    pub(crate) fn name(&self) -> &'static str {
        self.names.first().copied().unwrap_or("weight")
    }
}

/// The stored arrays of a model's variables.
pub(crate) trait WeightSource {
    /// Reads an array whose shape the configuration of its layer foretells; other shapes are
    /// refused before anything is allocated. Values are in row-major order.
    fn read(&self, variable: VariableId, shape: &[usize]) -> Result<Vec<f32>, WeightProblem>;
}

/// Why a stored array cannot be read.
pub(crate) enum WeightProblem {
    /// The rest of a sentence that begins with the layer and the weight.
    Described(Text),
    /// The file is at fault as a whole.
    Fatal(ErrorKind),
}
