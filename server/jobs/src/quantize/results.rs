//! The files that a quantization leaves.

use ::report::{Calibration, Files, QuantizationReport, Search};
use configuration::Settings;
use graph::Graph;
use localization::{Phrase, phrase};
use tflite::Encodings;

use super::assessment::Assessment;
use super::budget;
use super::product::Product;
use super::samples::Samples;
use crate::context::Context;
use crate::error::JobError;
use crate::event::{QuantizeOutcome, Stage};
use crate::history::{self, QuantizeSummary, Summary};
use crate::model_file;
use crate::output::OutputFolder;
use crate::paths::file_name;
use crate::result_files::{
    FLOAT_MODEL, QUANTIZATION_REPORT, QUANTIZATION_REPORT_PAGE, QUANTIZED_MODEL,
};

/// The two models.
pub(super) struct Models {
    pub(super) float: Vec<u8>,
    pub(super) quantized: Vec<u8>,
}

impl Models {
    /// The quantized model's file and that of the model in float.
    pub(super) fn new(
        float: &Graph,
        quantized: Vec<u8>,
        context: &mut Context,
    ) -> Result<Self, JobError> {
        context.begin(Stage::Write, phrase!("writing"), 0, Phrase::NONE);
        Ok(Self {
            float: model_file::write(float, &Encodings::float())?,
            quantized,
        })
    }
}

/// What is to be said of a quantization.
pub(super) fn report(
    settings: &Settings,
    samples: &Samples,
    search: Option<Search>,
    product: &Product,
    assessment: Assessment,
    models: &Models,
) -> QuantizationReport {
    QuantizationReport {
        model: file_name(&settings.source_keras_model),
        output: assessment.output,
        configuration: settings.written.clone(),
        calibration: Calibration {
            images: samples.images(),
            samples: samples.draws,
        },
        comparison: assessment.comparison,
        search,
        accuracy_budget: product.met.as_ref().map(budget::Met::summary),
        files: Files {
            float_bytes: models.float.len() as u64,
            quantized_bytes: models.quantized.len() as u64,
        },
        advice: assessment.advice,
        layers: assessment.layers,
        generator: concat!("Model Quantizer ", env!("CARGO_PKG_VERSION")).to_owned(),
    }
}

/// Writes the models and the report on them, and keeps the run.
pub(super) fn write(
    settings: &Settings,
    models: &Models,
    report: QuantizationReport,
    mut output: OutputFolder,
    context: &mut Context,
) -> Result<QuantizeOutcome, JobError> {
    let json = ::report::to_json(&report).map_err(|error| {
        JobError::write(settings.output_dir.join(QUANTIZATION_REPORT), error.into())
    })?;
    let page = report.to_html();
    let documents: [(&str, &[u8]); 2] = [
        (QUANTIZATION_REPORT, json.as_bytes()),
        (QUANTIZATION_REPORT_PAGE, page.as_bytes()),
    ];
    let summary = Summary::Quantize(QuantizeSummary::new(&report));
    let written: [&[u8]; 2] = [&models.float, &models.quantized];
    let run = history::stage(settings, summary, written, &documents, context)?;
    context.check_cancelled()?;
    context.cancellation.begin_commit();
    let [data, page] = documents;
    let [model, quantized_model, _, report_page] = output.commit([
        (FLOAT_MODEL, &models.float),
        (QUANTIZED_MODEL, &models.quantized),
        data,
        page,
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
        calibration_images: report.calibration.images,
        calibration_samples: report.calibration.samples,
        advice: report.advice,
        warnings: context.warnings().to_vec(),
        timings: context.finish(),
    })
}
