//! Runs side by side.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use configuration::KEPT_CONFIGURATION;
use report::{
    ComparedClass, ComparedEvaluation, ComparedLayer, ComparedQuantization, ComparedRun,
    LayerFigures, RunComparison,
};
use serde::Deserialize;

use super::HistoryError;
use super::folder::run_folders;
use super::list::{self, Run};
use super::read::{LONGEST_RECORD, LONGEST_REPORT, bytes, document};
use super::record::{ModelRole, Summary};
use super::settings::{Flat, different, flat};
use crate::result_files::{EVALUATION_REPORT, QUANTIZATION_REPORT};

/// The most layers and classes that are compared.
const MOST_ROWS: usize = 20_000;

/// The part of `quantization_report.json` that is compared. Members that a later version adds or
/// leaves out are no reason to fail.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct QuantizationPart {
    layers: Vec<LayerPart>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct LayerPart {
    name: String,
    operator: String,
    position: usize,
    sqnr_db: Option<f64>,
    cosine_similarity: Option<f64>,
    activation: Option<ActivationPart>,
    weights: Option<WeightsPart>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ActivationPart {
    bits: Option<u64>,
    range: Option<[f64; 2]>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WeightsPart {
    bits: Option<u64>,
}

/// The part of `evaluation_report.json` that is compared.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct EvaluationPart {
    models: Vec<ModelPart>,
    classes: Vec<ClassPart>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ModelPart {
    top_5_accuracy: Option<f64>,
    milliseconds_per_image: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ClassPart {
    name: String,
    images: u64,
    correct: Vec<u64>,
}

/// A run with everything that is compared.
struct Whole {
    compared: ComparedRun,
    settings: Flat,
    layers: Vec<LayerPart>,
    classes: Vec<ClassPart>,
}

/// Compares the runs in some folders with the first of them.
///
/// A run of one job is joined with the newest run of the other job on the same int8 model, which
/// the hash tells, so that accuracy stands beside noise.
///
/// # Errors
/// [`HistoryError`] when a folder is not that of a run.
pub fn compare(folders: &[PathBuf]) -> Result<RunComparison, HistoryError> {
    if !(2..=RunComparison::MOST).contains(&folders.len()) {
        return Err(HistoryError::Count {
            count: folders.len(),
            most: RunComparison::MOST,
        });
    }
    let runs = folders
        .iter()
        .map(|folder| {
            whole(folder).map_err(|reason| HistoryError::NotARun {
                path: folder.clone(),
                reason,
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let settings: Vec<Flat> = runs.iter().map(|run| run.settings.clone()).collect();
    let (settings, same_settings) = different(&settings);
    Ok(RunComparison {
        settings,
        same_settings,
        layers: layers(&runs),
        classes: classes(&runs),
        runs: runs.into_iter().map(|run| run.compared).collect(),
        generator: concat!("Model Quantizer ", env!("CARGO_PKG_VERSION")).to_owned(),
    })
}

fn whole(folder: &Path) -> Result<Whole, String> {
    // A name such as `.` has to become that of the folder.
    let folder = std::path::absolute(folder).map_err(|error| error.to_string())?;
    let run = list::read(&folder)?;
    let text = bytes(&folder.join(KEPT_CONFIGURATION), LONGEST_RECORD)?;
    let mut settings = flat(&String::from_utf8_lossy(&text));
    // The command line may have chosen another than the configuration.
    settings.insert("quantization.seed".to_owned(), run.record.seed.into());
    let other = partner(&run, &folder);
    let by_job = |job: &str| {
        [Some(&run), other.as_ref()]
            .into_iter()
            .flatten()
            .find(|run| run.record.summary.job() == job)
    };
    let mut whole = Whole {
        compared: compared(&run),
        settings,
        layers: Vec::new(),
        classes: Vec::new(),
    };
    if let Some(quantized) = by_job("quantize") {
        let part: QuantizationPart =
            document(&quantized.path.join(QUANTIZATION_REPORT), LONGEST_REPORT)?;
        whole.layers = part.layers;
        whole.layers.truncate(MOST_ROWS);
        whole.layers.sort_by_key(|layer| layer.position);
        whole.compared.quantization = quantization(quantized);
    }
    if let Some(evaluated) = by_job("evaluate") {
        let part: EvaluationPart =
            document(&evaluated.path.join(EVALUATION_REPORT), LONGEST_REPORT)?;
        whole.compared.evaluation = evaluation(evaluated, part.models.last());
        whole.classes = part.classes;
        whole.classes.truncate(MOST_ROWS);
    }
    Ok(whole)
}

/// The newest run of the other job on the same int8 model beside this one.
fn partner(run: &Run, folder: &Path) -> Option<Run> {
    let hash = |run: &Run| run.record.model(ModelRole::Quantized)?.sha256.clone();
    let own = hash(run)?;
    let beside = run_folders(folder.parent()?).ok()?;
    beside.iter().rev().find_map(|folder| {
        let other = list::read(folder).ok()?;
        let fits = other.record.summary.job() != run.record.summary.job();
        (fits && hash(&other).as_ref() == Some(&own)).then_some(other)
    })
}

fn compared(run: &Run) -> ComparedRun {
    let model = |role| run.record.model(role);
    let keras = model(ModelRole::Keras);
    let quantized = model(ModelRole::Quantized);
    ComparedRun {
        name: run.name.clone(),
        path: run.path.to_string_lossy().into_owned(),
        time: run.record.time.clone(),
        model: keras.map_or_else(String::new, |keras| {
            crate::paths::file_name(Path::new(&keras.path))
        }),
        keras_sha256: keras.and_then(|model| model.sha256.clone()),
        quantized_sha256: quantized.and_then(|model| model.sha256.clone()),
        float_bytes: model(ModelRole::Float).map(|model| model.bytes),
        quantized_bytes: quantized.map(|model| model.bytes),
        quantization: None,
        evaluation: None,
    }
}

fn quantization(run: &Run) -> Option<ComparedQuantization> {
    let Summary::Quantize(summary) = &run.record.summary else {
        return None;
    };
    Some(ComparedQuantization {
        run: run.name.clone(),
        logits_sqnr_db: summary.logits_sqnr_db,
        top_1_agreement: summary.top_1_agreement,
        calibration_images: summary.calibration_images as u64,
    })
}

fn evaluation(run: &Run, int8: Option<&ModelPart>) -> Option<ComparedEvaluation> {
    let Summary::Evaluate(summary) = &run.record.summary else {
        return None;
    };
    Some(ComparedEvaluation {
        run: run.name.clone(),
        images: summary.images as u64,
        top_1_accuracy: [
            summary.top_1_accuracy_keras,
            summary.top_1_accuracy_tflite,
            summary.top_1_accuracy_tflite_quantized,
        ],
        top_5_accuracy: int8.and_then(|model| model.top_5_accuracy),
        agreement_with_keras: summary.agreement_with_keras,
        milliseconds_per_image: int8.and_then(|model| model.milliseconds_per_image),
    })
}

/// Names in the order in which they first appear.
fn names<'a>(lists: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = std::collections::HashSet::new();
    lists.filter(|name| seen.insert(*name)).collect()
}

fn layers(runs: &[Whole]) -> Vec<ComparedLayer> {
    let by_name: Vec<HashMap<&str, &LayerPart>> = runs
        .iter()
        .map(|run| {
            run.layers
                .iter()
                .map(|layer| (&*layer.name, layer))
                .collect()
        })
        .collect();
    let all = runs.iter().flat_map(|run| &run.layers);
    names(all.map(|layer| &*layer.name))
        .into_iter()
        .take(MOST_ROWS)
        .map(|name| {
            let found = by_name.iter().map(|layers| layers.get(name).copied());
            let operator = found.clone().flatten().next();
            ComparedLayer {
                name: name.to_owned(),
                operator: operator.map_or_else(String::new, |layer| layer.operator.clone()),
                runs: found.map(|layer| layer.map(figures)).collect(),
            }
        })
        .collect()
}

fn figures(layer: &LayerPart) -> LayerFigures {
    let activation = layer.activation.as_ref();
    LayerFigures {
        sqnr_db: layer.sqnr_db,
        cosine_similarity: layer.cosine_similarity,
        activation_bits: activation.and_then(|activation| activation.bits),
        range: activation.and_then(|activation| activation.range),
        weights_bits: layer.weights.as_ref().and_then(|weights| weights.bits),
    }
}

fn classes(runs: &[Whole]) -> Vec<ComparedClass> {
    let by_name: Vec<HashMap<&str, &ClassPart>> = runs
        .iter()
        .map(|run| {
            run.classes
                .iter()
                .map(|class| (&*class.name, class))
                .collect()
        })
        .collect();
    let accuracy = |class: &ClassPart| {
        let correct = *class.correct.last()?;
        (class.images > 0).then(|| correct as f64 / class.images as f64)
    };
    let all = runs.iter().flat_map(|run| &run.classes);
    names(all.map(|class| &*class.name))
        .into_iter()
        .take(MOST_ROWS)
        .map(|name| ComparedClass {
            name: name.to_owned(),
            top_1_accuracy: by_name
                .iter()
                .map(|classes| classes.get(name).copied().and_then(accuracy))
                .collect(),
        })
        .collect()
}
