mod budget;
mod comparison;
mod evidence;
mod held_out;
mod reconstruction;
mod report;
mod rounding;
mod search;
mod subject;
mod trial;

use std::cell::RefCell;
use std::path::Path;

use ::report::{Calibration, Files, QuantizationReport};
use advice::Evidence;
use configuration::{Effort, Job, Settings};
use graph::{Graph, passes};
use images::Extensions;
use inference::{Kernels, Model as _, TfliteModel};
use quantization::{FoundThresholds, draw_samples};
use tflite::{Encodings, WriteOptions};

use crate::calibration::{self, calibrate};
use crate::classifier::Classifier;
use crate::context::Context;
use crate::error::JobError;
use crate::event::{Level, Outcome, QuantizeOutcome, Stage};
use crate::float_model::CalibrationSet;
use crate::history::{self, QuantizeSummary, Summary};
use crate::layers::LayerNames;
use crate::output::OutputFolder;
use crate::overrides;
use budget::Budget;
use held_out::Judge;
use rounding::Rounding;
use search::Search;
use subject::Subject;

/// Name of the float model in `output_dir`.
pub const FLOAT_MODEL: &str = "model.tflite";

/// Name of the int8 model in `output_dir`.
pub const QUANTIZED_MODEL: &str = "model_quantized.tflite";

/// Name of the report's data in `output_dir`.
pub const QUANTIZATION_REPORT: &str = "quantization_report.json";

/// Name of the report's page in `output_dir`.
pub const QUANTIZATION_REPORT_PAGE: &str = "quantization_report.html";

/// Reads the Keras model, calibrates it on images and writes the float and the int8 model
/// with a report on every layer.
///
/// The outcome is also the last event. On any error, earlier files are as they were.
///
/// # Errors
/// [`JobError`], also told as the last event.
pub fn quantize(settings: &Settings, context: &mut Context) -> Result<QuantizeOutcome, JobError> {
    let outcome = run(settings, context);
    crate::tell(context, Job::Quantize, &outcome, |outcome| {
        Outcome::Quantize(outcome.clone())
    });
    outcome
}

