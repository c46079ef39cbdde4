//! Facts from the disk itself.

use crate::facts::{
    ClassFolders, Entry, Facts, FolderError, ImageExamination, Listed, ModelFacts, ModelProblem,
    ReportedAdvice,
};
use crate::reported;
use images::{DatasetError, Extensions, Labels, examine, find_images};
use localization::{Message as _, Text, text};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File, FileType};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// Names of a folder that are read for suggestions and completions.
const MAX_NAMES: usize = 1000;

/// Images that are examined; a larger set is sampled evenly.
const MAX_EXAMINED: usize = 300;

/// Names of a folder that are looked at to tell whether it holds images.
const QUICK_LOOK: usize = 32;

/// Answers every question by looking at the disk, each time anew.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiskFacts;

/// [`DiskFacts`] that can be told to give up: once `cancelled` says so, an answer that takes time
/// is `None`.
#[derive(Clone, Copy)]
pub struct CancellableFacts<'a> {
    /// Whether nobody wants the answer any more. It is asked often.
    pub cancelled: &'a dyn Fn() -> bool,
}

impl Facts for DiskFacts {
    fn entry(&self, path: &Path) -> Entry {
        match fs::symlink_metadata(path) {
            Ok(metadata) => kind(metadata.file_type()),
            // A path through a file is "not a directory" to the system: nothing is there. Nor is
            // there where a name cannot be one.
            Err(error) => match error.kind() {
                ErrorKind::NotFound
                | ErrorKind::NotADirectory
                | ErrorKind::InvalidInput
                | ErrorKind::InvalidFilename => Entry::Missing,
                _ => Entry::Unreadable(error.text()),
            },
        }
    }

    fn link_target(&self, link: &Path) -> Option<PathBuf> {
        fs::canonicalize(link).ok()
    }

    fn listing(&self, folder: &Path) -> Vec<Listed> {
        let Ok(entries) = fs::read_dir(folder) else {
            return Vec::new();
        };
        let mut listing: Vec<Listed> = entries
            .take(MAX_NAMES)
            .filter_map(|entry| {
                let entry = entry.ok()?;
                Some(Listed {
                    name: entry.file_name().into_string().ok()?,
                    entry: entry.file_type().map_or(Entry::Unknown, kind),
                })
            })
            .collect();
        listing.sort_by(|a, b| a.name.cmp(&b.name));
        listing
    }

    fn size(&self, file: &Path) -> Option<u64> {
        let metadata = fs::metadata(file).ok()?;
        metadata.is_file().then_some(metadata.len())
    }

    fn modified(&self, file: &Path) -> Option<SystemTime> {
        fs::metadata(file).ok()?.modified().ok()
    }

    fn text(&self, file: &Path) -> Option<Result<Arc<str>, Text>> {
        Some(text(file).map(Arc::from))
    }

    fn model(
        &self,
        path: &Path,
        input_size: Option<[usize; 2]>,
    ) -> Option<Result<Arc<ModelFacts>, ModelProblem>> {
        Some(crate::model::facts(path, input_size).map(Arc::new))
    }

    fn calibration_images(&self, folder: &Path) -> Option<Result<usize, FolderError>> {
        NEVER.calibration_images(folder)
    }

    fn unreadable_images(&self, folder: &Path) -> Option<Arc<ImageExamination>> {
        NEVER.unreadable_images(folder)
    }

    fn class_folders(&self, folder: &Path) -> Option<Result<Arc<ClassFolders>, FolderError>> {
        NEVER.class_folders(folder)
    }

    fn advice(&self, report: &Path) -> Option<Arc<ReportedAdvice>> {
        reported::read(report).map(Arc::new)
    }

    fn holds_images(&self, folder: &Path) -> Option<bool> {
        let jpeg = Extensions::jpeg();
        let entries = fs::read_dir(folder).ok()?;
        let mut folders = Vec::new();
        for entry in entries.take(QUICK_LOOK).flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_file() && jpeg.matches(&entry.file_name()) => {
                    return Some(true);
                }
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                _ => {}
            }
        }
        let below = |folder: &PathBuf| {
            let entries = fs::read_dir(folder).into_iter().flatten();
            entries
                .take(QUICK_LOOK)
                .flatten()
                .any(|entry| jpeg.matches(&entry.file_name()))
        };
        Some(folders.iter().any(below))
    }
}

const NEVER: CancellableFacts<'static> = CancellableFacts {
    cancelled: &|| false,
};

