use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

/// Five classes of them are as many as calibration asks for.
const IMAGES_OF_A_CLASS: usize = 20;

/// A folder with a configuration in which nothing is wrong.
pub(crate) struct Project {
    folder: TempDir,
}

impl Project {
    pub(crate) fn new() -> Project {
        let folder = tempfile::Builder::new()
            .prefix("projekt ä 😀")
            .tempdir()
            .unwrap();
        let project = Project { folder };
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let flowers = repository.join("examples/flowers");
        fs::create_dir_all(project.path("model")).unwrap();
        copy(
            &flowers.join("model/flowers.h5"),
            &project.path("model/flowers.h5"),
        );
        copy(&flowers.join("labels.json"), &project.path("labels.json"));
        let labels: Value =
            serde_json::from_slice(&fs::read(project.path("labels.json")).unwrap()).unwrap();
        let picture = repository.join("server/images/tests");
        let picture = first_jpeg(&picture)
            .or_else(|| first_jpeg(&flowers))
            .unwrap();
        copy(&picture, &project.path("picture.jpg"));
        for class in labels.as_object().unwrap().keys() {
            for (set, images) in [("training", IMAGES_OF_A_CLASS), ("validation", 2)] {
                let folder = project.path("dataset").join(set).join(class);
                fs::create_dir_all(&folder).unwrap();
                for number in 0..images {
                    let image = folder.join(format!("{number}.jpg"));
                    fs::hard_link(project.path("picture.jpg"), image).unwrap();
                }
            }
        }
        copy(
            &flowers.join("configuration.json"),
            &project.path("configuration.json"),
        );
        project
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// As a client writes it.
    pub(crate) fn uri(&self, relative: &str) -> String {
        let path = self.path(relative);
        tower_lsp::lsp_types::Url::from_file_path(path)
            .unwrap()
            .to_string()
    }

    pub(crate) fn write(&self, relative: &str, text: &str) {
        fs::write(self.path(relative), text).unwrap();
    }

    pub(crate) fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).unwrap()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
}

fn first_jpeg(folder: &Path) -> Option<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    entries.sort();
    entries.iter().find_map(|path| {
        if path.is_dir() {
            return first_jpeg(path);
        }
        let jpeg = path.extension().is_some_and(|extension| extension == "jpg");
        jpeg.then(|| path.clone())
    })
}
