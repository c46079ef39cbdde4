use graph::TensorId;
use tflite::QuantizedConstant;

use crate::model::QuantizedModel;

/// Other levels for the weights and bias of a layer; the scales stay.
#[derive(Debug, Clone, PartialEq)]
pub struct Replacement {
    pub(super) kernel: (TensorId, QuantizedConstant),
    pub(super) bias: (TensorId, QuantizedConstant),
}

impl Replacement {
    /// Puts the levels in the place of those that the model has.
    pub fn apply(&self, model: &mut QuantizedModel) {
        for (tensor, constant) in [&self.kernel, &self.bias] {
            model.store(*tensor, constant.clone());
        }
    }
}
