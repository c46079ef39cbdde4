use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use configuration::Settings;
use evaluation::{Accuracy, Confusion, Predictions, top_classes};
use images::{Extensions, LabelledImage, Labels};
use inference::{Engine, Kernels, Model, TfliteModel, TractModel};

use crate::classifier::{Classifier, Scores};
use crate::context::Context;
use crate::error::JobError;
use crate::event::{EvaluateOutcome, ModelLine, Outcome, Stage};
use crate::output::OutputFolder;
use crate::quantize::model_paths;
use crate::results::{ModelResults, Results, UnreadableImage};
use crate::workers::run_in_order;

/// Name of the file with the results in `evaluate_result_dir`.
pub const RESULTS: &str = "results.json";

/// Images a worker takes at a time.
const GROUP: usize = 4;

/// Runs the original Keras model, the float and the int8 TFLite model on labelled images and
/// writes `results.json`.
///
/// Images that cannot be read are left out, named in the results and counted in a warning. The
/// outcome is also the last event. On any error, earlier files are as they were.
///
/// # Errors
/// [`JobError`], also told as the last event.
pub fn evaluate(settings: &Settings, context: &mut Context) -> Result<EvaluateOutcome, JobError> {
    let outcome = run(settings, context);
    crate::tell(context, &outcome, |outcome| {
        Outcome::Evaluate(outcome.clone())
    });
    outcome
}

/// The labelled images and how the models see them.
struct Task<'a> {
    settings: &'a Settings,
    classifier: &'a Classifier,
    images: &'a [LabelledImage],
}

/// One of the three models.
struct Candidate<'a> {
    name: &'static str,
    stage: Stage,
    title: &'static str,
    path: PathBuf,
    model: Box<dyn Model + 'a>,
    file_bytes: u64,
}

fn run(settings: &Settings, context: &mut Context) -> Result<EvaluateOutcome, JobError> {
    let output = OutputFolder::prepare(&settings.evaluate_result_dir)?;
    context.begin(Stage::Read, "reading the models", 0, "");
    let labels = Labels::read(&settings.evaluate_label_file)?;
    let cancellation = context.cancellation.clone();
    let extensions = Extensions::exactly(&settings.evaluate_image_extension)?;
    let found =
        images::labelled_images(&settings.evaluate_image_dir, &extensions, &labels, &|| {
            cancellation.is_cancelled()
        })?;
    let mut warnings: Vec<String> = found
        .warnings
        .iter()
        .map(|warning| {
            format!(
                "in \"{}\": {warning}",
                settings.evaluate_image_dir.display()
            )
        })
        .collect();
    let classifier = Classifier::read(&settings.source_keras_model, settings.input_tensor_size)?;
    if classifier.classes() != labels.len() {
        return Err(JobError::LabelCount {
            outputs: classifier.classes(),
            labels: labels.len(),
            file: settings.evaluate_label_file.clone(),
        });
    }
    let preprocessing = &settings.evaluate_preprocessing;
    preprocessing.check_input(classifier.size, classifier.channels)?;
    warnings.extend(stale_models(settings));
    let [float, quantized] = model_paths(&settings.output_dir).map(|path| read_model(&path));
    let (float, quantized) = (float?, quantized?);
    context.check_cancelled()?;
    let candidates = load_models(settings, &classifier, &float, &quantized)?;

    let task = Task {
        settings,
        classifier: &classifier,
        images: &found.images,
    };
    let mut runs = Vec::with_capacity(candidates.len());
    for candidate in &candidates {
        context.begin(
            candidate.stage,
            candidate.title,
            found.images.len(),
            "images",
        );
        runs.push(task.run(candidate.model.as_ref(), context)?);
    }
    let unreadable = unreadable_images(&found.images, &runs, settings)?;
    if !unreadable.is_empty() {
        warnings.push(unreadable_warning(&unreadable, found.images.len()));
    }
    for warning in &warnings {
        context.warn(warning.clone());
    }

    context.begin(Stage::Write, "writing the results", 0, "");
    let (results, models) = summarize(
        &candidates,
        &runs,
        &found.images,
        &labels,
        unreadable,
        &warnings,
    );
    let images = results.images;
    let mut json = serde_json::to_string_pretty(&results).map_err(|error| {
        JobError::write(settings.evaluate_result_dir.join(RESULTS), error.into())
    })?;
    json.push('\n');
    context.check_cancelled()?;
    let [results] = output.commit([(RESULTS, json.as_bytes())])?;
    Ok(EvaluateOutcome {
        results,
        models,
        images,
        unreadable_images: found.images.len() - images,
        warnings,
        timings: context.finish(),
    })
}