fn run(settings: &Settings, context: &mut Context) -> Result<QuantizeOutcome, JobError> {
    let target = settings.target.capabilities()?;
    let mut output = OutputFolder::prepare(&settings.output_dir)?;
    context.begin(Stage::Read, "reading the model", 0, "");
    let classifier = Classifier::read(&settings.source_keras_model, settings.input_tensor_size)?;
    let preprocessing = &settings.preprocessing;
    preprocessing.check_input(classifier.size, classifier.channels)?;
    let folder = &settings.dataset_image_dir;
    let cancelled = || context.cancellation.is_cancelled();
    let list = images::find_images(folder, &Extensions::jpeg(), &cancelled);
    context.check_cancelled()?;
    let list = list?;
    for warning in &list.warnings {
        context.warn(format!("in \"{}\": {warning}", folder.display()));
    }
    if let Some(warning) = crate::hidden_warning(folder, list.hidden) {
        context.warn(warning);
    }
    if settings.batch_size > list.paths.len() {
        return Err(JobError::TooFewImages {
            batch_size: settings.batch_size,
            images: list.paths.len(),
            folder: folder.clone(),
        });
    }
    context.check_cancelled()?;

    context.begin(Stage::Convert, "converting", 0, "");
    let prepared = passes::prepare(&classifier.graph);
    let rewrites = settings.quantization.rewrites();
    let base = passes::prepare_with(&classifier.graph, &rewrites);
    let mut options = settings.quantization.options(&target);
    let names = LayerNames::new(&classifier.layers, &classifier.graph, &base);
    let chosen = &settings.quantization;
    for warning in overrides::apply(chosen, &target, &names, &base, &mut options)? {
        context.warn(warning);
    }
    context.check_cancelled()?;

    let sample_count = settings.batch_size.saturating_mul(settings.iteration_count);
    let samples = draw_samples(list.paths.len(), sample_count, settings.quantization.seed);
    let values = classifier
        .graph
        .tensor(classifier.graph.inputs()[0])
        .elements();
    let judging = match chosen.effort {
        Effort::Best => held_out::MOST_IMAGES,
        _ => held_out::IMAGES,
    };
    let (fitting, held_out) =
        held_out::split(&samples, judging, calibration::GROUP, values, chosen.seed);
    // Where all images do both, they are calibrated once.
    let apart = fitting.len() < samples.len();
    let ordered = match apart {
        true => [fitting.as_slice(), held_out.as_slice()].concat(),
        false => fitting.clone(),
    };
    let set = CalibrationSet {
        paths: &list.paths,
        samples: &ordered,
        preprocessing,
        classifier: &classifier,
    };
    let fitting_set = CalibrationSet {
        samples: &fitting,
        ..set
    };
    let observed = quantization::observations(&base);
    let first_held_out = if apart { fitting.len() } else { 0 };
    let calibrated = calibrate(
        (Stage::Calibrate, "calibrating"),
        &base,
        &observed,
        &set,
        first_held_out,
        context,
    )?;
    if calibrated.reoriented > 0 {
        context.warn(crate::ignored_orientation(calibrated.reoriented));
    }
    let evaluation = evidence::evaluation_images(settings, &set, context)?;
    let compared = evaluation.compared(&set);

    let judge = Judge::new(calibrated.held_out);
    let thresholds = RefCell::new(FoundThresholds::default());
    let search = Search {
        settings,
        base: &base,
        statistics: if apart {
            &calibrated.fit
        } else {
            &calibrated.statistics
        },
        set: fitting_set,
        judge: judge.as_ref(),
    };
    let found = search.find(options, &thresholds, context)?;
    let mut options = found.plan.options.clone();
    let (rewritten, statistics) = found.plan.rewritten(&base, &calibrated.statistics);
    let statistics = &statistics;
    let rounding = found
        .plan
        .rounding
        .then(|| Rounding::new(&rewritten, statistics, fitting_set, chosen.seed));
    let subject = Subject {
        settings,
        original: &prepared,
        rewritten: &rewritten,
        statistics,
        set,
        rounding,
        second_moment: found.plan.second_moment,
        thresholds: &thresholds,
        is_trial: false,
    };
    let mut quantized = subject.quantize(&options, context)?;
    let mut met = None;
    if let Some(points) = chosen.accuracy_budget {
        let budget = Budget::new(points, &subject, context)?;
        let found = budget.meet(&subject, &options, quantized, context)?;
        options = found.best.options.clone();
        quantized = found.best.model.clone();
        met = Some(found);
    }
    if let (Effort::Best, Some(judge)) = (chosen.effort, &judge) {
        reconstruction::reconstruct(
            &rewritten,
            &mut quantized,
            &fitting_set,
            judge,
            chosen.seed,
            context,
        )?;
        if let Some(met) = &mut met {
            met.improve(&subject, quantized, context)?;
            quantized = met.best.model.clone();
        }
    }
    if let Some(met) = &met {
        met.tell(&subject, context);
    }
    // What it holds takes memory.
    drop(judge);
    let quantized_model = write(&quantized.graph, &quantized.encodings)?;
    verify(&quantized_model, context)?;
    let comparison = comparison::compare(&subject, &quantized, &compared, context)?;

    let layers = report::layers(&rewritten, &quantized, statistics, comparison.as_ref());
    let comparison = comparison.as_ref().map(comparison::Comparison::summary);
    let proposals = advice::advise(&Evidence {
        settings,
        options: &options,
        rewrites: &rewrites,
        source: &classifier.graph,
        graph: &rewritten,
        model: &quantized,
        statistics,
        halves: &calibrated.halves,
        calibration: &calibrated.images,
        samples: sample_count,
        evaluation: evaluation.moments.as_ref(),
        classes: evidence::names(settings, &set).as_ref(),
        layers: &layers,
        comparison: comparison.as_ref(),
    });
    let present = comparison
        .as_ref()
        .and_then(|compared| compared.logits_sqnr_db);
    let advice = trial::proven(proposals, present, |options| {
        let model = subject.quantize(options, context)?;
        let compared = comparison::compare(&subject, &model, &compared, context)?;
        Ok(compared.and_then(|compared| compared.summary().logits_sqnr_db))
    })?;

    context.begin(Stage::Write, "writing", 0, "");
    let float_model = write(&prepared, &Encodings::float())?;
    let report = QuantizationReport {
        model: crate::file_name(&settings.source_keras_model),
        configuration: settings.written.clone(),
        calibration: Calibration {
            images: samples.len(),
            samples: sample_count,
        },
        comparison,
        search: found.report,
        accuracy_budget: met.as_ref().map(budget::Met::summary),
        files: Files {
            float_bytes: float_model.len() as u64,
            quantized_bytes: quantized_model.len() as u64,
        },
        advice,
        layers,
        generator: concat!("Model Quantizer ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    let json = ::report::to_json(&report).map_err(|error| {
        JobError::write(settings.output_dir.join(QUANTIZATION_REPORT), error.into())
    })?;
    let page = report.to_html();
    let documents: [(&str, &[u8]); 2] = [
        (QUANTIZATION_REPORT, json.as_bytes()),
        (QUANTIZATION_REPORT_PAGE, page.as_bytes()),
    ];
    let run = history::stage(
        settings,
        Summary::Quantize(QuantizeSummary::new(&report)),
        [&float_model, &quantized_model],
        &documents,
        context,
    )?;
    context.check_cancelled()?;
    context.cancellation.begin_commit();
    let [data, report_page] = documents;
    let [model, quantized_model, _, report_page] = output.commit([
        (FLOAT_MODEL, &float_model),
        (QUANTIZED_MODEL, &quantized_model),
        data,
        report_page,
    ])?;
    let run = run.and_then(|run| run.place(context));
    Ok(QuantizeOutcome {
        model,
        quantized_model,
        report: report_page,
        run,
        logits_sqnr_db: report
            .comparison
            .and_then(|compared| compared.logits_sqnr_db),
        calibration_images: samples.len(),
        calibration_samples: sample_count,
        advice: report.advice,
        warnings: context.warnings().to_vec(),
        timings: context.finish(),
    })
}

