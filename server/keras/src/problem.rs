use graph::GraphError;
use localization::Text;

use crate::error::ErrorKind;

/// Why a layer or an operator cannot be converted.
#[derive(Debug)]
pub(crate) enum LayerProblem {
    /// Keras can do it, this program cannot; a phrase.
    Unsupported(Text),
    /// Keras would not have written it; a phrase.
    Invalid(Text),
    /// A problem that is not the layer's.
    Other(ErrorKind),
}

impl LayerProblem {
    /// The error that ends the reading of a model, with the layer or the part that is to blame.
    pub(crate) fn at(self, place: Text) -> ErrorKind {
        match self {
            LayerProblem::Unsupported(problem) | LayerProblem::Invalid(problem) => {
                ErrorKind::InvalidConfiguration { place, problem }
            }
            LayerProblem::Other(kind) => kind,
        }
    }
}

impl From<GraphError> for LayerProblem {
    fn from(error: GraphError) -> Self {
        LayerProblem::Other(error.into())
    }
}

impl From<ErrorKind> for LayerProblem {
    fn from(kind: ErrorKind) -> Self {
        LayerProblem::Other(kind)
    }
}

pub(crate) fn unsupported<T>(reason: impl Into<Text>) -> Result<T, LayerProblem> {
    Err(LayerProblem::Unsupported(reason.into()))
}

pub(crate) fn invalid<T>(problem: impl Into<Text>) -> Result<T, LayerProblem> {
    Err(LayerProblem::Invalid(problem.into()))
}
