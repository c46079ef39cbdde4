use crate::problem::LayerProblem;
use crate::saved_model::attributes::Attributes;

/// Attributes of operators with the defaults that TensorFlow gives them.
pub(super) trait WithDefaults {
    /// A truth value.
    fn flag(&self, name: &str, default: bool) -> Result<bool, LayerProblem>;
    /// An integer.
    fn whole(&self, name: &str, default: i64) -> Result<i64, LayerProblem>;
    /// A real number.
    fn real(&self, name: &str, default: f32) -> Result<f32, LayerProblem>;
    /// A list of integers, empty when there is none.
    fn list(&self, name: &str) -> Result<Vec<i64>, LayerProblem>;
    /// The axes that `Squeeze` names.
    fn squeezed(&self) -> Result<Vec<i64>, LayerProblem>;
    /// Whether a type is one of fractions; a missing one is.
    fn is_float(&self, name: &str) -> Result<bool, LayerProblem>;
}

impl WithDefaults for Attributes<'_> {
    fn flag(&self, name: &str, default: bool) -> Result<bool, LayerProblem> {
        Ok(self.boolean(name)?.unwrap_or(default))
    }

    fn whole(&self, name: &str, default: i64) -> Result<i64, LayerProblem> {
        Ok(self.integer(name)?.unwrap_or(default))
    }

    fn real(&self, name: &str, default: f32) -> Result<f32, LayerProblem> {
        Ok(self.float(name)?.unwrap_or(default))
    }

    fn list(&self, name: &str) -> Result<Vec<i64>, LayerProblem> {
        Ok(self.integers(name)?.unwrap_or_default())
    }

    fn squeezed(&self) -> Result<Vec<i64>, LayerProblem> {
        match self.list("squeeze_dims")? {
            none if none.is_empty() => self.list("axis"),
            named => Ok(named),
        }
    }

    fn is_float(&self, name: &str) -> Result<bool, LayerProblem> {
        Ok(self
            .data_type(name)?
            .is_none_or(|data_type| data_type.is_float()))
    }
}
