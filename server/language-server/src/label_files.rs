//! Label files, which have diagnostics of their own as long as an open configuration names them.

use crate::documents::Snapshot;
use crate::session::Session;
use configuration::labels::{LabelUse, check_labels};
use configuration::syntax::Node;
use configuration::{Document, Facts, Finding, PathRole};
use std::path::PathBuf;

/// The label file that a configuration names, and what for.
pub(crate) fn label_use(document: &Document, facts: &dyn Facts) -> Option<(PathBuf, LabelUse)> {
    let mentions = document.mentions();
    let path = |role| {
        let mention = mentions.iter().find(|mention| mention.role == role);
        mention.map(|mention| mention.path.clone())
    };
    let size = document
        .root()
        .and_then(|root| root.get("input_tensor_size"))
        .and_then(Node::as_integer)
        .and_then(|size| usize::try_from(size).ok());
    let folder = path(PathRole::EvaluationImages);
    let classes = folder
        .as_deref()
        .and_then(|folder| facts.class_folders(folder)?.ok());
    let model = path(PathRole::Model).and_then(|model| facts.model(&model, size)?.ok());
    let used = LabelUse {
        classes,
        outputs: model.and_then(|model| model.classes),
        folder: folder.unwrap_or_default(),
    };
    Some((path(PathRole::Labels)?, used))
}

/// What is wrong with the text of a label file for any of its uses.
pub(crate) fn findings(text: &str, uses: &[LabelUse]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for used in uses {
        for finding in check_labels(text, Some(used)) {
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
    }
    findings.sort_by_key(|finding| finding.range);
    findings
}

/// What is wrong with an open document, if it is a label file.
pub(crate) fn findings_in(session: &Session, snapshot: &Snapshot) -> Vec<Finding> {
    let uses = session.checks.uses_of(&snapshot.path);
    findings(snapshot.lines.text(), &uses)
}