fn read_model(path: &Path) -> Result<Vec<u8>, JobError> {
    std::fs::read(path).map_err(|source| {
        let path = path.to_path_buf();
        match source.kind() {
            std::io::ErrorKind::NotFound => JobError::NotQuantized { path },
            _ => JobError::ReadFile { path, source },
        }
    })
}

fn load_models<'a>(
    settings: &Settings,
    classifier: &Classifier,
    float: &'a [u8],
    quantized: &'a [u8],
) -> Result<Vec<Candidate<'a>>, JobError> {
    let [float_path, quantized_path] = model_paths(&settings.output_dir);
    let keras_bytes =
        std::fs::metadata(&settings.source_keras_model).map_or(0, |metadata| metadata.len());
    let outputs = classifier.graph.outputs();
    Ok(vec![
        Candidate {
            name: "Keras",
            stage: Stage::EvaluateKeras,
            title: "evaluating the Keras model",
            path: settings.source_keras_model.clone(),
            model: Box::new(TractModel::new(&classifier.graph, outputs)?),
            file_bytes: keras_bytes,
        },
        Candidate {
            name: "TFLite",
            stage: Stage::EvaluateTflite,
            title: "evaluating the TFLite model",
            path: float_path,
            model: Box::new(TfliteModel::from_bytes(float, Kernels::Xnnpack)?),
            file_bytes: float.len() as u64,
        },
        Candidate {
            name: "TFLite int8",
            stage: Stage::EvaluateTfliteQuantized,
            title: "evaluating the quantized TFLite model",
            path: quantized_path,
            model: Box::new(TfliteModel::from_bytes(quantized, Kernels::Xnnpack)?),
            file_bytes: quantized.len() as u64,
        },
    ])
}

/// Predictions and times of one model; for unreadable images the reason.
struct Run {
    ranked: Vec<Result<Vec<usize>, String>>,
    milliseconds_per_image: f64,
}

struct Worker<'a> {
    engine: Box<dyn Engine + 'a>,
    input: Vec<f32>,
}

impl Task<'_> {
    fn run(&self, model: &dyn Model, context: &mut Context) -> Result<Run, JobError> {
        let groups: Vec<&[LabelledImage]> = self.images.chunks(GROUP).collect();
        let mut ranked = Vec::with_capacity(self.images.len());
        let mut times = Vec::with_capacity(self.images.len());
        let done = AtomicUsize::new(0);
        let scores = self.classifier.scores();
        let cancellation = context.cancellation.clone();
        let threads = context.threads;
        run_in_order(
            groups.len(),
            threads,
            cancellation.flag(),
            || self.worker(model),
            |worker, index| {
                groups[index]
                    .iter()
                    .map(|image| {
                        if cancellation.is_cancelled() {
                            return Err(JobError::Cancelled);
                        }
                        let prediction = self.predict(worker, &image.path, scores);
                        done.fetch_add(1, Ordering::Relaxed);
                        prediction
                    })
                    .collect::<Result<Vec<_>, _>>()
            },
            || context.progress(done.load(Ordering::Relaxed)),
            |_, predictions| {
                for prediction in predictions {
                    ranked.push(prediction.map(|(classes, time)| {
                        times.push(time);
                        classes
                    }));
                }
                Ok(())
            },
        )?;
        Ok(Run {
            ranked,
            milliseconds_per_image: median_milliseconds(&mut times),
        })
    }

    fn worker<'m>(&self, model: &'m dyn Model) -> Result<Worker<'m>, JobError> {
        let engine = model.engine()?;
        let expected = [
            1,
            self.classifier.size[0],
            self.classifier.size[1],
            self.classifier.channels,
        ];
        let outputs = engine
            .output_shapes()
            .first()
            .map(|shape| shape.iter().product::<usize>());
        if engine.input_shape() != expected || outputs != Some(self.classifier.outputs) {
            return Err(JobError::OtherModel {
                folder: self.settings.output_dir.clone(),
            });
        }
        Ok(Worker {
            engine,
            input: vec![0.0; expected.iter().product()],
        })
    }

    /// Ranked classes and the time of the inference, or why the picture cannot be read.
    fn predict(
        &self,
        worker: &mut Worker,
        path: &Path,
        scores: Scores,
    ) -> Result<Result<(Vec<usize>, Duration), String>, JobError> {
        let image = match images::decode(path) {
            Ok(image) => image,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let (size, channels) = (self.classifier.size, self.classifier.channels);
        self.settings.evaluate_preprocessing.apply_into(
            &image,
            size,
            channels,
            &mut worker.input,
        )?;
        let started = Instant::now();
        worker.engine.run(&worker.input)?;
        let elapsed = started.elapsed();
        let output = worker.engine.output(0)?;
        Ok(Ok((top_classes(&scores.of(&output)), elapsed)))
    }
}

