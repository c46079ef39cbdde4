use configuration::{
    AdvicePiece, ClassFolders, Code, Entry, Facts, FloatLayer, FolderError, ImageExamination,
    Listed, ModelFacts, ModelProblem, ModelProblemKind, ReportedAdvice,
};
use keras::{NoScore, OutputKind};
use localization::Text;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Answers about a disk that exists only in a test. By default every path of the base
/// configuration is there and nothing is wrong with it.
pub struct FakeDisk {
    entries: BTreeMap<PathBuf, Entry>,
    targets: BTreeMap<PathBuf, PathBuf>,
    times: BTreeMap<PathBuf, SystemTime>,
    model: Option<Result<Arc<ModelFacts>, ModelProblem>>,
    images: Option<Result<usize, FolderError>>,
    unreadable: Option<Arc<ImageExamination>>,
    classes: Option<Result<Arc<ClassFolders>, FolderError>>,
    labels: Option<Result<Arc<str>, Text>>,
    advice: ReportedAdvice,
    target: Option<Result<Arc<str>, Text>>,
    layers: Vec<String>,
}

impl FakeDisk {
    /// The folder of the configuration.
    pub const FOLDER: &str = "/home/project";

    /// Changes one fact, written as in the fixtures.
    pub fn set(&mut self, fact: &str) {
        let (subject, value) = fact.split_once(' ').unwrap();
        match (subject, value) {
            ("model", "unknown") => self.model = None,
            ("images", "unknown") => self.images = None,
            ("classes", "unknown") => self.classes = None,
            ("labels", "unknown") => self.labels = None,
            ("model", _) => {
                self.model = Some(model(value).map(Arc::new));
                self.rename_layers();
            }
            ("images", _) => self.images = Some(folder(value, |count| count.parse().unwrap())),
            ("unreadable", _) => self.unreadable = Some(Arc::new(examination(value))),
            ("classes", _) => {
                self.classes = Some(folder(value, |value| Arc::new(classes(value))));
            }
            ("target", "unknown") => self.target = None,
            ("target", _) => self.target = Some(labels(value).map(Arc::from)),
            ("layers", _) => {
                self.layers = value.split(' ').map(str::to_owned).collect();
                self.rename_layers();
            }
            ("float_layers", _) => {
                if let Some(Ok(model)) = &mut self.model {
                    Arc::make_mut(model).float_layers = float_layers(value);
                }
            }
            ("labels", _) => self.labels = Some(labels(value).map(Arc::from)),
            ("advice", _) => self.advice.pieces.push(advice(value)),
            ("reported", _) => {
                let (key, value) = value.split_once(' ').unwrap();
                self.advice.configuration[key] = serde_json::from_str(value).unwrap();
            }
            (path, _) => {
                let path = normal(&Path::new(Self::FOLDER).join(path));
                let (word, more) = value.split_once(' ').unwrap_or((value, ""));
                self.entries.insert(path.clone(), entry(word));
                if word == "link" && !more.is_empty() {
                    let target = Path::new(Self::FOLDER).join(more.trim_start_matches("to "));
                    self.targets.insert(path, target);
                } else if let Some(hours) = more.strip_prefix("at ") {
                    let hours: u64 = hours.parse().unwrap();
                    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(3600 * hours);
                    self.times.insert(path, time);
                }
            }
        }
    }
}

impl FakeDisk {
    fn rename_layers(&mut self) {
        if let Some(Ok(model)) = &mut self.model {
            Arc::make_mut(model).layer_names.clone_from(&self.layers);
        }
    }
}

