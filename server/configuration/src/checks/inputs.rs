//! Files and folders that a configuration names as inputs.

use super::{Context, Inputs, json};
use crate::code::Code;
use crate::facts::{Entry, Facts};
use crate::finding::quoted;
use crate::fix::{Change, Fix};
use crate::labels;
use crate::paths;
use crate::suggestion::nearest;
use crate::target::is_file;
use localization::{Text, phrase, text};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Models in a folder that are proposed.
const MAX_PROPOSALS: usize = 5;

/// What a key needs its path to lead to.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Model,
    File,
    Folder,
}

/// Finds the inputs.
pub(super) fn check(context: &mut Context) -> Inputs {
    Inputs {
        model: locate(context, "source_keras_model", Kind::Model),
        calibration_folder: locate(context, "dataset_image_dir", Kind::Folder),
        evaluation_folder: locate(context, "evaluate_image_dir", Kind::Folder),
        label_file: locate(context, "evaluate_label_file", Kind::File),
        target: match context.text("target") {
            Some(written) if is_file(written) => locate(context, "target", Kind::File),
            _ => None,
        },
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
        (Entry::File, Kind::Model | Kind::File) | (Entry::Folder, Kind::Folder) => {
            return Some(path);
        }
        (Entry::Folder, Kind::Model) if is_model_folder(context.facts, &path) => return Some(path),
        (Entry::Unknown, _) => {}
        (Entry::Missing, _) => missing(context, key, written, &path, kind),
        (Entry::OutsideTrust, _) => outside_trust(context, key, &shown),
        (Entry::Unreadable(reason), _) => {
            let message =
                text!("{shown} cannot be read ({reason}); check the path and its permissions");
            context.report(Code::UnreadablePath, key, message);
        }
        (Entry::Folder, Kind::Model) => folder_for_model(context, key, written, &path),
        (entry, kind) => {
            let (found, needed) = match kind {
                Kind::Model | Kind::File => (phrase!("not a file"), phrase!("a file")),
                Kind::Folder => (phrase!("not a folder"), phrase!("a folder")),
            };
            let message = text!("{shown} is {found}; give the path of {needed}");
            // The folder of an image that was chosen in place of it.
            let around = written
                .trim_end_matches('/')
                .rsplit_once('/')
                .map(|(around, _)| around);
            let around = around.filter(|_| kind == Kind::Folder && entry == Entry::File);
            let fix = around.and_then(|around| context.write(key, json(around)));
            context.report_with(Code::WrongPathKind, key, message, fix);
        }
    }
    None
}

/// Whether a folder is a model: a SavedModel, or what Keras 3 writes with `save(.., zipped=False)`.
pub(crate) fn is_model_folder(facts: &dyn Facts, folder: &Path) -> bool {
    let has = |name: &str| facts.entry(&folder.join(name)) == Entry::File;
    has("saved_model.pb") || (has("config.json") && has("model.weights.h5"))
}

/// Whether a file's name is that of a model.
pub(crate) fn is_model_name(name: &str) -> bool {
    let extension = Path::new(name).extension().and_then(OsStr::to_str);
    extension.is_some_and(|extension| {
        ["h5", "keras", "hdf5"]
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
    })
}

/// Reports a folder that is no model, and proposes the models in it.
fn folder_for_model(context: &mut Context, key: &str, written: &str, path: &Path) {
    let shown = quoted(written);
    let listing = context.facts.listing(path);
    let models: Vec<String> = listing
        .iter()
        .filter(|listed| match listed.entry {
            Entry::File => is_model_name(&listed.name),
            Entry::Folder => is_model_folder(context.facts, &path.join(&listed.name)),
            _ => false,
        })
        .map(|listed| format!("{}/{}", written.trim_end_matches('/'), listed.name))
        .take(MAX_PROPOSALS)
        .collect();
    let message = match models.first() {
        Some(model) => text!(
            "{shown} is a folder without saved_model.pb, so it is no model; did you mean {model}?",
            model = quoted(model)
        ),
        None => text!(
            "{shown} is a folder without saved_model.pb, so it is no model; give the path of a .keras or .h5 file or of a SavedModel folder"
        ),
    };
    let single = models.len() == 1;
    let fixes: Vec<Fix> = models
        .iter()
        .filter_map(|model| context.write(key, json(model)))
        .map(|fix| if single { fix.preferred() } else { fix })
        .collect();
    context.report_with(Code::WrongPathKind, key, message, fixes);
}

