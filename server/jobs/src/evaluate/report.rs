//! The evaluation report: what the results say, for people.

use std::collections::HashMap;
use std::path::Path;

use report::{
    Answer, Changes, ConfusedPair, ConfusionFigures, Disagreement, Disagreements, EvaluatedClass,
    EvaluatedModel, EvaluationReport, Picture,
};

use super::advice::advice;
use super::results::{ModelResults, Results};
use super::summary::Evaluation;
use crate::context::Context;
use crate::error::JobError;
use crate::predictions;
use configuration::Settings;

/// Longer side of the pictures in the gallery, in pixels.
const THUMBNAIL: usize = 96;

/// Positions of the two TFLite models.
const FLOAT: usize = 1;
const INT8: usize = 2;

/// The report on `results`.
///
/// # Errors
/// [`JobError::Cancelled`].
pub(super) fn report(
    evaluation: &Evaluation,
    results: &Results,
    settings: &Settings,
    context: &Context,
) -> Result<EvaluationReport, JobError> {
    let (changes, disagreements) =
        disagreements(evaluation, &settings.evaluate_image_dir, context)?;
    let quantized_bytes = results.models.get(INT8).map_or(0, |model| model.file_bytes);
    Ok(EvaluationReport {
        model: crate::paths::file_name(&settings.source_keras_model),
        images: results.images,
        output: evaluation.output.clone(),
        models: results.models.iter().map(model).collect(),
        changes,
        classes: classes(results),
        confusion: confusion(results),
        disagreements,
        advice: advice(&settings.output_dir, quantized_bytes),
        warnings: results.warnings.clone(),
        generator: results.generator.to_owned(),
    })
}

fn model(results: &ModelResults) -> EvaluatedModel {
    EvaluatedModel {
        name: results.name.to_owned(),
        engine: results.engine.clone(),
        file_bytes: results.file_bytes,
        top_1_accuracy: results.top_1_accuracy,
        top_5_accuracy: results.top_5_accuracy,
        agreement_with_keras: results.agreement_with_keras,
        milliseconds_per_image: results.milliseconds_per_image,
    }
}

fn classes(results: &Results) -> Vec<EvaluatedClass> {
    let of_class = |index: usize| {
        let models = results.models.iter();
        models.filter_map(move |model| model.per_class.get(index))
    };
    results
        .classes
        .iter()
        .enumerate()
        .map(|(index, name)| EvaluatedClass {
            name: name.clone(),
            images: of_class(index).next().map_or(0, |class| class.images),
            correct: of_class(index).map(|class| class.correct).collect(),
        })
        .collect()
}

fn confusion(results: &Results) -> ConfusionFigures {
    let whole = results.classes.len() <= EvaluationReport::MATRIX_CLASSES;
    let matrices = results.models.iter().map(|model| model.confusion.clone());
    // Most cells of a large matrix are zero in every model.
    let mut counts: HashMap<(usize, usize), Vec<usize>> = HashMap::new();
    for (position, model) in results.models.iter().enumerate() {
        for (actual, row) in model.confusion.iter().enumerate() {
            for (predicted, &count) in row.iter().enumerate() {
                if count > 0 && actual != predicted {
                    let images = counts
                        .entry((actual, predicted))
                        .or_insert_with(|| vec![0; results.models.len()]);
                    images[position] = count;
                }
            }
        }
    }
    let mut counts: Vec<((usize, usize), Vec<usize>)> = counts.into_iter().collect();
    counts.sort_unstable_by(|(a_place, a), (b_place, b)| {
        b.iter()
            .rev()
            .cmp(a.iter().rev())
            .then(a_place.cmp(b_place))
    });
    let further_pairs = counts.len().saturating_sub(EvaluationReport::PAIRS);
    counts.truncate(EvaluationReport::PAIRS);
    ConfusionFigures {
        matrices: whole.then(|| matrices.collect()),
        pairs: counts
            .into_iter()
            .map(|((actual, predicted), images)| ConfusedPair {
                actual: results.classes.get(actual).cloned().unwrap_or_default(),
                predicted: results.classes.get(predicted).cloned(),
                images,
                of: results
                    .models
                    .first()
                    .map_or(0, |model| model.confusion[actual].iter().sum()),
            })
            .collect(),
        further_pairs,
    }
}

/// How much a disagreement says about quantization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Lost,
    Gained,
    OtherwiseWrong,
}

