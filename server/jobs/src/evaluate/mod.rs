mod advice;
mod candidate;
mod report;
mod results;
mod summary;

use configuration::{Job, Settings};
use images::{Extensions, LabelledImages, Labels};
use localization::{Phrase, Text, phrase, text};

use crate::classifier::Classifier;
use crate::context::Context;
use crate::error::JobError;
use crate::event::{EvaluateOutcome, Outcome, Stage};
use crate::history::{self, EvaluateSummary, Summary};
use crate::output::OutputFolder;
use crate::pictures::{hidden_warning, ignored_orientation};
use crate::predictions::{Run, Task};
use crate::prepared_images::PreparedImages;
use crate::result_files::{EVALUATION_REPORT, EVALUATION_REPORT_PAGE, RESULTS, model_paths};
use candidate::{Candidate, load_models, read_model, stale_models};
use results::{Results, UnreadableImage};
use summary::Evaluation;

/// Runs the original Keras model, the float and the int8 TFLite model on labelled images and
/// writes `results.json` and a report.
///
/// Images that cannot be read are left out, named in the results and counted in a warning. The
/// outcome is also the last event. On any error, earlier files are as they were.
///
/// # Errors
/// [`JobError`], also told as the last event.
pub fn evaluate(settings: &Settings, context: &mut Context) -> Result<EvaluateOutcome, JobError> {
    let outcome = run(settings, context);
    context.tell(Job::Evaluate, &outcome, |outcome| {
        Outcome::Evaluate(outcome.clone())
    });
    outcome
}

/// What is evaluated.
struct Subject {
    labels: Labels,
    found: LabelledImages,
    classifier: Classifier,
    /// Number of classes that the models tell apart.
    classes: usize,
    /// The TFLite files: float, int8.
    files: [Vec<u8>; 2],
}

/// What is written.
struct Documents {
    results: String,
    report: String,
    page: String,
    summary: EvaluateSummary,
}

fn run(settings: &Settings, context: &mut Context) -> Result<EvaluateOutcome, JobError> {
    let mut output = OutputFolder::prepare(&settings.evaluate_result_dir)?;
    let subject = Subject::read(settings, context)?;
    let candidates = load_models(settings, &subject.classifier, &subject.files)?;
    let early = early_warnings(settings, &subject);
    let runs = subject.run(settings, &candidates, context)?;

    context.begin(
        Stage::Write,
        phrase!("writing the results"),
        0,
        Phrase::NONE,
    );
    let evaluation = Evaluation {
        candidates: &candidates,
        runs: &runs,
        images: &subject.found.images,
        labels: &subject.labels,
        classes: subject.classes,
        output: subject
            .classifier
            .described_output(Some(subject.labels.names())),
    };
    let unreadable = evaluation.unreadable_images();
    let late = late_warnings(settings, &evaluation, &unreadable)?;
    let warnings = [early, late].concat();
    for warning in &warnings {
        context.warn(warning.clone());
    }
    let unreadable_images = unreadable.len();
    let (results, models) = evaluation.summarize(unreadable, &warnings);
    let documents = Documents::new(settings, &evaluation, &results, context)?;

    let files = documents.files();
    let summary = Summary::Evaluate(documents.summary.clone());
    let models_run = subject.files.each_ref().map(Vec::as_slice);
    let run = history::stage(settings, summary, models_run, &files, context)?;
    context.check_cancelled()?;
    context.cancellation.begin_commit();
    let [written, _, page] = output.commit(files)?;
    let run = run.and_then(|run| run.place(context));
    Ok(EvaluateOutcome {
        results: written,
        report: page,
        run,
        models,
        images: results.images,
        unreadable_images,
        warnings,
        timings: context.finish(),
    })
}

impl Subject {
    fn read(settings: &Settings, context: &mut Context) -> Result<Self, JobError> {
        context.begin(Stage::Read, phrase!("reading the models"), 0, Phrase::NONE);
        let labels = Labels::read(&settings.evaluate_label_file)?;
        let found = find_images(settings, &labels, context)?;
        let classifier =
            Classifier::read(&settings.source_keras_model, settings.input_tensor_size)?;
        context.threads = classifier.threads(context.threads);
        let classes = classifier.classes()?;
        settings
            .evaluate_preprocessing
            .check_input(classifier.size, classifier.channels)?;
        let [float, quantized] = model_paths(&settings.output_dir).map(|path| read_model(&path));
        let files = [float?, quantized?];
        context.check_cancelled()?;
        Ok(Self {
            labels,
            found,
            classifier,
            classes,
            files,
        })
    }

