//! A disk that somebody made up, on which much is to be found.

use localization::Text;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use configuration::{
    AdvicePiece, ClassFolders, Code, Entry, Facts, FolderError, ImageExamination, Listed,
    ModelFacts, ModelProblem, ModelProblemKind, ReportedAdvice,
};
use keras::OutputKind;
use serde_json::{Value, json};

/// A disk whose answers are drawn from the paths that are asked about: every answer comes up, and
/// the same one each time.
pub(crate) struct Disk;

/// One of `choices`, by the bytes of the path and the number of the question.
fn choice(path: &Path, question: usize, choices: usize) -> usize {
    let bytes = path.as_os_str().as_encoded_bytes().iter();
    let sum = bytes.fold(question, |sum, &byte| sum * 31 % 65_521 + usize::from(byte));
    sum % choices
}

impl Facts for Disk {
    fn entry(&self, path: &Path) -> Entry {
        match choice(path, 1, 10) {
            0 => Entry::Missing,
            1..4 => Entry::File,
            4..6 => Entry::Folder,
            6 => Entry::SymbolicLink,
            7 => Entry::Other,
            8 => Entry::Unreadable(Text::verbatim("it lies on a broken disk")),
            _ => Entry::OutsideTrust,
        }
    }

    fn link_target(&self, link: &Path) -> Option<PathBuf> {
        (choice(link, 2, 2) == 0).then(|| link.join("target"))
    }

    fn listing(&self, folder: &Path) -> Vec<Listed> {
        let names = ["model.h5", "ä\"\\\n.keras", "labels.json", "images", "$0}"];
        names
            .iter()
            .take(choice(folder, 3, 6))
            .map(|&name| Listed {
                name: name.to_owned(),
                entry: self.entry(&folder.join(name)),
            })
            .collect()
    }

    fn size(&self, file: &Path) -> Option<u64> {
        [None, Some(0), Some(u64::MAX)][choice(file, 4, 3)]
    }

    fn modified(&self, file: &Path) -> Option<SystemTime> {
        let seconds = [None, Some(0), Some(1_700_000_000)][choice(file, 5, 3)]?;
        Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
    }

    fn text(&self, file: &Path) -> Option<Result<Arc<str>, Text>> {
        let texts = [r#"{"a": 0, "b": 1}"#, r#"{"a": 0, "a": 7, }"#, "[", ""];
        match choice(file, 6, 6) {
            0 => None,
            1 => Some(Err(Text::verbatim("it is not readable"))),
            number => Some(Ok(texts[number - 2].into())),
        }
    }

    fn model(
        &self,
        path: &Path,
        input_size: Option<[usize; 2]>,
    ) -> Option<Result<Arc<ModelFacts>, ModelProblem>> {
        let problem = |kind| ModelProblem {
            kind,
            message: Text::verbatim("it is no model"),
            layers: vec!["layer \"a\" (Lambda)".to_owned()],
        };
        Some(match choice(path, 7, 6) {
            0 => return None,
            1 => Err(problem(ModelProblemKind::WeightsOnly)),
            2 => Err(problem(ModelProblemKind::Unsupported)),
            3 => Err(problem(ModelProblemKind::Unreadable)),
            4 => Ok(Arc::new(ModelFacts::default())),
            _ => Ok(Arc::new(ModelFacts {
                format: "Keras HDF5 (.h5)".to_owned(),
                input_name: "image".to_owned(),
                input_height: input_size.map(|[height, _]| height).or(Some(224)),
                input_width: Some(224),
                channels: Some(3),
                output: Some(OutputKind::Probability),
                float_layers: Vec::new(),
                layers: usize::MAX,
                parameters: u64::MAX,
                normalization_layers: vec!["rescaling".to_owned()],
                layer_names: ["conv1", "ä*?", ""].map(str::to_owned).into(),
                ..ModelFacts::default()
            })),
        })
    }

    fn calibration_images(&self, folder: &Path) -> Option<Result<usize, FolderError>> {
        Some(match choice(folder, 8, 5) {
            0 => return None,
            1 => Err(FolderError::SymbolicLink(Text::verbatim("it is a link"))),
            2 => Ok(0),
            3 => Ok(12),
            _ => Ok(usize::MAX),
        })
    }

    fn unreadable_images(&self, folder: &Path) -> Option<Arc<ImageExamination>> {
        let unreadable = vec![(folder.join("a.jpg"), Text::verbatim("a.jpg is cut off"))];
        (choice(folder, 9, 2) == 0).then(|| {
            Arc::new(ImageExamination {
                examined: 5,
                unreadable,
            })
        })
    }

    fn class_folders(&self, folder: &Path) -> Option<Result<Arc<ClassFolders>, FolderError>> {
        let extensions = BTreeMap::from([("jpg".to_owned(), 3), ("JPEG".to_owned(), 1)]);
        let classes = ["a", "ä\"", "b"].map(|name| (name.to_owned(), extensions.clone()));
        Some(match choice(folder, 10, 4) {
            0 => return None,
            1 => Err(FolderError::Unreadable(Text::verbatim("it is locked"))),
            2 => Ok(Arc::new(ClassFolders::new())),
            _ => Ok(Arc::new(classes.into())),
        })
    }

    fn advice(&self, report: &Path) -> Option<Arc<ReportedAdvice>> {
        let piece = |code, path: &[&str], value: Value| AdvicePiece {
            code,
            path: path.iter().map(|&name| name.to_owned()).collect(),
            value: Some(value),
            message: Text::verbatim("it is \"noisy\""),
        };
        (choice(report, 12, 2) == 0).then(|| {
            Arc::new(ReportedAdvice {
                configuration: json!({}),
                pieces: vec![
                    piece(Code::NoisyLogits, &["quantization", "seed"], json!(1)),
                    piece(Code::NoisyWeights, &["target"], json!(["ä\""])),
                    piece(Code::IdleNegativeLevels, &[], json!({"a": null})),
                ],
            })
        })
    }

    fn holds_images(&self, folder: &Path) -> Option<bool> {
        [None, Some(true), Some(false)][choice(folder, 11, 3)]
    }
}
