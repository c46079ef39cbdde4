use std::collections::HashMap;

use crate::saved_model::flat::{FlatGraph, Port};

/// Augmentation that is left out, because the layer that computes it hands its input on unchanged
/// when the model is not being trained.
#[derive(Debug, Default)]
pub(super) struct Augmentation {
    sources: HashMap<Port, Port>,
}

impl Augmentation {
    pub(super) fn find(_flat: &FlatGraph<'_>, _input: Port) -> Self {
        Self::default()
    }

    /// The tensor that stands for a tensor.
    pub(super) fn source(&self, mut port: Port) -> Port {
        while let Some(&source) = self.sources.get(&port) {
            port = source;
        }
        port
    }
}
