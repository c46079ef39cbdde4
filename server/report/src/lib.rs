//! Reports of jobs: the data, which is also written as JSON, and pages that show it.
//!
//! A page is one file of HTML with SVG charts and no scripts, so that a browser, a mail program and
//! an editor's web view show the same. Every chart has its numbers in a table. Names of layers,
//! classes and files are text, whatever they contain.

mod advice;
mod chart;
mod evaluation;
mod json;
mod markup;
mod number;
mod output;
mod page;
mod quantization;
mod runs;
mod table;

pub use evaluation::{
    Answer, Changes, ConfusedPair, ConfusionFigures, Disagreement, Disagreements, EvaluatedClass,
    EvaluatedModel, EvaluationAdvice, EvaluationReport, Picture,
};
pub use json::to_json;
pub use output::Output;
pub use quantization::{
    AccuracyBudget, Activation, Advice, BudgetVerdict, Calibration, Comparison, Files, Histogram,
    Layer, QuantizationReport, Search, Trial, Weights,
};
pub use runs::{
    ComparedClass, ComparedEvaluation, ComparedLayer, ComparedQuantization, ComparedRun,
    DifferentSetting, LayerFigures, RunComparison, SettingValue,
};
