//! The values under `quantization.overrides`.

use super::error_method::ErrorMethod;
use serde::{Deserialize, Deserializer};

/// Settings that differ for some layers; `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerOverride {
    /// Names of layers, with wildcards.
    #[serde(deserialize_with = "names")]
    pub layers: Vec<String>,
    /// Error that the range of the output minimizes.
    pub activation_error_method: Option<ErrorMethod>,
    /// Error that the thresholds of the kernel minimize.
    pub weights_error_method: Option<ErrorMethod>,
    /// Distance from the mean, in standard deviations, beyond which outputs do not count.
    pub z_threshold: Option<f64>,
    /// Percentage of the outputs that the range covers, above 50 and up to 100.
    pub percentile: Option<f64>,
    /// Bits of the output, 8 or 16.
    pub activation_bits: Option<u8>,
    /// Whether the layer stays in float.
    pub float: Option<bool>,
}

/// One name, or several in a list.
fn names<'de, D: Deserializer<'de>>(written: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Names {
        One(String),
        Several(Vec<String>),
    }
    Ok(match Names::deserialize(written)? {
        Names::One(name) => vec![name],
        Names::Several(names) => names,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_an_entry_is_read() {
        let check = |text: &str, expected: LayerOverride| {
            let found: LayerOverride = serde_json::from_str(text).unwrap();
            assert_eq!(found, expected, "{text}");
        };
        let empty = LayerOverride::default;
        let named = |names: &[&str]| LayerOverride {
            layers: names.iter().map(|&name| name.to_owned()).collect(),
            ..empty()
        };
        check(r#"{"layers": "a*"}"#, named(&["a*"]));
        check(r#"{"layers": ["a", "b"]}"#, named(&["a", "b"]));
        check(
            r#"{"layers": "a", "activation_error_method": "percentile", "percentile": 99.5}"#,
            LayerOverride {
                activation_error_method: Some(ErrorMethod::Percentile),
                percentile: Some(99.5),
                ..named(&["a"])
            },
        );
        check(
            r#"{"layers": "a", "weights_error_method": "kl", "z_threshold": 5, "activation_bits": 16, "float": false}"#,
            LayerOverride {
                weights_error_method: Some(ErrorMethod::Kl),
                z_threshold: Some(5.0),
                activation_bits: Some(16),
                float: Some(false),
                ..named(&["a"])
            },
        );
    }
}
