//! The inputs that fuzzing starts from.

use std::fs;
use std::path::{Path, PathBuf};

/// All files below a folder of `tests/fixtures` that have one of these extensions, in order.
pub(crate) fn fixtures(folder: &str, extensions: &[&str]) -> Vec<PathBuf> {
    let wanted = |path: &Path| {
        let extension = path.extension().and_then(|extension| extension.to_str());
        extension.is_some_and(|extension| extensions.contains(&extension))
    };
    let mut files = below(folder);
    files.retain(|path| wanted(path));
    files
}

/// All directories below `tests/fixtures/keras` that hold a SavedModel, in order.
pub(crate) fn saved_models() -> Vec<PathBuf> {
    let mut files = below("keras");
    files.retain(|path| path.ends_with("saved_model.pb"));
    files
        .iter()
        .filter_map(|file| Some(file.parent()?.to_owned()))
        .collect()
}

/// Contents of files.
pub(crate) fn contents(paths: Vec<PathBuf>) -> Vec<Vec<u8>> {
    let contents = paths.into_iter().map(|path| fs::read(path).unwrap());
    contents.collect()
}

fn below(folder: &str) -> Vec<PathBuf> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let mut folders = vec![fixtures.join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
