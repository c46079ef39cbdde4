//! Names of operators.

use graph::Opcode;
use tflite::{Builtin, KernelTraits};

/// Every operator that a layer may need; conversions belong to no layer.
fn operators() -> impl Iterator<Item = Opcode> {
    let all = Opcode::ALL.iter().copied();
    all.filter(|&operator| operator != Opcode::Convert)
}

/// Names of an operator in TFLite's schema.
fn tflite_names(operator: Opcode) -> impl Iterator<Item = &'static str> {
    let builtins = KernelTraits::of(operator).builtins.iter();
    builtins.copied().map(Builtin::name)
}

/// The operator that is meant by a name of either kind: the name that reports show, or one of those
/// in TFLite's schema.
pub(super) fn operator(name: &str) -> Option<&'static str> {
    let meant = |operator: &Opcode| {
        operator.traits().name == name || tflite_names(*operator).any(|known| known == name)
    };
    operators()
        .find(meant)
        .map(|operator| operator.traits().name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_schema_has_the_names_of_all_operators() {
        let text = include_str!("../../../../schemas/target.schema.json");
        let schema: serde_json::Value = serde_json::from_str(text).unwrap();
        let names = schema["$defs"]["operator"]["enum"].as_array().unwrap();
        let listed: BTreeSet<&str> = names.iter().map(|name| name.as_str().unwrap()).collect();
        assert_eq!(listed.len(), names.len(), "a name is there twice");
        let own = operators().map(|operator| operator.traits().name);
        let known: BTreeSet<&str> = own.chain(operators().flat_map(tflite_names)).collect();
        assert_eq!(listed, known);
    }

    #[test]
    fn names_of_tflite_are_those_of_operators() {
        assert_eq!(operator("CONV_2D"), Some("Conv2D"));
        assert_eq!(operator("RESIZE_BILINEAR"), Some("Resize"));
        assert_eq!(operator("Swish"), Some("Swish"));
        assert_eq!(operator("conv2d"), None);
        assert_eq!(operator("QUANTIZE"), None);
    }
}
