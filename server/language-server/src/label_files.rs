//! Label and target files, which have diagnostics of their own as long as an open configuration
//! names them.

use configuration::labels::{LabelUse, check_labels};
use configuration::target::check_target;
use configuration::{Document, Entry, Facts, Finding, PathRole, input_size};
use std::path::PathBuf;

/// What a configuration uses a file for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FileUse {
    /// As its label file.
    Labels(LabelUse),
    /// As its target.
    Target,
}

/// The label file and the target file that a configuration names.
pub(crate) fn file_uses(document: &Document, facts: &dyn Facts) -> Vec<(PathBuf, FileUse)> {
    let target = document
        .mentions()
        .into_iter()
        .find(|mention| mention.role == PathRole::Target)
        // What the check does not look at has no diagnostics either.
        .filter(|mention| facts.entry(&mention.path) == Entry::File)
        .map(|mention| (mention.path, FileUse::Target));
    let labels = label_use(document, facts);
    let labels = labels.map(|(path, used)| (path, FileUse::Labels(used)));
    labels.into_iter().chain(target).collect()
}

fn label_use(document: &Document, facts: &dyn Facts) -> Option<(PathBuf, LabelUse)> {
    let mentions = document.mentions();
    let path = |role| {
        let mention = mentions.iter().find(|mention| mention.role == role);
        mention.map(|mention| mention.path.clone())
    };
    let size = document
        .root()
        .and_then(|root| root.get("input_tensor_size"))
        .and_then(input_size);
    let folder = path(PathRole::EvaluationImages);
    let classes = folder
        .as_deref()
        .and_then(|folder| facts.class_folders(folder)?.ok());
    let model = path(PathRole::Model).and_then(|model| facts.model(&model, size)?.ok());
    let used = LabelUse {
        classes,
        output: model.and_then(|model| model.output.clone()),
        folder: folder.unwrap_or_default(),
    };
    Some((path(PathRole::Labels)?, used))
}

/// What is wrong with the text of a file for any of its uses.
pub(crate) fn findings(text: &str, uses: &[FileUse]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for used in uses {
        let found = match used {
            FileUse::Labels(used) => check_labels(text, Some(used)),
            FileUse::Target => check_target(text),
        };
        for finding in found {
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
    }
    findings.sort_by_key(|finding| finding.range);
    findings
}
