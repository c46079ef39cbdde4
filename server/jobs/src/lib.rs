//! Quantize and Evaluate as jobs: they tell how far they are, can be cancelled, and are the only
//! code that writes results. Files appear whole and at the end; a job that fails or is cancelled
//! leaves earlier ones as they were. Results are the same on any number of threads.

#![expect(clippy::too_many_lines, reason = "long functions are left")]

mod calibration;
mod classifier;
mod context;
mod digest;
mod error;
mod evaluate;
mod event;
mod float_model;
mod history;
mod layers;
mod logits;
mod output;
mod overrides;
mod quantize;
mod spacing;
mod workers;

use std::path::Path;

use configuration::Job;

pub use context::{Cancellation, Context, KeptConfiguration};
pub use error::JobError;
pub use evaluate::{EVALUATION_REPORT, EVALUATION_REPORT_PAGE, RESULTS, evaluate};
pub use event::{
    EvaluateOutcome, Event, Level, ModelLine, Outcome, QuantizeOutcome, Stage, Timing, WrittenFile,
};
pub use history::{
    EvaluateSummary, HistoryError, KEPT_RUNS, ModelRecord, ModelRole, QuantizeSummary, RUNS, Run,
    RunList, RunRecord, Summary, compare, runs, write_page,
};
pub use quantize::{
    FLOAT_MODEL, QUANTIZATION_REPORT, QUANTIZATION_REPORT_PAGE, QUANTIZED_MODEL, quantize,
};

pub use report::{RunComparison, to_json};

/// Tells how a job ended.
fn tell<T>(
    context: &mut Context,
    job: Job,
    outcome: &Result<T, JobError>,
    wrap: impl Fn(&T) -> Outcome,
) {
    let event = match outcome {
        Ok(outcome) => Event::Result(wrap(outcome)),
        Err(error) => Event::Error {
            cancelled: matches!(error, JobError::Cancelled),
            message: error.to_string(),
            key: error.key(job).map(str::to_owned),
        },
    };
    context.send(event);
}

/// What to say of pictures that a camera has marked as turned.
fn ignored_orientation(images: usize) -> String {
    format!(
        "the EXIF orientation of {images} image(s) is ignored, as TensorFlow ignores it; if the model was trained on turned pictures, turn their pixels"
    )
}

/// What to say of files and folders that were passed over because their names hide them.
fn hidden_warning(folder: &Path, hidden: usize) -> Option<String> {
    (hidden > 0).then(|| {
        format!(
            "in \"{}\": {hidden} hidden file(s) or folder(s) are left out; rename those that start with a dot to use them",
            folder.display()
        )
    })
}

/// The last part of a path.
fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}