impl Default for FakeDisk {
    fn default() -> FakeDisk {
        let mut disk = FakeDisk {
            entries: BTreeMap::new(),
            targets: BTreeMap::new(),
            times: BTreeMap::new(),
            model: None,
            images: None,
            unreadable: Some(Arc::default()),
            classes: None,
            labels: None,
            advice: ReportedAdvice {
                configuration: json!({
                    "source_keras_model": "model.h5",
                    "dataset_image_dir": "dataset/training",
                    "batch_size": 50,
                    "input_tensor_size": 224,
                    "iteration_count": 10,
                    "evaluate_image_dir": "dataset/validation",
                    "evaluate_image_extension": "jpg",
                }),
                pieces: Vec::new(),
            },
            target: None,
            layers: Vec::new(),
        };
        for fact in [
            "/ folder",
            "/home folder",
            "/home/project folder",
            "configuration.json file",
            "model.h5 file",
            "dataset folder",
            "dataset/training folder",
            "dataset/validation folder",
            "dataset/labels.json file",
            "model 224 224 3 2",
            "images 300",
            "classes daisy/jpg=10 roses/jpg=20",
            "labels daisy roses",
            "target text {\"name\": \"mine\", \"default\": {\"activation_method\": \"symmetric\", \"activation_bits\": [8, 16], \"weight_method\": \"power_of_two\", \"per_channel\": false, \"float\": true}}",
            "layers image conv1 block_1_relu logits",
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

    fn link_target(&self, link: &Path) -> Option<PathBuf> {
        self.targets.get(&normal(link)).cloned()
    }

    fn listing(&self, folder: &Path) -> Vec<Listed> {
        let folder = normal(folder);
        let inside = |(path, _): &(&PathBuf, &Entry)| path.parent() == Some(folder.as_path());
        let listed = |(path, entry): (&PathBuf, &Entry)| {
            Some(Listed {
                name: path.file_name()?.to_str()?.to_owned(),
                entry: entry.clone(),
            })
        };
        self.entries
            .iter()
            .filter(inside)
            .filter_map(listed)
            .collect()
    }

    fn size(&self, file: &Path) -> Option<u64> {
        (self.entry(file) == Entry::File).then_some(3_500_000)
    }

    fn modified(&self, file: &Path) -> Option<SystemTime> {
        self.times.get(&normal(file)).copied()
    }

    fn text(&self, file: &Path) -> Option<Result<Arc<str>, Text>> {
        match file.ends_with("my_device.json") {
            true => self.target.clone(),
            false => self.labels.clone(),
        }
    }

    fn model(
        &self,
        _: &Path,
        _: Option<[usize; 2]>,
    ) -> Option<Result<Arc<ModelFacts>, ModelProblem>> {
        self.model.clone()
    }

    fn calibration_images(&self, _: &Path) -> Option<Result<usize, FolderError>> {
        self.images.clone()
    }

    fn unreadable_images(&self, folder: &Path) -> Option<Arc<ImageExamination>> {
        let here = |path: &Path| normal(path).starts_with(normal(folder));
        let mut examination = (**self.unreadable.as_ref()?).clone();
        examination.unreadable.retain(|(path, _)| here(path));
        Some(Arc::new(examination))
    }

    fn class_folders(&self, _: &Path) -> Option<Result<Arc<ClassFolders>, FolderError>> {
        self.classes.clone()
    }

    fn advice(&self, report: &Path) -> Option<Arc<ReportedAdvice>> {
        let there = normal(report).ends_with("output/quantization_report.json");
        there.then(|| Arc::new(self.advice.clone()))
    }

    fn holds_images(&self, folder: &Path) -> Option<bool> {
        Some(normal(folder).ends_with("training"))
    }
}

fn entry(word: &str) -> Entry {
    match word {
        "missing" => Entry::Missing,
        "file" => Entry::File,
        "folder" => Entry::Folder,
        "link" => Entry::SymbolicLink,
        "device" => Entry::Other,
        "untrusted" => Entry::OutsideTrust,
        "unknown" => Entry::Unknown,
        "forbidden" => Entry::Unreadable(Text::verbatim("permission denied")),
        _ => panic!("no entry is called {word}"),
    }
}

fn folder<T>(value: &str, read: impl Fn(&str) -> T) -> Result<T, FolderError> {
    if let Some(reason) = value.strip_prefix("link ") {
        return Err(FolderError::SymbolicLink(Text::verbatim(reason)));
    }
    match value.strip_prefix("error ") {
        Some(reason) => Err(FolderError::Unreadable(Text::verbatim(reason))),
        None => Ok(read(value)),
    }
}

/// Height, width, channels and output, then names of normalization layers.
fn model(value: &str) -> Result<ModelFacts, ModelProblem> {
    let (first, rest) = value.split_once(' ').unwrap();
    let kind = match first {
        "error" => Some(ModelProblemKind::Unreadable),
        "weights-only" => Some(ModelProblemKind::WeightsOnly),
        "unsupported" => Some(ModelProblemKind::Unsupported),
        _ => None,
    };
    if let Some(kind) = kind {
        return Err(ModelProblem {
            kind,
            message: Text::verbatim(rest),
            layers: vec!["lambda_1 (Lambda): it has code of its own".to_owned()],
        });
    }
    let words: Vec<&str> = value.split(' ').collect();
    let number = |at: usize| words[at].parse().ok();
    Ok(ModelFacts {
        format: "Keras HDF5 (.h5)".to_owned(),
        keras_version: Some("2.15.0".to_owned()),
        input_name: "image".to_owned(),
        input_height: number(0),
        input_width: number(1),
        channels: number(2),
        output: (words[3] != "?").then(|| output(words[3])),
        float_layers: Vec::new(),
        layers: 88,
        layer_names: Vec::new(),
        parameters: 3_538_984,
        normalization_layers: words[4..].iter().map(|&word| word.to_owned()).collect(),
    })
}

/// `layer=Operator` for each layer that TFLite cannot compute on integers.
fn float_layers(value: &str) -> Vec<FloatLayer> {
    let layers = value.split(' ').map(|word| word.split_once('=').unwrap());
    let layers = layers.map(|(layer, op)| FloatLayer {
        layer: layer.to_owned(),
        operators: vec![layer.to_owned(), format!("{layer}/part")],
        op: if op == "Divide" { "Divide" } else { "Sqrt" },
    });
    layers.collect()
}

/// The number of classes, or what the output is instead.
pub(crate) fn output(word: &str) -> OutputKind {
    match word {
        "probability" => OutputKind::Probability,
        "logit" => OutputKind::Logit,
        "regressor" => OutputKind::Number(NoScore::Loss("mse".to_owned())),
        "positive" => OutputKind::Number(NoScore::Range {
            low: 0.0,
            high: f64::INFINITY,
        }),
        count => OutputKind::Scores {
            classes: count.parse().unwrap(),
        },
    }
}

/// Code, key, value and message.
fn advice(piece: &str) -> AdvicePiece {
    let words: Vec<&str> = piece.splitn(4, ' ').collect();
    let value: Value = serde_json::from_str(words[2]).unwrap();
    AdvicePiece {
        code: Code::from_name(words[0]).unwrap(),
        path: words[1].split('.').map(str::to_owned).collect(),
        value: Some(value).filter(|value| !value.is_null()),
        message: Text::verbatim(words[3]),
    }
}

/// Number of images examined, then a path and the reason for each that is unreadable.
fn examination(value: &str) -> ImageExamination {
    let (examined, rest) = value.split_once(' ').unwrap();
    let unreadable = rest.split(" | ").map(|reason| {
        let path = reason.split(' ').next().unwrap();
        (
            Path::new(FakeDisk::FOLDER).join(path),
            Text::verbatim(reason),
        )
    });
    ImageExamination {
        examined: examined.parse().unwrap(),
        unreadable: unreadable.collect(),
    }
}

/// Names that are numbered from 0, or a whole text, or why there is none.
fn labels(value: &str) -> Result<String, Text> {
    if let Some(text) = value.strip_prefix("text ") {
        return Ok(text.to_owned());
    }
    if let Some(reason) = value.strip_prefix("error ") {
        return Err(Text::verbatim(reason));
    }
    let entries = value.split(' ').enumerate();
    let entries: Vec<String> = entries
        .map(|(id, name)| format!("{name:?}: {id}"))
        .collect();
    Ok(format!("{{{}}}", entries.join(", ")))
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