fn write(graph: &Graph, encodings: &Encodings) -> Result<Vec<u8>, JobError> {
    let options = WriteOptions {
        extra_outputs: &[],
        description: concat!("Model Quantizer ", env!("CARGO_PKG_VERSION")),
    };
    Ok(tflite::write(graph, encodings, &options)?)
}

/// Loads the quantized model and runs it once with each set of kernels.
fn verify(model: &[u8], context: &mut Context) -> Result<(), JobError> {
    if inference::tflite_runtime_version().is_none() {
        context.log(
            Level::Info,
            "the quantized model was not tried out, because this build has no TFLite runtime",
        );
        return Ok(());
    }
    context.begin(Stage::Verify, "trying the quantized model out", 0, "");
    for kernels in [Kernels::Xnnpack, Kernels::Builtin] {
        let model = TfliteModel::from_bytes(model, kernels).map_err(JobError::Unusable)?;
        let mut engine = model.engine().map_err(JobError::Unusable)?;
        let zeros = vec![0.0; engine.input_shape().iter().product()];
        engine.run(&zeros).map_err(JobError::Unusable)?;
        context.check_cancelled()?;
    }
    Ok(())
}

/// The models that [`quantize`] writes to a folder: float, int8.
pub(crate) fn model_paths(output_dir: &Path) -> [std::path::PathBuf; 2] {
    [
        output_dir.join(FLOAT_MODEL),
        output_dir.join(QUANTIZED_MODEL),
    ]
}
