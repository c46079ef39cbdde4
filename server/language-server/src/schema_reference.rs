//! Configurations that name their schema, which editors with a JSON service then check themselves.

use configuration::syntax::Node;
use configuration::{Code, Document, Facts, Finding, Stage, configuration_schema};
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

/// Whether a JSON service with our schema reports the finding too.
pub(crate) fn excludes(finding: &Finding) -> bool {
    finding.code.stage() == Stage::Schema && finding.code != Code::TooLarge
}
