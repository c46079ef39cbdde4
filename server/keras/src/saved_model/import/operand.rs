use super::value::Value;
use crate::draft::ValueId;

/// What an output of a node of the flat graph turned out to be.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    /// Known before the model runs.
    Known(Value),
    /// The variable that this node of the flat graph stands for, not read yet.
    Variable(usize),
    /// Computed from the image.
    Computed {
        id: ValueId,
        /// Its elements are pixels that have not been cast to real numbers, or truth values.
        integer: bool,
    },
    /// Behind an operator that cannot be converted.
    Unknown,
}

impl Operand {
    pub(super) fn is_integer(&self) -> bool {
        matches!(self, Operand::Computed { integer: true, .. })
    }

    /// Elements that are kept in memory.
    pub(super) fn held(&self) -> u64 {
        match self {
            Operand::Known(value) => value.count() as u64,
            _ => 0,
        }
    }
}
