//! The texts that the client has open.

use crate::disk::normal;
use crate::lines::{Lines, offset};
use configuration::text::LineIndex;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tower_lsp::lsp_types::{TextDocumentContentChangeEvent, TextDocumentItem, Url};

/// All open documents. Changes are applied by the ingress, one after the other; everyone else
/// reads snapshots.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    open: Mutex<HashMap<Url, Document>>,
}

#[derive(Debug)]
struct Document {
    version: i32,
    text: String,
    /// The snapshot of this very text, once somebody has asked for it.
    snapshot: Option<Arc<Snapshot>>,
}

/// A document at one moment.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// As the client names it.
    pub(crate) uri: Url,
    /// Where it lies.
    pub(crate) path: PathBuf,
    /// The client's number of this text.
    pub(crate) version: i32,
    /// The text.
    pub(crate) lines: Lines,
    document: OnceLock<configuration::Document>,
}

impl Snapshot {
    pub(crate) fn new(uri: Url, path: PathBuf, version: i32, text: &str) -> Snapshot {
        Snapshot {
            uri,
            path,
            version,
            lines: Lines::new(text),
            document: OnceLock::new(),
        }
    }

    /// The text as a tree, which the first who needs it makes.
    pub(crate) fn document(&self) -> &configuration::Document {
        let text = || self.lines.text().to_owned();
        self.document
            .get_or_init(|| configuration::Document::new(text(), &self.path))
    }
}

impl Documents {
    pub(crate) fn open(&self, document: TextDocumentItem) {
        let opened = Document {
            version: document.version,
            text: document.text,
            snapshot: None,
        };
        self.lock().insert(document.uri, opened);
    }

    /// Applies changes in their order. Returns false for a document that is not open.
    pub(crate) fn change(
        &self,
        uri: &Url,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
    ) -> bool {
        let mut open = self.lock();
        let Some(document) = open.get_mut(uri) else {
            return false;
        };
        for change in changes {
            apply(&mut document.text, change);
        }
        document.version = version;
        document.snapshot = None;
        true
    }

    pub(crate) fn close(&self, uri: &Url) {
        self.lock().remove(uri);
    }

    /// The document as it is now; `None` where it is not open or not a file.
    pub(crate) fn snapshot(&self, uri: &Url) -> Option<Arc<Snapshot>> {
        let mut open = self.lock();
        let document = open.get_mut(uri)?;
        if let Some(snapshot) = &document.snapshot {
            return Some(Arc::clone(snapshot));
        }
        let path = file(uri)?;
        let snapshot = Snapshot::new(uri.clone(), path, document.version, &document.text);
        let snapshot = Arc::new(snapshot);
        document.snapshot = Some(Arc::clone(&snapshot));
        Some(snapshot)
    }

    /// The names of all open documents.
    pub(crate) fn uris(&self) -> Vec<Url> {
        self.lock().keys().cloned().collect()
    }

    /// The texts of all open files by their paths without `.` and `..`.
    pub(crate) fn texts(&self) -> HashMap<PathBuf, Arc<str>> {
        let snapshots = self
            .uris()
            .into_iter()
            .filter_map(|uri| self.snapshot(&uri));
        snapshots
            .map(|snapshot| (normal(&snapshot.path), snapshot.lines.shared()))
            .collect()
    }

    /// The name under which a file is open.
    pub(crate) fn uri_of(&self, path: &Path) -> Option<Url> {
        let path = normal(path);
        let mut uris = self.uris().into_iter();
        uris.find(|uri| file(uri).is_some_and(|file| normal(&file) == path))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Url, Document>> {
        // A text is replaced in one step, so a panic leaves none half-changed.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The file that a URI names. Other schemes, such as the `git:` of an editor's comparison, look
/// like paths too, and are none.
pub(crate) fn file(uri: &Url) -> Option<PathBuf> {
    (uri.scheme() == "file").then(|| uri.to_file_path().ok())?
}

fn apply(text: &mut String, change: TextDocumentContentChangeEvent) {
    let Some(range) = change.range else {
        *text = change.text;
        return;
    };
    let index = LineIndex::new(text);
    let start = offset(&index, text, range.start);
    let end = offset(&index, text, range.end).max(start);
    text.replace_range(start..end, &change.text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use tower_lsp::lsp_types::{Position, Range};

    fn change(lines: [u32; 4], text: &str) -> TextDocumentContentChangeEvent {
        let [start_line, start, end_line, end] = lines;
        TextDocumentContentChangeEvent {
            range: Some(Range::new(
                Position::new(start_line, start),
                Position::new(end_line, end),
            )),
            range_length: None,
            text: text.to_owned(),
        }
    }

    #[test]
    fn changes_count_utf16_code_units() {
        let check = |before: &str, lines, inserted: &str, after: &str| {
            let mut text = before.to_owned();
            apply(&mut text, change(lines, inserted));
            assert_eq!(text, after, "{before:?} {lines:?} {inserted:?}");
        };
        check("", [0, 0, 0, 0], "{}", "{}");
        check("ab\ncd", [0, 1, 1, 1], "-", "a-d");
        check("𝄞x", [0, 2, 0, 3], "y", "𝄞y");
        check("ä\r\nb", [0, 1, 1, 0], "", "äb");
        // Positions that do not exist mean the nearest one that does.
        check("ab", [0, 9, 7, 0], "c", "abc");
        check("𝄞x", [0, 1, 0, 2], "y", "yx");
        check("abc", [0, 2, 0, 1], "-", "ab-c");
    }

    #[test]
    fn a_snapshot_stays_as_it_was() {
        let documents = Documents::default();
        let uri = Url::parse("file:///p/configuration.json").unwrap();
        let item = TextDocumentItem::new(uri.clone(), "json".to_owned(), 1, "{}".to_owned());
        documents.open(item);
        let before = documents.snapshot(&uri).unwrap();
        assert!(documents.change(
            &uri,
            2,
            vec![change([0, 1, 0, 1], "\n"), change([1, 0, 1, 0], " ")]
        ));
        let after = documents.snapshot(&uri).unwrap();
        assert_eq!((before.lines.text(), before.version), ("{}", 1));
        assert_eq!((after.lines.text(), after.version), ("{\n }", 2));
        documents.close(&uri);
        assert!(documents.snapshot(&uri).is_none());
        assert!(!documents.change(&uri, 3, Vec::new()));
    }
}
