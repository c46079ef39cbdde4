//! The values under `quantization.overrides`.

use super::quantization::ErrorMethod;
use crate::syntax::{Node, Value};

/// Settings that differ for some layers; `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerOverride {
    /// Names of layers, with wildcards.
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

impl LayerOverride {
    /// Every entry of the list.
    pub(super) fn all(written: &Node) -> Vec<LayerOverride> {
        items(written).iter().map(LayerOverride::of).collect()
    }

    fn of(written: &Node) -> LayerOverride {
        let method = |key| ErrorMethod::of(written.get(key)?.as_str()?);
        let number = |key| written.get(key)?.to_json()?.as_f64();
        LayerOverride {
            layers: written.get("layers").map(names).unwrap_or_default(),
            activation_error_method: method("activation_error_method"),
            weights_error_method: method("weights_error_method"),
            z_threshold: number("z_threshold"),
            percentile: number("percentile"),
            activation_bits: written
                .get("activation_bits")
                .and_then(Node::as_integer)
                .and_then(|bits| u8::try_from(bits).ok()),
            float: written.get("float").and_then(Node::as_bool),
        }
    }
}

fn items(list: &Node) -> &[Node] {
    match &list.value {
        Value::Array(items) => items,
        _ => &[],
    }
}

/// One name, or several in a list.
fn names(written: &Node) -> Vec<String> {
    let one = std::slice::from_ref(written);
    let all = match &written.value {
        Value::Array(items) => items,
        _ => one,
    };
    let texts = all.iter().filter_map(Node::as_str);
    texts.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::parse;

    #[test]
    fn every_key_of_an_entry_is_read() {
        let check = |text: &str, expected: LayerOverride| {
            let parsed = parse(&format!("[{text}]"));
            assert_eq!(parsed.errors, []);
            assert_eq!(
                LayerOverride::all(&parsed.root.unwrap()),
                [expected],
                "{text}"
            );
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
        let keys = crate::keys(&["quantization", "overrides", "0"]);
        assert_eq!(keys.len(), 7);
    }
}
