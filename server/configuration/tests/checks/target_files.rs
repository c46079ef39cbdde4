//! Target files as texts: what is found in them, and agreement with what the jobs read.

use configuration::Target;
use configuration::target::{MAX_LENGTH, check_target};

const RULE: &str = r#""default": {"activation_method": "uniform", "activation_bits": [8, 16], "weight_method": "symmetric", "per_channel": true, "float": true}"#;

/// Texts with the text at fault and the message of each finding.
fn cases() -> Vec<(String, Vec<(&'static str, &'static str)>)> {
    let with = |more: &str| format!("{{\"name\": \"x\", {RULE}{more}}}");
    let rules = |rules: &str| with(&format!(", \"operators\": [{rules}]"));
    vec![
        (with(""), vec![]),
        (with(r#", "$schema": "target.schema.json", "description": "", "// note": "x""#), vec![]),
        (rules(""), vec![]),
        (rules(r#"{"names": ["Conv2D", "CONV_2D"], "// why": "x", "float": false}"#), vec![]),
        (
            String::new(),
            vec![("", "the file is empty; write a JSON object with `name` and `default`")],
        ),
        (
            "[]".to_owned(),
            vec![("[]", "the target is a list `[…]`, but it must be an object `{…}`; write an object `{…}`")],
        ),
        (
            format!("{{{RULE}}}"),
            vec![("{", "the key `name` is missing (what messages and reports call the target); add it, for example \"name\": \"my device\"")],
        ),
        (
            with(r#", "name": "y""#),
            vec![("\"name\"", "the key `name` stands here a second time, and only one value can hold; remove one of them")],
        ),
        (
            rules(r#"{"names": ["Conv2d"]}"#),
            vec![("\"Conv2d\"", "`operators[0].names[0]` cannot be `Conv2d`, only `Abs`, `Add`, `AveragePool2D`, `BatchMatMul`, `BatchNormalization`, `Concatenate` or one of 79 others; did you mean `Conv2D`?")],
        ),
        (
            rules(r#"{"names": [], "activation_bits": [16, 8]}"#),
            vec![
                ("[]", "`operators[0].names` is an empty list; write at least 1 entry"),
                ("[16, 8]", "`operators[0].activation_bits` is `[16, 8]`, but it must be `[8]` or `[8,16]`; change the value"),
            ],
        ),
        (
            rules(r#"{"activation_methods": "uniform"}"#),
            vec![
                ("{", "the key `names` is missing in `operators[0]` (the operators that the rule is for, by the name that reports show or by TFLite's name); add it, for example \"names\": [\"Conv2D\"]"),
                ("\"activation_methods\"", "there is no key `activation_methods`; did you mean `activation_method`?"),
            ],
        ),
        (
            r#"{"name": 3, "default": {"activation_method": "affine", "activation_bits": 8, "weight_method": "uniform", "per_channel": "yes"}}"#.to_owned(),
            vec![
                ("3", "`name` is 3, but it must be a text in quotes; write for example \"my device\""),
                ("\"default\"", "the key `float` is missing in `default` (whether layers with the operators may stay in float where the configuration asks for it); add it, for example \"float\": false"),
                ("\"affine\"", "`default.activation_method` cannot be `affine`; write `power_of_two`, `symmetric` or `uniform`"),
                ("8", "`default.activation_bits` is 8, but it must be a list `[…]`; write a list `[…]`"),
                ("\"uniform\"", "`default.weight_method` cannot be `uniform`; write `power_of_two` or `symmetric`"),
                ("\"yes\"", "`default.per_channel` is the text `yes`, but it must be true or false; write true or false"),
            ],
        ),
    ]
}

#[test]
fn findings_of_every_target_file() {
    for (text, expected) in cases() {
        let findings = check_target(&text);
        let messages: Vec<String> = findings
            .iter()
            .map(|finding| finding.message.to_string())
            .collect();
        let mut found: Vec<(&str, &str)> = findings
            .iter()
            .zip(&messages)
            .map(|(finding, message)| (finding.range.of(&text), message.as_str()))
            .collect();
        // One finding each is enough where a value breaks two rules.
        found.dedup_by_key(|(part, _)| *part);
        assert_eq!(found, expected, "{text}");
    }
}

/// A file that has no error here is one that a job reads, and the other way round.
#[test]
fn target_files_are_read_if_nothing_is_wrong_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.json");
    let target = Target::File(file.clone());
    assert!(target.capabilities().is_err(), "no file");
    for (text, expected) in cases() {
        std::fs::write(&file, &text).unwrap();
        let read = target.capabilities();
        assert_eq!(read.is_ok(), expected.is_empty(), "{text}");
        if let (Err(error), Some((_, message))) = (read, expected.first()) {
            let told = error.to_string();
            assert!(
                told.contains("mine.json") && told.contains("line 1, column"),
                "{told}"
            );
            assert!(told.ends_with(message), "{told}");
        }
    }
    std::fs::write(&file, [0xff, 0xfe]).unwrap();
    assert!(
        target
            .capabilities()
            .unwrap_err()
            .to_string()
            .contains("UTF-8")
    );
    assert!(Target::File(folder.path().into()).capabilities().is_err());
}

/// Hostile and half-written files: always an answer, with ranges inside the text.
#[test]
fn any_text_gets_an_answer() {
    let sound =
        format!("{{\"name\": \"𝄞\", {RULE}, \"operators\": [{{\"names\": [\"Conv2D\"]}}]}}");
    assert_eq!(check_target(&sound), []);
    let mut texts: Vec<String> = (0..sound.len())
        .filter(|&end| sound.is_char_boundary(end))
        .map(|end| sound[..end].to_owned())
        .collect();
    texts.push("[".repeat(100_000));
    texts.push("{\"name\":".repeat(10_000));
    texts.push(format!("{{\"name\": \"{}\"}}", "x".repeat(MAX_LENGTH)));
    texts.push(format!(
        "{{\"operators\": [{}]}}",
        "{\"names\": [\"x\"]},".repeat(8_000)
    ));
    texts.push(format!(
        "{{\"name\": \"x\", {}}}",
        RULE.replace("[8, 16]", "[1e999]")
    ));
    for text in texts {
        let findings = check_target(&text);
        assert!(!findings.is_empty(), "{}", &text[..text.len().min(80)]);
        for finding in findings {
            assert!(text.get(finding.range.start..finding.range.end).is_some());
            assert!(!finding.message.contains("\n"));
            assert!(
                finding.message.to_string().len() < 1000,
                "{}",
                finding.message
            );
        }
    }
}
