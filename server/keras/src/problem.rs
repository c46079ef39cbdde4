use graph::GraphError;

use crate::error::ErrorKind;

/// Why a layer or an operator cannot be converted.
#[derive(Debug)]
pub(crate) enum LayerProblem {
    /// Keras can do it, this program cannot; a phrase.
    Unsupported(String),
    /// Keras would not have written it; a phrase.
    Invalid(String),
    /// A problem that is not the layer's.
    Other(ErrorKind),
}

impl LayerProblem {
    /// The error of a whole model, when no layer of it is to blame.
    pub(crate) fn of_model(self, name: &str) -> ErrorKind {
        match self {
            LayerProblem::Unsupported(problem) | LayerProblem::Invalid(problem) => {
                ErrorKind::InvalidConfiguration {
                    place: format!("model \"{name}\""),
                    problem,
                }
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

pub(crate) fn unsupported<T>(reason: impl Into<String>) -> Result<T, LayerProblem> {
    Err(LayerProblem::Unsupported(reason.into()))
}

pub(crate) fn invalid<T>(problem: impl Into<String>) -> Result<T, LayerProblem> {
    Err(LayerProblem::Invalid(problem.into()))
}
