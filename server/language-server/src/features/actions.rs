use crate::commands;
use crate::diagnostics::diagnostic;
use crate::disk::Asked;
use crate::documents::Snapshot;
use crate::label_files;
use crate::lines::position_of;
use crate::session::Session;
use configuration::assist::{self, Action};
use configuration::text::TextRange;
use configuration::{Change, Finding, Fix};
use serde_json::json;
use tower_lsp::lsp_types::{
    CodeAction, CodeActionKind, CodeActionParams, Command, CreateFile, CreateFileOptions,
    DocumentChangeOperation, DocumentChanges, OneOf, OptionalVersionedTextDocumentIdentifier,
    Position, Range, ResourceOp, TextDocumentEdit, TextEdit, Url, WorkspaceEdit,
};

/// Fixes of everything at once that has one obvious fix.
const FIX_ALL: CodeActionKind = CodeActionKind::new("source.fixAll.modelQuantizer");

/// The changes that are offered at a range, in configurations and in their label files.
pub(crate) fn actions(
    session: &Session,
    snapshot: &Snapshot,
    params: &CodeActionParams,
) -> Vec<CodeAction> {
    let range = snapshot.lines.text_range(params.range);
    let (findings, actions) = offered(session, snapshot, range);
    let wanted = |kind: &CodeActionKind| {
        params.context.only.as_ref().is_none_or(|only| {
            only.iter()
                .any(|only| is_part_of(kind.as_str(), only.as_str()))
        })
    };
    actions
        .into_iter()
        .filter_map(|action| {
            let finding = action.finding.and_then(|position| findings.get(position));
            let kind = match finding {
                Some(_) => CodeActionKind::QUICKFIX,
                None if action.fix.preferred => FIX_ALL,
                None => CodeActionKind::REFACTOR_REWRITE,
            };
            if !wanted(&kind) {
                return None;
            }
            code_action(session, snapshot, action.fix, kind, finding)
        })
        .collect()
}

/// `source.fixAll` includes `source.fixAll.modelQuantizer`.
fn is_part_of(kind: &str, whole: &str) -> bool {
    let rest = kind.strip_prefix(whole);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || whole.is_empty())
}

fn offered(
    session: &Session,
    snapshot: &Snapshot,
    range: TextRange,
) -> (Vec<Finding>, Vec<Action>) {
    let document = snapshot.document();
    if session.is_configuration(document) {
        let open = session.documents.texts();
        let facts = Asked::in_passing(&session.answers, session.trust(document), &open);
        let findings = document.check(&facts);
        let actions = assist::actions(document, range, &findings);
        return (findings, actions);
    }
    let findings = label_files::findings(
        snapshot.lines.text(),
        &session.checks.uses_of(&snapshot.path),
    );
    let here = |place: TextRange| place.start <= range.end && range.start <= place.end;
    let actions = findings
        .iter()
        .enumerate()
        .filter(|(_, finding)| here(finding.range))
        .flat_map(|(position, finding)| {
            finding.fixes.iter().map(move |fix| Action {
                fix: fix.clone(),
                finding: Some(position),
            })
        })
        .collect();
    (findings, actions)
}

/// A fix as the protocol wants it; `None` where the client cannot apply it.
fn code_action(
    session: &Session,
    snapshot: &Snapshot,
    fix: Fix,
    kind: CodeActionKind,
    finding: Option<&Finding>,
) -> Option<CodeAction> {
    let mut edit = Edit::new(snapshot);
    let mut command = None;
    let title = session.localization().text(&fix.title);
    for change in fix.changes {
        match change {
            Change::Text(replacement) => edit.here(TextEdit {
                range: snapshot.lines.range(replacement.range),
                new_text: replacement.text,
            }),
            Change::OtherText {
                path,
                start,
                end,
                text,
            } => {
                let range = Range::new(position_of(start), position_of(end));
                edit.elsewhere(session, Url::from_file_path(path).ok()?, range, text);
            }
            Change::CreateFolder(path) => {
                let arguments = Some(vec![json!(Url::from_file_path(path).ok()?)]);
                let name = commands::CREATE_FOLDER.to_owned();
                command = Some(Command::new(title.clone(), name, arguments));
            }
            Change::WriteFile { path, text } => {
                if !session.abilities().creates_files {
                    return None;
                }
                edit.create(Url::from_file_path(path).ok()?, text);
            }
        }
    }
    Some(CodeAction {
        title,
        kind: Some(kind),
        diagnostics: finding.map(|finding| vec![diagnostic(session, snapshot, finding)]),
        edit: edit.finish(),
        command,
        is_preferred: fix.preferred.then_some(true),
        ..CodeAction::default()
    })
}

/// A workspace edit in the making.
struct Edit<'a> {
    snapshot: &'a Snapshot,
    here: Vec<TextEdit>,
    operations: Vec<DocumentChangeOperation>,
}

impl<'a> Edit<'a> {
    fn new(snapshot: &'a Snapshot) -> Edit<'a> {
        Edit {
            snapshot,
            here: Vec::new(),
            operations: Vec::new(),
        }
    }

    fn here(&mut self, edit: TextEdit) {
        self.here.push(edit);
    }

    fn elsewhere(&mut self, session: &Session, uri: Url, range: Range, new_text: String) {
        let open = crate::documents::file(&uri).and_then(|path| session.documents.uri_of(&path));
        self.operations.push(edits(
            open.unwrap_or(uri),
            None,
            vec![TextEdit { range, new_text }],
        ));
    }

    fn create(&mut self, uri: Url, new_text: String) {
        let create = CreateFile {
            uri: uri.clone(),
            options: Some(CreateFileOptions {
                overwrite: Some(false),
                ignore_if_exists: Some(false),
            }),
            annotation_id: None,
        };
        let operation = DocumentChangeOperation::Op(ResourceOp::Create(create));
        self.operations.push(operation);
        let range = Range::new(Position::new(0, 0), Position::new(0, 0));
        self.operations
            .push(edits(uri, None, vec![TextEdit { range, new_text }]));
    }

    /// The plain form for changes of this document, which every client can apply.
    fn finish(mut self) -> Option<WorkspaceEdit> {
        let uri = self.snapshot.uri.clone();
        if self.operations.is_empty() {
            if self.here.is_empty() {
                return None;
            }
            return Some(WorkspaceEdit::new([(uri, self.here)].into()));
        }
        if !self.here.is_empty() {
            let version = Some(self.snapshot.version);
            self.operations.insert(0, edits(uri, version, self.here));
        }
        Some(WorkspaceEdit {
            document_changes: Some(DocumentChanges::Operations(self.operations)),
            ..WorkspaceEdit::default()
        })
    }
}

fn edits(uri: Url, version: Option<i32>, edits: Vec<TextEdit>) -> DocumentChangeOperation {
    DocumentChangeOperation::Edit(TextDocumentEdit {
        text_document: OptionalVersionedTextDocumentIdentifier { uri, version },
        edits: edits.into_iter().map(OneOf::Left).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_hierarchical() {
        let check = |kind, whole, expected| {
            assert_eq!(is_part_of(kind, whole), expected, "{kind} {whole}");
        };
        check("quickfix", "quickfix", true);
        check("quickfix", "", true);
        check("source.fixAll.modelQuantizer", "source.fixAll", true);
        check("source.fixAll.modelQuantizer", "source", true);
        check("source.fixAll", "source.fixAll.modelQuantizer", false);
        check("refactor.rewrite", "refactor.re", false);
    }
}
