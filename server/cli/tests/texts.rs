//! Texts and catalogue belong together: every template has its translation, and no translation is
//! left over.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot read the schemas has to stop"
)]

use advice as _;
use jobs::JobError;
use keras::{ErrorKind, UnsupportedLayer};
use language_server as _;
use localization::Localization::Japanese;
use localization::{Message, Structured, phrase, placeholders, registry, text};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Schemas whose titles and descriptions an editor shows.
const SCHEMAS: [(&str, &str); 2] = [
    (
        "configuration.schema.json",
        include_str!("../../../schemas/configuration.schema.json"),
    ),
    (
        "target.schema.json",
        include_str!("../../../schemas/target.schema.json"),
    ),
];

fn add(text: &str, schema: &str, found: &mut BTreeMap<String, String>) {
    let mut in_code = false;
    for line in text.lines().filter(|line| !line.is_empty()) {
        let is_fence = line.starts_with("```");
        in_code ^= is_fence;
        if is_fence || in_code {
            continue;
        }
        let template = line.replace('{', "{{").replace('}', "}}");
        found.insert(template, schema.to_owned());
    }
}

/// Adds the lines of titles and descriptions to `found`.
fn described(value: &Value, schema: &'static str, found: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                let is_text = ["title", "description", "markdownDescription"];
                match value {
                    Value::String(text) if is_text.contains(&key.as_str()) => {
                        add(text, schema, found);
                    }
                    Value::Array(texts) if key == "enumDescriptions" => {
                        let texts = texts.iter().filter_map(Value::as_str);
                        texts.for_each(|text| add(text, schema, found));
                    }
                    value => described(value, schema, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| described(item, schema, found)),
        _ => {}
    }
}

/// Every template, and where it is from.
fn templates() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (schema, text) in SCHEMAS {
        described(&serde_json::from_str(text).unwrap(), schema, &mut found);
    }
    for template in registry::templates() {
        let place = format!("{}:{}", template.file, template.line);
        found.insert(template.text.to_owned(), place);
    }
    found
}

/// Whether there is anything to translate besides what placeholders stand for.
fn has_words(template: &str) -> bool {
    let mut rest = template.to_owned();
    for name in placeholders(template) {
        rest = rest.replace(&format!("{{{name}}}"), "");
    }
    rest.contains(char::is_alphabetic)
}

#[test]
fn every_template_has_a_translation_and_no_translation_is_left_over() {
    let templates = templates();
    let entries: BTreeMap<&str, &str> = Japanese.entries().collect();
    let mut wrong = Vec::new();
    for (template, place) in &templates {
        let names = |text| placeholders(text).collect::<BTreeSet<_>>();
        match entries.get(template.as_str()) {
            None if !has_words(template) => {}
            None => wrong.push(format!("{place}: no translation of {template:?}")),
            Some(translation) if names(translation) != names(template) => {
                wrong.push(format!("{place}: other placeholders in {translation:?}"));
            }
            Some(_) => {}
        }
    }
    let left_over = entries.keys().filter(|key| !templates.contains_key(**key));
    wrong.extend(left_over.map(|key| format!("no text has the template {key:?}")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the linker leaves out would be missing above without a word.
#[test]
fn templates_of_every_crate_are_registered() {
    let crates: BTreeSet<&str> = registry::templates()
        .filter_map(|template| {
            template
                .file
                .split('/')
                .rev()
                .skip_while(|part| *part != "src")
                .nth(1)
        })
        .collect();
    for expected in [
        "advice",
        "configuration",
        "graph",
        "images",
        "inference",
        "jobs",
        "keras",
        "language-server",
        "localization",
        "quantization",
        "tflite",
    ] {
        assert!(crates.contains(expected), "{expected} {crates:?}");
    }
}

/// Failures as the crates make them, and as they come from another process.
#[test]
fn failures_in_japanese() {
    let check = |message: &dyn Message, expected: &str| {
        let text = message.text();
        assert_eq!(Japanese.text(&text), expected);
        let json = serde_json::to_string(&Structured::from(&text)).unwrap();
        let structured = serde_json::from_str(&json).unwrap();
        let received = Structured::said(Some(structured), &text.to_string());
        assert_eq!(Japanese.text(&received), expected);
    };
    let layer = |layer: &str, class: &str, reason| UnsupportedLayer {
        layer: layer.to_owned(),
        class: class.to_owned(),
        reason,
    };
    check(
        &ErrorKind::UnsupportedLayers(vec![
            layer("a", "Reshape", text!("it has no outputs")),
            layer("b", "Lambda", text!("it runs Python code of its own")),
        ]),
        "モデルに変換できない層が 2 個あります: \"a\" (Reshape): 出力がありません。\"b\" (Lambda): 独自の Python コードを実行します。置き換えて、モデルを保存し直してください。",
    );
    check(
        &ErrorKind::Weight {
            layer: "conv1".to_owned(),
            weight: "kernel".to_owned(),
            problem: text!(
                "has shape {stored:?} where the configuration asks for {shape:?}",
                stored = [3, 8],
                shape = [3, 16]
            ),
        },
        "層 \"conv1\" の重み \"kernel\" の形状は [3, 8] ですが、構成では [3, 16] です。モデルを保存し直してください。",
    );
    check(
        &tflite::ReadError::OutOfBounds {
            part: phrase!("the list of tensors"),
            offset: 512,
        },
        "TFLite ファイルが壊れているか、途中で切れています: 512 バイト目のテンソルのリストがファイルの外に出ています。書き込み直してください。",
    );
    check(
        &JobError::WriteFile {
            path: "/out/model.tflite".into(),
            source: std::io::Error::other("No space left on device (os error 28)"),
            remedy: phrase!("free some space and run the job again"),
        },
        "\"/out/model.tflite\" に書き込めません: ディスクの空き容量がありません (os error 28)。空き容量を増やして、ジョブを再実行してください。",
    );
    // A name that reads like a message, and one that reads like a placeholder.
    for name in ["cancelled", "{path}", "no images; {0}"] {
        let error = JobError::NotQuantized { path: name.into() };
        let shown = Japanese.text(&error);
        assert!(shown.contains(&format!("\"{name}\"")), "{shown}");
    }
}
