//! Paths, one folder at a time, filtered by what the key takes.

use super::{Completion, CompletionKind};
use crate::assist::cursor::Cursor;
use crate::assist::markdown::bytes;
use crate::checks::inputs::{is_model_folder, is_model_name};
use crate::document::Document;
use crate::facts::{Entry, Facts, Listed};
use crate::paths::absolute;
use crate::role::PathRole;
use crate::syntax::decode_string;
use crate::text::TextRange;
use localization::{Text, phrase, text};
use std::path::Path;

/// Subfolders that are looked into for what they hold.
const LOOKED_INTO: usize = 50;

/// The names that may continue the path at the cursor.
pub(super) fn complete(
    document: &Document,
    cursor: &Cursor,
    offset: usize,
    role: PathRole,
    facts: &dyn Facts,
) -> Vec<Completion> {
    let text = document.text();
    let written = cursor.token.map_or("", |token| token.of(text));
    let is_quoted = written.starts_with(['"', '\'']);
    if !written.is_empty() && !is_quoted {
        return Vec::new();
    }
    let segment = match cursor.token {
        Some(token) => segment(text, token, offset),
        None => TextRange::at(offset),
    };
    // The folder is what stands before the segment, quote included.
    let before = match cursor.token {
        Some(token) => decode_string(TextRange::new(token.start, segment.start).of(text)),
        None => String::new(),
    };
    let folder = absolute(document.folder(), &before);
    if facts.entry(&folder) != Entry::Folder {
        return Vec::new();
    }
    let typed = TextRange::new(segment.start, offset).of(text);
    let mut candidates: Vec<Candidate> = facts
        .listing(&folder)
        .into_iter()
        .filter(|listed| !listed.name.starts_with('.') || typed.starts_with('.'))
        .filter(|listed| folder.join(&listed.name) != document.file())
        .enumerate()
        .filter_map(|(position, listed)| {
            let looks_inside = position < LOOKED_INTO;
            Candidate::of(listed, &folder, role, looks_inside, facts)
        })
        .collect();
    candidates.sort_by_key(|candidate| !candidate.fits);
    if !before.is_empty() || typed == ".." {
        return completions(candidates, segment, is_quoted);
    }
    let parent = Candidate {
        name: "..".to_owned(),
        is_folder: true,
        fits: false,
        detail: text!("the folder above"),
    };
    candidates.push(parent);
    completions(candidates, segment, is_quoted)
}

/// A name that may continue the path.
struct Candidate {
    name: String,
    is_folder: bool,
    /// Whether it is what the key takes, and not only on the way there.
    fits: bool,
    detail: Text,
}

impl Candidate {
    fn of(
        listed: Listed,
        folder: &Path,
        role: PathRole,
        looks_inside: bool,
        facts: &dyn Facts,
    ) -> Option<Candidate> {
        let path = folder.join(&listed.name);
        let is_folder = match listed.entry {
            Entry::Folder => true,
            Entry::File => false,
            // Links are not followed, so none is offered.
            _ => return None,
        };
        let (fits, detail) = match (role, is_folder) {
            (PathRole::Model, true) => {
                let is_model = looks_inside && is_model_folder(facts, &path);
                (is_model, is_model.then_some(phrase!("model in a folder")))
            }
            (PathRole::Model, false) => (is_model_name(&listed.name), None),
            (PathRole::CalibrationImages | PathRole::EvaluationImages, true) => {
                let holds = looks_inside && facts.holds_images(&path) == Some(true);
                (holds, holds.then_some(phrase!("JPEG images")))
            }
            (PathRole::Labels | PathRole::Target, false) => (is_json(&listed.name), None),
            (PathRole::Labels | PathRole::Target | PathRole::Output, true) => (false, None),
            _ => return None,
        };
        if !is_folder && !fits {
            return None;
        }
        let size = || facts.size(&path).map(|size| Text::verbatim(bytes(size)));
        let detail = match is_folder {
            true => detail.map(Text::from),
            false => size(),
        };
        Some(Candidate {
            name: listed.name,
            is_folder,
            fits,
            detail: detail.unwrap_or_default(),
        })
    }
}

fn is_json(name: &str) -> bool {
    let extension = Path::new(name).extension();
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

fn completions(candidates: Vec<Candidate>, segment: TextRange, is_quoted: bool) -> Vec<Completion> {
    let completion = |candidate: Candidate| {
        let kind = match candidate.is_folder {
            true => CompletionKind::Folder,
            false => CompletionKind::File,
        };
        let json = serde_json::Value::from(candidate.name.as_str()).to_string();
        let inner = json
            .trim_start_matches('"')
            .strip_suffix('"')
            .unwrap_or(&json);
        // A folder on the way goes on with a slash, which asks for the next name.
        let goes_on = candidate.is_folder && !candidate.fits;
        let slash = if goes_on && is_quoted { "/" } else { "" };
        let text = match is_quoted {
            true => format!("{inner}{slash}"),
            false => json.clone(),
        };
        let label = format!(
            "{}{}",
            candidate.name,
            if candidate.is_folder { "/" } else { "" }
        );
        let mut completion = Completion::new(kind, &label, segment, text);
        completion.filter = match is_quoted {
            true => inner.to_owned(),
            false => candidate.name,
        };
        completion.detail = candidate.detail;
        completion.again = goes_on;
        completion
    };
    candidates.into_iter().map(completion).collect()
}

/// The name between slashes that the cursor is in.
fn segment(text: &str, token: TextRange, offset: usize) -> TextRange {
    let before = TextRange::new(token.start, offset).of(text);
    let after = TextRange::new(offset, token.end).of(text);
    // The opening quote bounds the first name as a slash does the others.
    let start = before.rfind(['/', '"', '\'']).map_or(0, |at| at + 1);
    let end = after
        .find(['/', '"', '\'', ',', '}'])
        .unwrap_or(after.trim_end().len());
    TextRange::new(token.start + start, offset + end)
}