fn disagreements(
    evaluation: &Evaluation,
    folder: &Path,
    context: &Context,
) -> Result<(Changes, Disagreements), JobError> {
    let mut changes = Changes::default();
    let mut found = Vec::new();
    for index in evaluation.readable() {
        let actual = evaluation.images[index].class;
        let [Some(float), Some(int8)] = [FLOAT, INT8].map(|model| {
            let run = evaluation.runs.get(model)?;
            run.answers[index].as_ref().ok()
        }) else {
            continue;
        };
        let [float_class, int8_class] = [float, int8].map(|answer| answer.ranked.first().copied());
        if float_class == int8_class {
            changes.same += 1;
            continue;
        }
        let kind = match (float_class == Some(actual), int8_class == Some(actual)) {
            (true, _) => Kind::Lost,
            (_, true) => Kind::Gained,
            _ => Kind::OtherwiseWrong,
        };
        match kind {
            Kind::Lost => changes.lost += 1,
            Kind::Gained => changes.gained += 1,
            Kind::OtherwiseWrong => changes.otherwise_wrong += 1,
        }
        found.push((kind, index, float, int8));
    }
    let total = found.len();
    // Stable: within a kind in the order of the files.
    found.sort_by_key(|&(kind, ..)| kind);
    let names = evaluation.labels.names();
    let answer = |answer: &predictions::Answer| Answer {
        class: answer
            .ranked
            .first()
            .and_then(|&class| names.get(class).cloned()),
        score: answer.score,
    };
    let mut images = Vec::new();
    for (_, index, float, int8) in found.into_iter().take(EvaluationReport::GALLERY) {
        context.check_cancelled()?;
        let image = &evaluation.images[index];
        images.push(Disagreement {
            file: relative(&image.path, folder),
            actual: names.get(image.class).cloned().unwrap_or_default(),
            float: answer(float),
            int8: answer(int8),
            thumbnail: picture(&image.path),
        });
    }
    Ok((changes, Disagreements { total, images }))
}

/// The name of a file below `folder`, the same on every system.
fn relative(file: &Path, folder: &Path) -> String {
    let Ok(below) = file.strip_prefix(folder) else {
        return file.to_string_lossy().into_owned();
    };
    let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

/// A small copy of a picture; none of one that has gone since it was evaluated.
fn picture(path: &Path) -> Option<Picture> {
    let thumbnail = images::decode(path).ok()?.thumbnail(THUMBNAIL)?;
    Some(Picture::jpeg(
        thumbnail.width,
        thumbnail.height,
        &thumbnail.jpeg,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(confusions: [Vec<Vec<usize>>; 3]) -> Results {
        let classes: Vec<String> = (0..confusions[0].len())
            .map(|id| format!("c{id}"))
            .collect();
        Results {
            top_1_accuracy_keras: 0.0,
            top_1_accuracy_tflite: 0.0,
            top_1_accuracy_tflite_quantized: 0.0,
            images: 0,
            output_kind: "scores",
            classes,
            models: confusions
                .into_iter()
                .map(|confusion| ModelResults {
                    name: "Keras",
                    path: "model".into(),
                    file_bytes: 1,
                    engine: String::new(),
                    top_1_accuracy: 0.0,
                    top_5_accuracy: None,
                    agreement_with_keras: 1.0,
                    milliseconds_per_image: 1.0,
                    per_class: Vec::new(),
                    confusion,
                })
                .collect(),
            unreadable_images: Vec::new(),
            warnings: Vec::new(),
            generator: "test",
        }
    }

    #[test]
    fn errors_of_int8_come_first_and_answers_without_label_have_no_name() {
        // Two classes, and a column for answers without a label.
        let figures = confusion(&results([
            vec![vec![5, 4, 0], vec![0, 9, 0]],
            vec![vec![5, 4, 0], vec![0, 9, 0]],
            vec![vec![6, 1, 2], vec![1, 8, 0]],
        ]));
        let pairs: Vec<(&str, Option<&str>, &[usize], usize)> = figures
            .pairs
            .iter()
            .map(|pair| {
                let predicted = pair.predicted.as_deref();
                (&*pair.actual, predicted, &*pair.images, pair.of)
            })
            .collect();
        assert_eq!(
            pairs,
            [
                ("c0", None, &[0, 0, 2][..], 9),
                ("c0", Some("c1"), &[4, 4, 1], 9),
                ("c1", Some("c0"), &[0, 0, 1], 9),
            ]
        );
        assert_eq!(figures.further_pairs, 0);
        assert_eq!(figures.matrices.unwrap()[2][1], [1, 8, 0]);
    }

    #[test]
    fn large_matrices_are_left_to_the_results() {
        let matrix = || vec![vec![1; 30]; 30];
        let figures = confusion(&results([matrix(), matrix(), matrix()]));
        assert_eq!(figures.matrices, None);
        assert_eq!(figures.pairs.len(), EvaluationReport::PAIRS);
        assert_eq!(figures.further_pairs, 30 * 29 - EvaluationReport::PAIRS);
        assert_eq!(figures.pairs[0].actual, "c0");
    }

    #[test]
    fn files_are_named_below_the_folder() {
        let check = |file: &str, expected: &str| {
            assert_eq!(relative(Path::new(file), Path::new("/data/val")), expected);
        };
        check("/data/val/cat/1.jpg", "cat/1.jpg");
        check("/elsewhere/1.jpg", "/elsewhere/1.jpg");
    }
}
