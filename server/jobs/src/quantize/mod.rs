//! Quantize: a Keras model becomes a float and an int8 TFLite model.

mod assessment;
mod budget;
mod comparison;
mod conversion;
mod evidence;
mod held_out;
mod product;
mod reconstruction;
mod report;
mod results;
mod rounding;
mod samples;
mod search;
mod source;
mod subject;
mod trial;
mod verification;

use std::cell::RefCell;

use configuration::{Job, Settings};
use keras::OutputKind;
use localization::phrase;
use quantization::FoundThresholds;

use crate::calibration::{Calibrated, calibrate};
use crate::classifier::one_sided_logit;
use crate::context::Context;
use crate::error::JobError;
use crate::event::{Outcome, QuantizeOutcome, Stage};
use crate::float_model::CalibrationSet;
use crate::model_file;
use crate::output::OutputFolder;
use crate::pictures::ignored_orientation;
use crate::prepared_images::PreparedImages;
use assessment::{Assessment, Material};
use conversion::Conversion;
use held_out::Judge;
use product::Product;
use results::Models;
use rounding::Rounding;
use samples::Samples;
use search::Search;
use source::Source;
use subject::Subject;

/// Reads the Keras model, calibrates it on images and writes the float and the int8 model
/// with a report on every layer.
///
/// The outcome is also the last event. On any error, earlier files are as they were.
///
/// # Errors
/// [`JobError`], also told as the last event.
pub fn quantize(settings: &Settings, context: &mut Context) -> Result<QuantizeOutcome, JobError> {
    let outcome = run(settings, context);
    context.tell(Job::Quantize, &outcome, |outcome| {
        Outcome::Quantize(outcome.clone())
    });
    outcome
}

fn run(settings: &Settings, context: &mut Context) -> Result<QuantizeOutcome, JobError> {
    let target = settings.target.capabilities()?;
    let output = OutputFolder::prepare(&settings.output_dir)?;
    let source = Source::read(settings, context)?;
    let conversion = Conversion::new(settings, &target, &source.classifier, context)?;
    let samples = Samples::draw(settings, &source);
    let images = PreparedImages::new(&settings.preprocessing, &source.classifier);
    let set = samples.set(&source, &images);
    samples.keep(settings, set);
    let mut calibrated = observe(&conversion, &samples, &set, context)?;
    let evaluation = evidence::evaluation_images(settings, &set, context)?;

    let held_out = std::mem::take(&mut calibrated.held_out);
    let judge = Judge::new(held_out, &images, &conversion.base);
    let thresholds = RefCell::new(FoundThresholds::default());
    let fitting = samples.fitting(set);
    let search = Search {
        settings,
        base: &conversion.base,
        statistics: match samples.are_apart() {
            true => &calibrated.fit,
            false => &calibrated.statistics,
        },
        set: fitting,
        judge: judge.as_ref(),
    };
    let found = search.find(conversion.options.clone(), &thresholds, context)?;
    let (rewritten, statistics) = found
        .plan
        .rewritten(&conversion.base, &calibrated.statistics);
    let seed = settings.quantization.seed;
    let subject = Subject {
        settings,
        original: &conversion.prepared,
        rewritten: &rewritten,
        statistics: &statistics,
        set,
        rounding: found
            .plan
            .rounding
            .then(|| Rounding::new(&rewritten, &statistics, fitting, seed)),
        second_moment: found.plan.second_moment,
        thresholds: &thresholds,
        is_trial: false,
    };
    let labelled = labelled_images(settings, &source);
    let labelled = labelled.as_ref().unwrap_or(&images);
    let options = found.plan.options;
    let product = Product::make(
        &subject,
        options,
        &fitting,
        judge.as_ref(),
        labelled,
        context,
    )?;
    let quantized = model_file::write(&product.model.graph, &product.model.encodings)?;
    verification::verify(&quantized, context)?;
    let assessment = Assessment::new(
        &subject,
        &product,
        &Material {
            source: &source.classifier.graph,
            rewrites: &conversion.rewrites,
            calibrated: &calibrated,
            draws: samples.draws,
            evaluation: &evaluation,
        },
        context,
    )?;

    let models = Models::new(&conversion.prepared, quantized, context)?;
    let report = results::report(
        settings,
        &samples,
        found.report,
        &product,
        assessment,
        &models,
    );
    results::write(settings, &models, report, output, context)
}

/// Shows the float model all samples.
fn observe(
    conversion: &Conversion,
    samples: &Samples,
    set: &CalibrationSet,
    context: &mut Context,
) -> Result<Calibrated, JobError> {
    let calibrated = calibrate(
        (Stage::Calibrate, phrase!("calibrating")),
        &conversion.base,
        &quantization::observations(&conversion.base),
        set,
        samples.first_held_out(),
        context,
    )?;
    if set.classifier.output == OutputKind::Logit
        && let [output] = *conversion.base.outputs()
        && let Some(seen) = calibrated.statistics.tensor(output)
    {
        let said = one_sided_logit(samples.images(), [seen.min, seen.max]);
        said.into_iter().for_each(|said| context.warn(said));
    }
    if calibrated.reoriented > 0 {
        context.warn(ignored_orientation(calibrated.reoriented));
    }
    Ok(calibrated)
}

/// The images of the evaluation folder; `None` where they are prepared as those that calibrate.
fn labelled_images<'a>(settings: &'a Settings, source: &Source) -> Option<PreparedImages<'a>> {
    let preprocessing = &settings.evaluate_preprocessing;
    (*preprocessing != settings.preprocessing)
        .then(|| PreparedImages::new(preprocessing, &source.classifier))
}
