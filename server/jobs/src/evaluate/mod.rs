mod advice;
mod candidate;
mod report;
mod results;
mod run;
mod summary;

use configuration::{Job, Settings};
use images::{Extensions, LabelledImages, Labels};

use crate::classifier::Classifier;
use crate::context::Context;
use crate::error::JobError;
use crate::event::{EvaluateOutcome, Outcome, Stage};
use crate::history::{self, EvaluateSummary, Summary};
use crate::output::OutputFolder;
use crate::quantize::model_paths;
use candidate::{load_models, read_model, stale_models};
use run::Run;
pub(crate) use run::{Answer, Task};
use summary::Evaluation;

/// Name of the file with the results in `evaluate_result_dir`.
pub const RESULTS: &str = "results.json";

/// Name of the report's data in `evaluate_result_dir`.
pub const EVALUATION_REPORT: &str = "evaluation_report.json";

/// Name of the report's page in `evaluate_result_dir`.
pub const EVALUATION_REPORT_PAGE: &str = "evaluation_report.html";

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
    crate::tell(context, Job::Evaluate, &outcome, |outcome| {
        Outcome::Evaluate(outcome.clone())
    });
    outcome
}

fn run(settings: &Settings, context: &mut Context) -> Result<EvaluateOutcome, JobError> {
    let mut output = OutputFolder::prepare(&settings.evaluate_result_dir)?;
    context.begin(Stage::Read, "reading the models", 0, "");
    let labels = Labels::read(&settings.evaluate_label_file)?;
    let found = find_images(settings, &labels, context)?;
    let classifier = Classifier::read(&settings.source_keras_model, settings.input_tensor_size)?;
    settings
        .evaluate_preprocessing
        .check_input(classifier.size, classifier.channels)?;
    let [float, quantized] = model_paths(&settings.output_dir).map(|path| read_model(&path));
    let (float, quantized) = (float?, quantized?);
    context.check_cancelled()?;
    let candidates = load_models(settings, &classifier, &float, &quantized)?;
    let mut warnings = early_warnings(settings, &found, &classifier, &labels);

    let task = Task {
        settings,
        classifier: &classifier,
        images: &found.images,
    };
    let mut runs = Vec::with_capacity(candidates.len());
    for candidate in &candidates {
        let images = found.images.len();
        context.begin(candidate.stage, candidate.title, images, "images");
        runs.push(task.run(candidate.name, candidate.model.as_ref(), context)?);
    }

    context.begin(Stage::Write, "writing the results", 0, "");
    let evaluation = Evaluation {
        candidates: &candidates,
        runs: &runs,
        images: &found.images,
        labels: &labels,
        outputs: classifier.classes(),
    };
    let unreadable = evaluation.unreadable_images();
    let first_reason = unreadable.first().map(|image| image.reason.clone());
    if let Some(first) = first_reason {
        if unreadable.len() == found.images.len() {
            return Err(JobError::NoReadableImage {
                folder: settings.evaluate_image_dir.clone(),
                images: unreadable.len(),
                first,
            });
        }
        warnings.push(format!(
            "{} of {} images cannot be read and were left out, first: {first}",
            unreadable.len(),
            found.images.len()
        ));
    }
    warnings.extend(reoriented_warning(&runs));
    for warning in &warnings {
        context.warn(warning.clone());
    }
    let unreadable_images = unreadable.len();
    let (results, models) = evaluation.summarize(unreadable, &warnings);
    let report = report::report(&evaluation, &results, settings, context)?;
    let document = |name: &str, json: Result<String, serde_json::Error>| {
        json.map_err(|error| JobError::write(settings.evaluate_result_dir.join(name), error.into()))
    };
    let results_json = document(RESULTS, ::report::to_json(&results))?;
    let report_json = document(EVALUATION_REPORT, ::report::to_json(&report))?;
    let page = report.to_html();
    let files: [(&str, &[u8]); 3] = [
        (RESULTS, results_json.as_bytes()),
        (EVALUATION_REPORT, report_json.as_bytes()),
        (EVALUATION_REPORT_PAGE, page.as_bytes()),
    ];
    let summary = EvaluateSummary {
        images: results.images,
        top_1_accuracy_keras: results.top_1_accuracy_keras,
        top_1_accuracy_tflite: results.top_1_accuracy_tflite,
        top_1_accuracy_tflite_quantized: results.top_1_accuracy_tflite_quantized,
        agreement_with_keras: models.last().map_or(0.0, |int8| int8.agreement_with_keras),
    };
    let run = history::stage(
        settings,
        Summary::Evaluate(summary),
        [&float, &quantized],
        &files,
        context,
    )?;
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
fn early_warnings(
    settings: &Settings,
    found: &LabelledImages,
    classifier: &Classifier,
    labels: &Labels,
) -> Vec<String> {
    let folder = settings.evaluate_image_dir.display();
    let mut warnings: Vec<String> = found
        .warnings
        .iter()
        .map(|warning| format!("in \"{folder}\": {warning}"))
        .collect();
    warnings.extend(crate::hidden_warning(
        &settings.evaluate_image_dir,
        found.hidden,
    ));
    if classifier.classes() != labels.len() {
        warnings.push(format!(
            "the model tells {} classes apart, but \"{}\" names {}; an image taken for a class without a label counts as wrong",
            classifier.classes(),
            settings.evaluate_label_file.display(),
            labels.len()
        ));
    }
    warnings.extend(stale_models(settings));
    warnings
}

fn reoriented_warning(runs: &[Run]) -> Option<String> {
    let count = runs.first().map(|run| run.reoriented)?;
    (count > 0).then(|| crate::ignored_orientation(count))
}
