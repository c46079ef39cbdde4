//! Configurations that name their schema, which editors with a JSON service then check themselves.

use configuration::syntax::Node;
use configuration::{Code, Document, Facts, Finding, Stage, configuration_schema, key_help};
use localization::phrase;
use serde_json::Value;

/// Whether `$schema` names a file that says what our own schema says. A JSON service that reads
/// it reports everything that the schema excludes.
pub(crate) fn names_our_schema(document: &Document, facts: &dyn Facts) -> bool {
    let Some(named) = document
        .root()
        .and_then(|root| root.get("$schema"))
        .and_then(Node::as_str)
    else {
        return false;
    };
    // An address elsewhere may be out of reach for the JSON service, which then reports nothing.
    let path = document.folder().join(named);
    let Some(Ok(text)) = facts.text(&path) else {
        return false;
    };
    let ours = configuration_schema();
    let content = |text: &str| serde_json::from_str::<Value>(text).ok();
    *text == *ours || content(&text).is_some_and(|named| Some(named) == content(ours))
}

/// Takes away what a JSON service with our schema reports too.
pub(crate) fn leave_to_service(findings: &mut Vec<Finding>, document: &Document) {
    let left: Vec<Finding> = findings
        .extract_if(.., |finding| excludes(finding))
        .collect();
    let unseen = left.iter().filter(|finding| {
        let mut others = left.iter().filter(|other| other.path == finding.path);
        passes_for_whole(finding, document.text()) && others.all(|other| other == *finding)
    });
    findings.extend(unseen.cloned());
    findings.sort_by_key(|finding| (finding.range, finding.code));
}

/// Whether a JSON service with our schema reports the finding too.
fn excludes(finding: &Finding) -> bool {
    finding.code.stage() == Stage::Schema && finding.code != Code::TooLarge
}

/// Whether the finding is about a fraction that is written with an exponent, such as `15e-1`, where
/// the schema wants a whole number. The service of VS Code takes every number without a decimal point
/// for one, so that it minds the range only.
fn passes_for_whole(finding: &Finding, text: &str) -> bool {
    let written = finding.range.of(text);
    let path: Vec<&str> = finding.path.iter().map(String::as_str).collect();
    finding.code == Code::WrongType
        && written.starts_with(|letter: char| letter == '-' || letter.is_ascii_digit())
        && !written.contains('.')
        && key_help(&path).is_some_and(|help| help.types.contains(&phrase!("a whole number")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use configuration::DiskFacts;
    use std::path::Path;

    #[test]
    fn what_a_json_service_does_not_see() {
        let check = |members: &str, expected: &[&str]| {
            let text = format!("{{{members}}}");
            let document = Document::new(text.clone(), Path::new("/none/configuration.json"));
            let mut findings = document.check(&DiskFacts);
            findings.retain(|finding| finding.code.stage() == Stage::Schema);
            assert!(findings.len() > 5, "{findings:#?}");
            leave_to_service(&mut findings, &document);
            let found: Vec<&str> = findings.iter().map(|one| one.range.of(&text)).collect();
            assert_eq!(found, expected, "{members}");
        };
        check(r#""batch_size": 15e-1"#, &["15e-1"]);
        check(
            r#""batch_size": 15E-1, "quantization": {"seed": 5e-1}"#,
            &["15E-1", "5e-1"],
        );
        // The service reports what lies outside of the range, and numbers with a point.
        check(r#""batch_size": 5e-1"#, &[]);
        check(r#""batch_size": -15e-1"#, &[]);
        check(
            r#""quantization": {"overrides": [{"layers": "a", "activation_bits": 85e-1}]}"#,
            &[],
        );
        check(r#""batch_size": 1.5"#, &[]);
        check(r#""batch_size": 50.0"#, &[]);
        check(r#""batch_size": 1.55e1"#, &[]);
        // It reports numbers in the place of texts.
        check(r#""target": 15e-1"#, &[]);
        check(r#""batch_size": "15e-1""#, &[]);
        check(r#""batch_size": 5e1"#, &[]);
    }
}
