use configuration::{ClassFolders, Entry, Facts, FolderError, ModelFacts};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// Answers about a disk that exists only in a test. By default every path of the base
/// configuration is there and nothing is wrong with it.
pub struct FakeDisk {
    entries: BTreeMap<PathBuf, Entry>,
    model: Result<ModelFacts, String>,
    images: Result<usize, FolderError>,
    classes: Result<ClassFolders, FolderError>,
    labels: Result<Vec<String>, String>,
}

impl FakeDisk {
    /// The folder of the configuration.
    pub const FOLDER: &str = "/home/project";

    /// Changes one fact, written as in the fixtures.
    pub fn set(&mut self, fact: &str) {
        let (subject, value) = fact.split_once(' ').unwrap();
        match subject {
            "model" => self.model = result(value, model),
            "images" => self.images = folder(value, |count| count.parse().unwrap()),
            "classes" => self.classes = folder(value, classes),
            "labels" => self.labels = result(value, words),
            path => {
                let path = normal(&Path::new(Self::FOLDER).join(path));
                self.entries.insert(path, entry(value));
            }
        }
    }
}

impl Default for FakeDisk {
    fn default() -> FakeDisk {
        let mut disk = FakeDisk {
            entries: BTreeMap::new(),
            model: Ok(ModelFacts::default()),
            images: Ok(0),
            classes: Ok(ClassFolders::new()),
            labels: Ok(Vec::new()),
        };
        for fact in [
            "/ folder",
            "/home folder",
            "/home/project folder",
            "model.h5 file",
            "dataset folder",
            "dataset/training folder",
            "dataset/validation folder",
            "dataset/labels.json file",
            "model 224 224 3 2",
            "images 300",
            "classes daisy/jpg=10 roses/jpg=20",
            "labels daisy roses",
        ] {
            disk.set(fact);
        }
        disk
    }
}

impl Facts for FakeDisk {
    fn entry(&self, path: &Path) -> Entry {
        let found = self.entries.get(&normal(path));
        found.cloned().unwrap_or(Entry::Missing)
    }

    fn names(&self, folder: &Path) -> Vec<String> {
        let folder = normal(folder);
        let inside = |path: &&PathBuf| path.parent() == Some(folder.as_path());
        let name = |path: &PathBuf| Some(path.file_name()?.to_str()?.to_owned());
        self.entries
            .keys()
            .filter(inside)
            .filter_map(name)
            .collect()
    }

    fn model(&self, _: &Path, _: Option<usize>) -> Result<ModelFacts, String> {
        self.model.clone()
    }

    fn calibration_images(&self, _: &Path) -> Result<usize, FolderError> {
        self.images.clone()
    }

    fn class_folders(&self, _: &Path) -> Result<ClassFolders, FolderError> {
        self.classes.clone()
    }

    fn labels(&self, _: &Path) -> Result<Vec<String>, String> {
        self.labels.clone()
    }
}

fn entry(word: &str) -> Entry {
    match word {
        "missing" => Entry::Missing,
        "file" => Entry::File,
        "folder" => Entry::Folder,
        "link" => Entry::SymbolicLink,
        "device" => Entry::Other,
        "forbidden" => Entry::Unreadable("permission denied".to_owned()),
        _ => panic!("no entry is called {word}"),
    }
}

fn result<T>(value: &str, read: impl Fn(&str) -> T) -> Result<T, String> {
    match value.strip_prefix("error ") {
        Some(reason) => Err(reason.to_owned()),
        None => Ok(read(value)),
    }
}

fn folder<T>(value: &str, read: impl Fn(&str) -> T) -> Result<T, FolderError> {
    match value.strip_prefix("link ") {
        Some(reason) => Err(FolderError::SymbolicLink(reason.to_owned())),
        None => result(value, read).map_err(FolderError::Unreadable),
    }
}

/// Height, width, channels and outputs, then names of normalization layers.
fn model(value: &str) -> ModelFacts {
    let words: Vec<&str> = value.split(' ').collect();
    let number = |at: usize| words[at].parse().ok();
    ModelFacts {
        input_height: number(0),
        input_width: number(1),
        channels: number(2),
        classes: number(3),
        normalization_layers: words[4..].iter().map(|&word| word.to_owned()).collect(),
    }
}

/// `class/extension=count` for each.
fn classes(value: &str) -> ClassFolders {
    let mut classes = ClassFolders::new();
    for word in value.split(' ').filter(|word| *word != "none") {
        let (class, files) = word.split_once('/').unwrap();
        let extensions = classes.entry(class.to_owned()).or_default();
        if let Some((extension, count)) = files.split_once('=') {
            extensions.insert(extension.to_owned(), count.parse().unwrap());
        }
    }
    classes
}

fn words(value: &str) -> Vec<String> {
    value.split(' ').map(str::to_owned).collect()
}

fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}
