use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::{Finished, PROGRAM, repository};

/// A copy of the flowers demo project that a test may change.
pub(crate) struct Project {
    folder: TempDir,
}

impl Project {
    /// The whole project: 300 images to calibrate on, 200 to evaluate on.
    pub(crate) fn flowers() -> Self {
        Self::copy(usize::MAX)
    }

    /// With a few images of each class, and as many samples as calibration images.
    pub(crate) fn small() -> Self {
        const IMAGES: usize = 4;
        let project = Self::copy(IMAGES);
        project.set("iteration_count", 2);
        project
    }

    fn copy(images_of_a_class: usize) -> Self {
        let source = repository("examples/flowers");
        let project = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        for part in ["configuration.json", "labels.json", "model", "dataset"] {
            copy(&source.join(part), &project.path(part), images_of_a_class);
        }
        project
    }

    pub(crate) fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(relative)
    }

    pub(crate) fn read(&self, relative: &str) -> Vec<u8> {
        let path = self.path(relative);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub(crate) fn json(&self, relative: &str) -> Value {
        serde_json::from_slice(&self.read(relative)).unwrap()
    }

    pub(crate) fn write(&self, relative: &str, contents: impl AsRef<[u8]>) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    /// Sets a key of configuration.json.
    pub(crate) fn set(&self, key: &str, value: impl Into<Value>) {
        let mut configuration = self.json("configuration.json");
        configuration[key] = value.into();
        self.write("configuration.json", format!("{configuration:#}"));
    }

    /// The program with `arguments`, ready to start in the project's folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        self.command(arguments).output().unwrap().into()
    }

    /// Runs `quantize` or `evaluate`, which has to succeed.
    #[track_caller]
    pub(crate) fn job(&self, job: &str, options: &[&str]) -> Finished {
        let arguments = [&[job, "configuration.json"], options].concat();
        self.run(&arguments).assert_code(0)
    }

    /// Everything in the project's folder.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut entries = BTreeMap::new();
        take(self.folder.path(), &mut entries);
        Snapshot(entries)
    }
}

/// Contents of files by path; `None` for a folder.
pub(crate) struct Snapshot(BTreeMap<PathBuf, Option<Vec<u8>>>);

impl Snapshot {
    /// What there is.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.0.keys()
    }

    /// Checks that nothing was changed, added or removed since.
    #[track_caller]
    pub(crate) fn assert_unchanged(&self, project: &Project) {
        let Self(now) = project.snapshot();
        let Self(before) = self;
        let changed: Vec<&PathBuf> = before
            .keys()
            .chain(now.keys())
            .filter(|path| before.get(*path) != now.get(*path))
            .collect();
        assert!(changed.is_empty(), "changed: {changed:?}");
    }
}

fn take(folder: &Path, entries: &mut BTreeMap<PathBuf, Option<Vec<u8>>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            take(&path, entries);
            entries.insert(path, None);
        } else {
            let contents = fs::read(&path).unwrap();
            entries.insert(path, Some(contents));
        }
    }
}

/// Copies a file, or a folder with at most `files` files in each folder.
fn copy(from: &Path, to: &Path, files: usize) {
    if from.is_dir() {
        fs::create_dir(to).unwrap();
        let mut entries: Vec<PathBuf> = fs::read_dir(from)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        entries.sort();
        let (folders, pictures): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|path| path.is_dir());
        for entry in folders.iter().chain(pictures.iter().take(files)) {
            copy(entry, &to.join(entry.file_name().unwrap()), files);
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}