fn median_milliseconds(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times
        .get(times.len() / 2)
        .map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

fn unreadable_images(
    images: &[LabelledImage],
    runs: &[Run],
    settings: &Settings,
) -> Result<Vec<UnreadableImage>, JobError> {
    let Some(run) = runs.first() else {
        return Ok(Vec::new());
    };
    let unreadable: Vec<UnreadableImage> = images
        .iter()
        .zip(&run.ranked)
        .filter_map(|(image, ranked)| {
            let reason = ranked.as_ref().err()?.clone();
            Some(UnreadableImage {
                path: image.path.clone(),
                reason,
            })
        })
        .collect();
    if unreadable.len() == images.len() {
        return Err(JobError::NoReadableImage {
            folder: settings.evaluate_image_dir.clone(),
            images: images.len(),
            first: unreadable
                .first()
                .map(|image| image.reason.clone())
                .unwrap_or_default(),
        });
    }
    Ok(unreadable)
}

fn unreadable_warning(unreadable: &[UnreadableImage], images: usize) -> String {
    let first = unreadable
        .first()
        .map(|image| image.reason.as_str())
        .unwrap_or_default();
    format!(
        "{} of {images} images cannot be read and were left out, first: {first}",
        unreadable.len()
    )
}

/// Says when a TFLite model is older than the Keras model it should have been made from.
fn stale_models(settings: &Settings) -> Option<String> {
    let modified = |path: &Path| std::fs::metadata(path).and_then(|m| m.modified()).ok();
    let source = modified(&settings.source_keras_model)?;
    let stale = model_paths(&settings.output_dir)
        .into_iter()
        .find(|path| modified(path).is_some_and(|time| time < source))?;
    Some(format!(
        "\"{}\" is older than the Keras model; run Quantize again to evaluate the present one",
        stale.display()
    ))
}

fn summarize(
    candidates: &[Candidate],
    runs: &[Run],
    images: &[LabelledImage],
    labels: &Labels,
    unreadable_images: Vec<UnreadableImage>,
    warnings: &[String],
) -> (Results, Vec<ModelLine>) {
    let readable = |run: &Run| -> (Predictions, Vec<usize>) {
        let (ranked, labels) = run
            .ranked
            .iter()
            .zip(images)
            .filter_map(|(ranked, image)| Some((ranked.as_ref().ok()?.clone(), image.class)))
            .unzip();
        (Predictions { ranked }, labels)
    };
    let keras = runs.first().map(|run| readable(run).0);
    let mut models = Vec::new();
    let mut lines = Vec::new();
    for (candidate, run) in candidates.iter().zip(runs) {
        let (predictions, classes) = readable(run);
        let accuracy = Accuracy::new(&predictions, &classes, labels.len());
        let agreement = keras
            .as_ref()
            .map_or(1.0, |keras| predictions.agreement(keras));
        let engine = candidate.model.description();
        lines.push(ModelLine {
            name: candidate.name,
            engine: engine.clone(),
            top_1_accuracy: accuracy.top_1,
            top_5_accuracy: accuracy.top_5,
            agreement_with_keras: agreement,
            milliseconds_per_image: run.milliseconds_per_image,
            file_bytes: candidate.file_bytes,
        });
        models.push(ModelResults {
            name: candidate.name,
            path: candidate.path.clone(),
            file_bytes: candidate.file_bytes,
            engine,
            top_1_accuracy: accuracy.top_1,
            top_5_accuracy: accuracy.top_5,
            agreement_with_keras: agreement,
            milliseconds_per_image: run.milliseconds_per_image,
            per_class: ModelResults::per_class(&accuracy, labels.names()),
            confusion: Confusion::new(&predictions, &classes, labels.len()).counts,
        });
    }
    let top_1 = |index: usize| lines.get(index).map_or(0.0, |line| line.top_1_accuracy);
    let results = Results {
        top_1_accuracy_keras: top_1(0),
        top_1_accuracy_tflite: top_1(1),
        top_1_accuracy_tflite_quantized: top_1(2),
        images: images.len() - unreadable_images.len(),
        classes: labels.names().to_vec(),
        models,
        unreadable_images,
        warnings: warnings.to_vec(),
        generator: concat!("Model Quantizer ", env!("CARGO_PKG_VERSION")),
    };
    (results, lines)
}
