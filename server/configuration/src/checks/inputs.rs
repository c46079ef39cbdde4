//! Files and folders that a configuration names as inputs.

use super::{Context, Inputs, json};
use crate::code::Code;
use crate::facts::Entry;
use crate::finding::quoted;
use crate::paths;
use crate::suggestion::nearest;
use std::path::{Path, PathBuf};

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    File,
    Folder,
}

/// Finds the inputs.
pub(super) fn check(context: &mut Context) -> Inputs {
    Inputs {
        model: locate(context, "source_keras_model", Kind::File),
        calibration_folder: locate(context, "dataset_image_dir", Kind::Folder),
        evaluation_folder: locate(context, "evaluate_image_dir", Kind::Folder),
        label_file: locate(context, "evaluate_label_file", Kind::File),
    }
}

fn locate(context: &mut Context, key: &str, kind: Kind) -> Option<PathBuf> {
    let written = context.text(key)?;
    if !free_of_links(context, key) {
        return None;
    }
    let path = paths::absolute(context.folder, written);
    let shown = quoted(written);
    match (context.facts.entry(&path), kind) {
        (Entry::File, Kind::File) | (Entry::Folder, Kind::Folder) => return Some(path),
        (Entry::Missing, _) => missing(context, key, written, &path),
        (Entry::Unreadable(reason), _) => {
            let message =
                format!("{shown} cannot be read ({reason}); check the path and its permissions");
            context.report(Code::UnreadablePath, key, message);
        }
        (Entry::Folder, Kind::File) if key == "source_keras_model" => {
            let message = format!(
                "{shown} is a folder, and models in folders (SavedModel) are not supported yet; save the model as .keras or .h5"
            );
            context.report(Code::WrongPathKind, key, message);
        }
        (_, kind) => {
            let (found, needed) = match kind {
                Kind::File => ("not a file", "a file"),
                Kind::Folder => ("not a folder", "a folder"),
            };
            let message = format!("{shown} is {found}; give the path of {needed}");
            context.report(Code::WrongPathKind, key, message);
        }
    }
    None
}

/// Reports a path that leads through a symbolic link; whether there is none.
pub(super) fn free_of_links(context: &mut Context, key: &str) -> bool {
    let Some(written) = context.text(key) else {
        return false;
    };
    let link = paths::places(context.folder, written)
        .into_iter()
        .find(|place| context.facts.entry(place) == Entry::SymbolicLink);
    let Some(link) = link else {
        return true;
    };
    let name = link.strip_prefix(context.folder).unwrap_or(&link);
    let message = format!(
        "{} is a symbolic link, and links are not followed; give the path that it leads to",
        quoted(&name.to_string_lossy())
    );
    context.report(Code::SymbolicLink, key, message);
    false
}

fn missing(context: &mut Context, key: &str, written: &str, path: &Path) {
    let shown = quoted(written);
    if written.starts_with("~/") || written == "~" {
        let message = format!(
            "{shown} does not exist, and `~` does not stand for the home folder here; write the path in full"
        );
        context.report(Code::PathNotFound, key, message);
        return;
    }
    if let Some(similar) = similar(context, written, path) {
        let message = format!("{shown} does not exist; did you mean {}?", quoted(&similar));
        context.report_with(Code::PathNotFound, key, message, Some(json(&similar)));
        return;
    }
    // The first folder on the way that is missing says more than the whole path.
    let gap = path
        .ancestors()
        .skip(1)
        .take_while(|place| context.facts.entry(place) == Entry::Missing)
        .last()
        .map(|place| place.strip_prefix(context.folder).unwrap_or(place));
    let cause = match gap {
        Some(gap) => format!(", as there is no folder {}", quoted(&gap.to_string_lossy())),
        None => String::new(),
    };
    let message = format!(
        "{shown} does not exist{cause}; correct the path, which starts at the folder of this file unless it is absolute"
    );
    context.report(Code::PathNotFound, key, message);
}

/// The path with its last component replaced by the nearest name that exists.
fn similar(context: &Context, written: &str, path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let names = context.facts.names(path.parent()?);
    let nearest = nearest(name, names.iter().map(String::as_str))?;
    let stem = written.trim_end_matches(['/', '\\']).strip_suffix(name)?;
    Some(format!("{stem}{nearest}"))
}