    /// What each model makes of all images.
    fn run(
        &self,
        settings: &Settings,
        candidates: &[Candidate],
        context: &mut Context,
    ) -> Result<Vec<Run>, JobError> {
        let prepared = PreparedImages::new(&settings.evaluate_preprocessing, &self.classifier);
        let images = &self.found.images;
        prepared.keep(images.iter().map(|image| image.path.as_path()));
        let task = Task {
            settings,
            classifier: &self.classifier,
            prepared: &prepared,
            images,
        };
        let mut runs = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            context.begin(
                candidate.stage,
                candidate.title,
                images.len(),
                phrase!("images"),
            );
            runs.push(task.run(candidate.name, candidate.model.as_ref(), context)?);
        }
        Ok(runs)
    }
}

impl Documents {
    fn new(
        settings: &Settings,
        evaluation: &Evaluation,
        results: &Results,
        context: &Context,
    ) -> Result<Self, JobError> {
        let report = report::report(evaluation, results, settings, context)?;
        let document = |name: &str, json: Result<String, serde_json::Error>| {
            json.map_err(|error| {
                JobError::write(settings.evaluate_result_dir.join(name), error.into())
            })
        };
        let int8 = results.models.last();
        Ok(Self {
            results: document(RESULTS, ::report::to_json(results))?,
            report: document(EVALUATION_REPORT, ::report::to_json(&report))?,
            page: report.to_html(),
            summary: EvaluateSummary {
                images: results.images,
                top_1_accuracy_keras: results.top_1_accuracy_keras,
                top_1_accuracy_tflite: results.top_1_accuracy_tflite,
                top_1_accuracy_tflite_quantized: results.top_1_accuracy_tflite_quantized,
                agreement_with_keras: int8.map_or(0.0, |int8| int8.agreement_with_keras),
            },
        })
    }

    fn files(&self) -> [(&str, &[u8]); 3] {
        [
            (RESULTS, self.results.as_bytes()),
            (EVALUATION_REPORT, self.report.as_bytes()),
            (EVALUATION_REPORT_PAGE, self.page.as_bytes()),
        ]
    }
}

fn find_images(
    settings: &Settings,
    labels: &Labels,
    context: &Context,
) -> Result<LabelledImages, JobError> {
    let extensions = Extensions::exactly(&settings.evaluate_image_extension)?;
    let folder = &settings.evaluate_image_dir;
    let cancelled = || context.cancellation.is_cancelled();
    let found = images::labelled_images(folder, &extensions, labels, &cancelled);
    context.check_cancelled()?;
    Ok(found?)
}

/// What can be said before any model has run.
fn early_warnings(settings: &Settings, subject: &Subject) -> Vec<Text> {
    let Subject {
        found,
        classes,
        labels,
        ..
    } = subject;
    let folder = settings.evaluate_image_dir.display();
    let mut warnings: Vec<Text> = found
        .warnings
        .iter()
        .map(|warning| text!("in \"{folder}\": {warning}"))
        .collect();
    warnings.extend(hidden_warning(&settings.evaluate_image_dir, found.hidden));
    if *classes != labels.len() {
        warnings.push(text!(
            "the model tells {classes} classes apart, but \"{path}\" names {labels}; an image taken for a class without a label counts as wrong",
            path = settings.evaluate_label_file.display(),
            labels = labels.len()
        ));
    }
    warnings.extend(stale_models(settings));
    warnings
}

/// What images have shown.
///
/// # Errors
/// [`JobError::NoReadableImage`].
fn late_warnings(
    settings: &Settings,
    evaluation: &Evaluation,
    unreadable: &[UnreadableImage],
) -> Result<Vec<Text>, JobError> {
    let mut warnings = Vec::new();
    let images = evaluation.images.len();
    if let Some(first) = unreadable.first() {
        if unreadable.len() == images {
            return Err(JobError::NoReadableImage {
                folder: settings.evaluate_image_dir.clone(),
                images,
                first: Text::verbatim(&first.reason),
            });
        }
        warnings.push(text!(
            "{unreadable} of {images} images cannot be read and were left out, first: {reason}",
            unreadable = unreadable.len(),
            reason = first.reason
        ));
    }
    warnings.extend(evaluation.one_sided());
    let reoriented = evaluation.runs.first().map_or(0, |run| run.reoriented);
    warnings.extend((reoriented > 0).then(|| ignored_orientation(reoriented)));
    Ok(warnings)
}
