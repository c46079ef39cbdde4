use super::drawing::Drawn;
use super::value::Value;

/// What an output of a node of the flat graph turned out to be.
#[derive(Debug, Clone)]
pub(super) enum Term {
    /// Known before the model runs.
    Value(Value),
    /// The variable that this node of the flat graph stands for, not read yet.
    Variable(usize),
    /// Computed from the image.
    Drawn {
        id: Drawn,
        /// Its elements are pixels that have not been cast to real numbers, or truth values.
        integer: bool,
    },
    /// Behind an operator that cannot be converted.
    Unknown,
}

impl Term {
    pub(super) fn is_integer(&self) -> bool {
        matches!(self, Term::Drawn { integer: true, .. })
    }
}
