//! Settings of configurations, as keys with dots and JSON text, and which of them differ.

use std::collections::BTreeMap;

use configuration::{is_comment_key, key_help};
use report::{DifferentSetting, SettingValue};
use serde_json::Value;

/// The most settings that a configuration is taken apart into.
const MOST: usize = 10_000;

/// Settings by key. What stands neither for an object nor in one is one setting, arrays too.
pub(super) type Flat = BTreeMap<String, Value>;

/// The settings of a configuration's text, without comments; of text that is none, nothing.
pub(super) fn flat(text: &str) -> Flat {
    let mut settings = Flat::new();
    let parsed = configuration::syntax::parse(text);
    if let Some(root) = parsed.root.and_then(|root| root.to_json()) {
        add(&mut settings, "", root);
    }
    settings
}

fn add(settings: &mut Flat, key: &str, value: Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if is_comment_key(&name) || name == "$schema" {
                    continue;
                }
                match key {
                    "" => add(settings, &name, value),
                    key => add(settings, &format!("{key}.{name}"), value),
                }
            }
        }
        value if settings.len() < MOST => {
            settings.insert(key.to_owned(), value);
        }
        _ => {}
    }
}

/// The settings that are not the same everywhere, by key, and the number of the others. Where a
/// configuration has no value, the default of the schema counts.
pub(super) fn different(all: &[Flat]) -> (Vec<DifferentSetting>, usize) {
    let keys: std::collections::BTreeSet<&String> = all.iter().flat_map(Flat::keys).collect();
    let mut same = 0;
    let mut different = Vec::new();
    for key in keys {
        let default = default(key);
        let values: Vec<Option<SettingValue>> = all
            .iter()
            .map(|settings| match settings.get(key) {
                Some(value) => Some(SettingValue {
                    value: value.to_string(),
                    default: false,
                }),
                None => default.clone(),
            })
            .collect();
        let value = |setting: &Option<SettingValue>| setting.as_ref().map(|s| s.value.clone());
        if values
            .windows(2)
            .all(|pair| value(&pair[0]) == value(&pair[1]))
        {
            same += 1;
        } else {
            different.push(DifferentSetting {
                key: key.clone(),
                values,
            });
        }
    }
    (different, same)
}

/// The default of an optional key, which the schema tells. A key whose value is computed, or that
/// is required, has none.
fn default(key: &str) -> Option<SettingValue> {
    let path: Vec<&str> = key.split('.').collect();
    let help = key_help(&path).filter(|help| !help.required)?;
    Some(SettingValue {
        value: help.default?,
        default: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_defaults_make_no_difference() {
        let one = flat(r#"{"//": "a", "batch_size": 10, "quantization": {"seed": 0}}"#);
        let two = flat(r#"{"batch_size": 12, "target": "imx500", "extra": [1, 2]}"#);
        let (different, same) = different(&[one, two]);
        let keys: Vec<&str> = different.iter().map(|setting| &*setting.key).collect();
        assert_eq!(keys, ["batch_size", "extra"]);
        assert_eq!(same, 2);
        let values = |index: usize| -> Vec<Option<&str>> {
            let values = different[index].values.iter();
            values.map(|value| Some(&*value.as_ref()?.value)).collect()
        };
        assert_eq!(values(0), [Some("10"), Some("12")]);
        assert_eq!(values(1), [None, Some("[1,2]")]);
    }

    #[test]
    fn a_value_is_shown_beside_the_default_that_it_replaces() {
        let (different, _) = different(&[flat("{}"), flat(r#"{"target": "tflite"}"#)]);
        let values: Vec<_> = different[0].values.iter().flatten().collect();
        assert_eq!((&*values[0].value, values[0].default), ("\"imx500\"", true));
        assert_eq!(
            (&*values[1].value, values[1].default),
            ("\"tflite\"", false)
        );
    }

    #[test]
    fn text_that_is_no_configuration_has_no_settings() {
        assert!(flat("").is_empty());
        assert!(flat("[[[").is_empty() || flat("[[[").contains_key(""));
    }
}
