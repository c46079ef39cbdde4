//! Layers that TFLite cannot compute on integers, by the rules that Quantize obeys.

use crate::layers::matches_layer;
use keras::Summary;
use localization::{Message as _, Text, text};
use quantization::{QuantizationError, needs_float};

/// A layer with an operator for which TFLite has no int8 kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FloatLayer {
    /// Name of the layer.
    pub layer: String,
    /// Names of the operators.
    pub operators: Vec<String>,
    /// What the first of them computes.
    pub op: &'static str,
}

impl FloatLayer {
    /// The layers of a model that are like that, in execution order.
    pub fn all(summary: &Summary) -> Vec<FloatLayer> {
        let mut found: Vec<FloatLayer> = Vec::new();
        for operator in &summary.operators {
            let others = operator.constants.iter().skip(1).copied();
            if !needs_float(&operator.op, others) {
                continue;
            }
            let known = found.iter_mut().find(|known| known.layer == operator.layer);
            match known {
                Some(known) => known.operators.push(operator.name.clone()),
                None => found.push(FloatLayer {
                    layer: operator.layer.clone(),
                    operators: vec![operator.name.clone()],
                    op: operator.op.name(),
                }),
            }
        }
        found
    }

    /// Whether a pattern of `quantization.overrides` means the layer, or all of the operators.
    pub fn is_meant(&self, patterns: &[&str]) -> bool {
        let any = |name: &str| patterns.iter().any(|pattern| matches_layer(pattern, name));
        any(&self.layer) || self.operators.iter().all(|operator| any(operator))
    }
}

/// What is wrong with layers that are not to stay in float: the words of Quantize, and how many more
/// there are. `None` without any.
pub fn no_integer<'a>(layers: impl IntoIterator<Item = &'a FloatLayer>) -> Option<Text> {
    let mut layers = layers.into_iter();
    let first = layers.next()?;
    let error = QuantizationError::NoInteger {
        layer: first.layer.clone(),
        op: first.op,
    };
    Some(match layers.count() {
        0 => error.text(),
        1 => text!("{error} (so it is with 1 more layer)"),
        more => text!("{error} (so it is with {more} more layers)"),
    })
}
