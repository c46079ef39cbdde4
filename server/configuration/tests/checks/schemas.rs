//! The files in `schemas/`: each is valid, each accepts its own examples, and the schema of
//! configurations keeps the promises that its readers rely on.

use configuration::{KeyHelp, key_help, keys};
use serde_json::Value;
use std::path::Path;

fn schema(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn schemas_are_valid_and_accept_their_examples() {
    for name in [
        "configuration.schema.json",
        "labels.schema.json",
        "events.schema.json",
        "findings.schema.json",
        "results.schema.json",
        "target.schema.json",
    ] {
        let schema = schema(name);
        assert!(jsonschema::meta::is_valid(&schema), "{name}");
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        for example in schema["examples"].as_array().into_iter().flatten() {
            assert!(validator.is_valid(example), "{name}: {example}");
        }
    }
}

#[test]
fn keys_have_all_texts_and_sound_examples() {
    let ten = keys(&[]).into_iter().filter(|help| help.required);
    assert_eq!(ten.count(), 10);
    let parts: [&[&str]; 6] = [
        &[],
        &["quantization"],
        &["quantization", "overrides", "0"],
        &["preprocessing"],
        &["preprocessing", "resize"],
        &["preprocessing", "normalization"],
    ];
    for part in parts {
        let members = keys(part);
        assert!(!members.is_empty(), "{part:?}");
        for help in members {
            let key = &help.key;
            assert!(!help.title.is_empty(), "{key}");
            assert!(help.description.ends_with('.'), "{key}");
            assert!(!help.markdown.is_empty(), "{key}");
            assert!(!help.types.is_empty(), "{key}");
            assert!(!help.required || help.default.is_some(), "{key}");
            assert!(
                help.values
                    .iter()
                    .all(|value| !value.description.is_empty())
            );
        }
    }
}

/// Validation has words for these keywords only; another one would give a vague message.
#[test]
fn only_keywords_with_a_message_of_their_own() {
    fn check(schema: &Value, place: &str) {
        const KNOWN: &[&str] = &[
            "$schema",
            "$id",
            "$ref",
            "$defs",
            "title",
            "description",
            "markdownDescription",
            "default",
            "examples",
            "type",
            "enum",
            "enumDescriptions",
            "required",
            "properties",
            "patternProperties",
            "additionalProperties",
            "items",
            "minItems",
            "maxItems",
            "minLength",
            "maxLength",
            "pattern",
            "minimum",
            "exclusiveMinimum",
            "maximum",
            "anyOf",
            "not",
            "if",
            "then",
        ];
        for (keyword, value) in schema.as_object().into_iter().flatten() {
            let place = format!("{place}/{keyword}");
            assert!(KNOWN.contains(&keyword.as_str()), "{place}");
            match keyword.as_str() {
                "properties" | "patternProperties" | "$defs" => {
                    for (name, schema) in value.as_object().unwrap() {
                        check(schema, &format!("{place}/{name}"));
                    }
                }
                "anyOf" => value
                    .as_array()
                    .unwrap()
                    .iter()
                    .for_each(|one| check(one, &place)),
                "items" | "not" | "if" | "then" => check(value, &place),
                _ => {}
            }
        }
    }
    check(&schema("configuration.schema.json"), "");
    check(&schema("target.schema.json"), "");
}

#[test]
fn help_on_keys() {
    let help = |path: &[&str]| key_help(path).unwrap();
    let size: KeyHelp = help(&["input_tensor_size"]);
    assert_eq!(size.title, "Input size");
    assert_eq!(size.range.unwrap(), "from 1 to 4096");
    assert_eq!(size.default.as_deref(), Some("224"));
    assert_eq!(size.types, ["a whole number", "a list `[…]`"]);
    assert!(size.required && size.values.is_empty());

    let preprocessing = help(&["preprocessing"]);
    assert_eq!(preprocessing.types, ["a text in quotes", "an object `{…}`"]);
    assert_eq!(preprocessing.values[3].value, "unit");
    assert_eq!(preprocessing.default.as_deref(), Some("\"mobilenet\""));

    let mean = help(&["evaluate_preprocessing", "normalization", "mean"]);
    assert_eq!(mean.types, ["a number", "a list `[…]`"]);
    assert!(mean.required);
    assert_eq!(help(&["preprocessing", "resize", "fit"]).values.len(), 3);

    assert_eq!(key_help(&[]), None);
    assert_eq!(key_help(&["colour"]), None);
    assert_eq!(key_help(&["batch_size", "more"]), None);
}
