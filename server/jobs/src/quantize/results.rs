//! The files that a quantization leaves.

use ::report::QuantizationReport;
use configuration::Settings;

use crate::context::Context;
use crate::error::JobError;
use crate::event::QuantizeOutcome;
use crate::history::{self, QuantizeSummary, Summary};
use crate::output::OutputFolder;
use crate::result_files::{
    FLOAT_MODEL, QUANTIZATION_REPORT, QUANTIZATION_REPORT_PAGE, QUANTIZED_MODEL,
};

/// The two models.
pub(super) struct Models {
    pub(super) float: Vec<u8>,
    pub(super) quantized: Vec<u8>,
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