impl Facts for CancellableFacts<'_> {
    fn entry(&self, path: &Path) -> Entry {
        DiskFacts.entry(path)
    }

    fn link_target(&self, link: &Path) -> Option<PathBuf> {
        DiskFacts.link_target(link)
    }

    fn listing(&self, folder: &Path) -> Vec<Listed> {
        DiskFacts.listing(folder)
    }

    fn size(&self, file: &Path) -> Option<u64> {
        DiskFacts.size(file)
    }

    fn modified(&self, file: &Path) -> Option<SystemTime> {
        DiskFacts.modified(file)
    }

    fn text(&self, file: &Path) -> Option<Result<Arc<str>, Text>> {
        DiskFacts.text(file)
    }

    fn model(
        &self,
        path: &Path,
        input_size: Option<[usize; 2]>,
    ) -> Option<Result<Arc<ModelFacts>, ModelProblem>> {
        (!(self.cancelled)())
            .then(|| DiskFacts.model(path, input_size))
            .flatten()
    }

    fn calibration_images(&self, folder: &Path) -> Option<Result<usize, FolderError>> {
        match find_images(folder, &Extensions::jpeg(), self.cancelled) {
            Ok(list) => Some(Ok(list.paths.len())),
            Err(DatasetError::NoImages { .. }) => Some(Ok(0)),
            Err(DatasetError::Cancelled) => None,
            Err(error) => Some(Err(folder_error(&error))),
        }
    }

    fn unreadable_images(&self, folder: &Path) -> Option<Arc<ImageExamination>> {
        let list = find_images(folder, &Extensions::jpeg(), self.cancelled).ok()?;
        let step = list.paths.len().div_ceil(MAX_EXAMINED).max(1);
        let mut examination = ImageExamination::default();
        for path in list.paths.into_iter().step_by(step) {
            if (self.cancelled)() {
                return None;
            }
            examination.examined += 1;
            if let Err(error) = examine(&path) {
                examination.unreadable.push((path, error.text()));
            }
        }
        Some(Arc::new(examination))
    }

    fn class_folders(&self, folder: &Path) -> Option<Result<Arc<ClassFolders>, FolderError>> {
        match class_folders(folder, self.cancelled) {
            Ok(classes) => Some(Ok(Arc::new(classes))),
            Err(None) => None,
            Err(Some(error)) => Some(Err(error)),
        }
    }

    fn advice(&self, report: &Path) -> Option<Arc<ReportedAdvice>> {
        DiskFacts.advice(report)
    }

    fn holds_images(&self, folder: &Path) -> Option<bool> {
        DiskFacts.holds_images(folder)
    }
}

fn kind(kind: FileType) -> Entry {
    if kind.is_symlink() {
        Entry::SymbolicLink
    } else if kind.is_file() {
        Entry::File
    } else if kind.is_dir() {
        Entry::Folder
    } else {
        Entry::Other
    }
}

/// Reads a label or target file. Only regular files: opening a pipe would wait for ever.
pub(crate) fn text(file: &Path) -> Result<String, Text> {
    let shown = file.display();
    let unreadable =
        |error: std::io::Error| text!("{shown} cannot be read ({error}); check its permissions");
    if !fs::metadata(file).map_err(unreadable)?.is_file() {
        return Err(text!(
            "{shown} is not a regular file; give the path of a JSON file"
        ));
    }
    let limit = Labels::MAX_FILE_BYTES;
    let mut bytes = Vec::new();
    let opened = File::open(file).map_err(unreadable)?;
    opened
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > limit {
        return Err(text!(
            "{shown} is larger than {limit} bytes, the most that is read; keep only what belongs there"
        ));
    }
    String::from_utf8(bytes)
        .map_err(|_| text!("{shown} is not UTF-8 text; save it with the encoding UTF-8"))
}

/// What the data set's reader passes over as well.
fn hidden(name: &str) -> bool {
    name.starts_with('.') || name == "__MACOSX"
}

/// The class folders; `Err(None)` when cancelled.
fn class_folders(
    folder: &Path,
    cancelled: &dyn Fn() -> bool,
) -> Result<ClassFolders, Option<FolderError>> {
    let unreadable = |error: std::io::Error| {
        Some(FolderError::Unreadable(text!(
            "{folder} cannot be listed ({error}); check its permissions",
            folder = folder.display()
        )))
    };
    let mut classes = ClassFolders::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        if cancelled() {
            return Err(None);
        }
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_symlink() {
            return Err(Some(FolderError::SymbolicLink(text!(
                "{path} is a symbolic link; put the folder itself there",
                path = entry.path().display()
            ))));
        }
        if kind.is_dir() && !hidden(&name) {
            classes.insert(name, extensions(&entry.path(), cancelled)?);
        }
    }
    Ok(classes)
}

/// How many files of each extension lie below a class folder: JPEG images, or where there are
/// none, whatever else there is.
fn extensions(
    folder: &Path,
    cancelled: &dyn Fn() -> bool,
) -> Result<BTreeMap<String, usize>, Option<FolderError>> {
    let mut counts = BTreeMap::new();
    match find_images(folder, &Extensions::jpeg(), cancelled) {
        Ok(list) => {
            for path in list.paths {
                let extension = path.extension().and_then(OsStr::to_str);
                *counts
                    .entry(extension.unwrap_or_default().to_owned())
                    .or_default() += 1;
            }
        }
        Err(DatasetError::NoImages { others, .. }) => {
            let others = others.by_extension();
            let bare = |name: &str| name.strip_prefix('.').unwrap_or(name).to_owned();
            counts.extend(others.map(|(name, count)| (bare(name), count)));
        }
        Err(DatasetError::Cancelled) => return Err(None),
        Err(error) => return Err(Some(folder_error(&error))),
    }
    Ok(counts)
}

fn folder_error(error: &DatasetError) -> FolderError {
    match error {
        DatasetError::SymbolicLink { .. } => FolderError::SymbolicLink(error.text()),
        _ => FolderError::Unreadable(error.text()),
    }
}
