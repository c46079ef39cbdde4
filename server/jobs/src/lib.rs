//! Quantize and Evaluate as jobs: they tell how far they are, can be cancelled, and are the only
//! code that writes results. Files appear whole and at the end; a job that fails or is cancelled
//! leaves earlier ones as they were. Results are the same on any number of threads.

mod calibration;
mod classifier;
mod context;
mod digest;
mod error;
mod evaluate;
mod event;
mod float_model;
mod history;
mod instrumented;
mod layers;
mod logits;
mod model_file;
mod output;
mod overrides;
mod paths;
mod pictures;
mod predictions;
mod prepared_images;
mod quantize;
mod result_files;
mod spacing;
mod workers;

pub use context::{Cancellation, Context, KeptConfiguration};
pub use error::JobError;
pub use evaluate::evaluate;
pub use event::{
    EvaluateOutcome, Event, Level, ModelLine, Outcome, QuantizeOutcome, Stage, Texts, Timing,
    WrittenFile,
};
pub use history::{
    EvaluateSummary, HistoryError, KEPT_RUNS, ModelRecord, ModelRole, QuantizeSummary, RUNS, Run,
    RunList, RunRecord, Summary, compare, runs, write_page,
};
pub use quantize::quantize;
pub use result_files::{
    EVALUATION_REPORT, EVALUATION_REPORT_PAGE, FLOAT_MODEL, QUANTIZATION_REPORT,
    QUANTIZATION_REPORT_PAGE, QUANTIZED_MODEL, RESULTS,
};

pub use report::{RunComparison, to_json};