/// Says that nobody looked at a path.
pub(super) fn outside_trust(context: &mut Context, key: &str, shown: &str) {
    let message = text!(
        "{shown} lies outside the folders that are trusted, so it is not checked here; trust the folder, or run `model-quantizer check`"
    );
    context.report(Code::OutsideTrust, key, message);
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
    let message = text!(
        "{path} is a symbolic link, and links are not followed; give the path that it leads to",
        path = quoted(&name.to_string_lossy())
    );
    let path = paths::absolute(context.folder, written);
    let target = context.facts.link_target(&link).and_then(|target| {
        // What follows the link on the way stays as it is.
        let rest = path.strip_prefix(&link).ok()?;
        let whole: PathBuf = target.join(rest).components().collect();
        Some(paths::relative(context.folder, &whole))
    });
    let fix = target.and_then(|target| Some(context.write(key, json(&target))?.preferred()));
    context.report_with(Code::SymbolicLink, key, message, fix);
    false
}

fn missing(context: &mut Context, key: &str, written: &str, path: &Path, kind: Kind) {
    let shown = quoted(written);
    if written.starts_with("~/") || written == "~" {
        let message = text!(
            "{shown} does not exist, and `~` does not stand for the home folder here; write the path in full"
        );
        context.report(Code::PathNotFound, key, message);
        return;
    }
    if let Some(similar) = similar(context, written, path) {
        let message = text!(
            "{shown} does not exist; did you mean {similar}?",
            similar = quoted(&similar)
        );
        let fix = context.write(key, json(&similar)).map(Fix::preferred);
        let creation = creation(key, path, kind);
        let fixes = fix.into_iter().chain(creation);
        context.report_with(Code::PathNotFound, key, message, fixes);
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
        Some(gap) => text!(
            ", as there is no folder {path}",
            path = quoted(&gap.to_string_lossy())
        ),
        None => Text::default(),
    };
    let message = text!(
        "{shown} does not exist{cause}; correct the path, which starts at the folder of this file unless it is absolute"
    );
    let fixes: Vec<Fix> = label_file(context, key, path)
        .into_iter()
        .chain(creation(key, path, kind))
        .collect();
    context.report_with(Code::PathNotFound, key, message, fixes);
}

/// A folder that may be created and filled later.
fn creation(key: &str, path: &Path, kind: Kind) -> Option<Fix> {
    (kind == Kind::Folder).then(|| {
        let folder = Change::CreateFolder(paths::normal(path));
        Fix::change(text!("Create the folder of `{key}`"), folder)
    })
}

/// A label file with the names of the class folders, where there is none yet.
fn label_file(context: &Context, key: &str, path: &Path) -> Option<Fix> {
    if key != "evaluate_label_file" {
        return None;
    }
    let folder = context.path("evaluate_image_dir")?;
    let classes = context.facts.class_folders(&folder)?.ok()?;
    if classes.is_empty() {
        return None;
    }
    let text = labels::write(classes.keys().map(String::as_str)) + "\n";
    let path = paths::normal(path);
    let title = text!(
        "Generate the label file from the {count} class folders",
        count = classes.len()
    );
    Some(Fix::change(title, Change::WriteFile { path, text }))
}

/// The path with its last component replaced by the nearest name that exists.
fn similar(context: &Context, written: &str, path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let names = context.facts.listing(path.parent()?);
    let nearest = nearest(name, names.iter().map(|listed| listed.name.as_str()))?;
    let stem = written.trim_end_matches(['/', '\\']).strip_suffix(name)?;
    Some(format!("{stem}{nearest}"))
}
