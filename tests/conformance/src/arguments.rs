use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use serde::{Deserialize, Serialize};

/// Compares the readers and engines with TensorFlow, for every model and format.
///
/// Exit codes: 0 everything agrees, 1 something does not, 2 could not run.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask conformance", max_term_width = 100)]
pub(crate) struct Arguments {
    /// Only these models, of either environment.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) models: Vec<String>,
    /// Only models that this generation of Keras makes.
    #[arg(long, value_enum)]
    pub(crate) environment: Option<Generation>,
    /// Only a handful of models that stand for the others.
    #[arg(long, conflicts_with = "models")]
    pub(crate) subset: bool,
    /// Compare nothing; write a short table of all results so far into the suite's README.
    #[arg(long, conflicts_with_all = ["models", "environment", "subset", "keep"])]
    pub(crate) table: bool,
    /// Keep the files of large models, which are otherwise removed once they are compared.
    #[arg(long)]
    pub(crate) keep: bool,
    /// Where environments, models and the report are kept.
    #[arg(long, hide = true)]
    pub(crate) folder: PathBuf,
}

impl Arguments {
    /// Whether every model of both environments is compared.
    pub(crate) fn is_complete(&self) -> bool {
        self.models.is_empty() && self.environment.is_none() && !self.subset
    }
}

/// A generation of Keras with a TensorFlow that has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Generation {
    /// TensorFlow 2.15.1 with Keras 2.
    Keras2,
    /// A current TensorFlow with Keras 3.
    Keras3,
}

impl Generation {
    /// Both, in the order in which they are compared.
    pub(crate) const ALL: [Self; 2] = [Self::Keras2, Self::Keras3];

    /// Name of its folders and of its requirements file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Keras2 => "keras2",
            Self::Keras3 => "keras3",
        }
    }
}
