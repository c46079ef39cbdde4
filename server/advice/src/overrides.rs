//! Settings of single layers as a value of the configuration.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Value, json};

use crate::evidence::Evidence;

/// Key of the settings of single layers.
pub(crate) const OVERRIDES: &str = "quantization.overrides";

/// Whether the schema has settings of single layers.
pub(crate) fn exist() -> bool {
    configuration::key_help(&OVERRIDES.split('.').collect::<Vec<_>>()).is_some()
}

/// Layers of one entry; more are hardly one layer's problem.
const MOST: usize = 50;

/// The list under [`OVERRIDES`] with more entries behind those that are there: for each value, in
/// order, `key` is set to it for its layers.
pub(crate) fn with_entries(
    evidence: &Evidence,
    key: &str,
    layers: impl IntoIterator<Item = (u64, String)>,
) -> Value {
    let mut by_value: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for (value, layer) in layers {
        by_value.entry(value).or_default().push(layer);
    }
    let present = evidence.settings.written.pointer("/quantization/overrides");
    let mut entries = present
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    for (value, mut layers) in by_value {
        layers.truncate(MOST);
        let named = match layers.as_slice() {
            [layer] => json!(layer),
            layers => json!(layers),
        };
        entries.push(json!({"layers": named, key: value}));
    }
    Value::Array(entries)
}

/// The list with an entry that gives outputs of 16 bits to those of the layers that the target
/// lets have them; `None` where there are none.
pub(crate) fn wide(evidence: &Evidence, layers: &[String]) -> Option<Value> {
    if !exist() {
        return None;
    }
    let nodes = evidence.graph.nodes().iter();
    let allowed: HashSet<&str> = nodes
        .filter(|node| evidence.options.layer(node).int16)
        .map(|node| node.name.as_str())
        .collect();
    let layers = layers.iter().filter(|name| allowed.contains(name.as_str()));
    let mut entries = layers.map(|name| (16, name.clone())).peekable();
    entries.peek()?;
    Some(with_entries(evidence, "activation_bits", entries))
}
