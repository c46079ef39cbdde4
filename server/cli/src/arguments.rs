use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Quantizes Keras image classifiers to TFLite and measures what that costs in accuracy.
///
/// Exit codes: 0 done, 1 findings or unusable evaluation images, 2 could not run.
#[derive(Debug, Parser)]
#[command(name = "model-quantizer", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Calibrate on images and write model.tflite and model_quantized.tflite.
    Quantize(QuantizeArguments),
    /// Run the Keras model and both TFLite models on labelled images and write results.json and a
    /// report.
    Evaluate(JobArguments),
    /// Say what is wrong with a configuration, without running anything.
    Check(CheckArguments),
    /// Show what a model file holds.
    Inspect(InspectArguments),
    /// List the runs of a configuration that were kept.
    Runs(RunsArguments),
    /// Show runs side by side: settings, accuracy, sizes, and the noise of each layer.
    Compare(CompareArguments),
    /// Write a commented configuration.json to start from.
    Init(InitArguments),
    /// Show versions, engines and threads, for a problem report.
    Doctor,
    /// Serve an editor by the Language Server Protocol over standard input and output.
    Lsp(LspArguments),
}

#[derive(Debug, Args)]
pub(crate) struct LspArguments {
    /// Add what the server logs to a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
    /// Has no effect; many editors say it.
    #[arg(long, hide = true)]
    pub(crate) stdio: bool,
}

#[derive(Debug, Args)]
pub(crate) struct QuantizeArguments {
    #[command(flatten)]
    pub(crate) job: JobArguments,
    /// Seed for drawing calibration images, instead of the configuration's.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct JobArguments {
    /// The configuration.json; relative paths in it start at its folder.
    pub(crate) configuration: PathBuf,
    /// Print errors and warnings only.
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Number of worker threads [default: one for each core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// How progress and results are printed.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) message_format: MessageFormat,
    /// Print how long each stage took.
    #[arg(long)]
    pub(crate) timings: bool,
    /// Keep no copy of the configuration and the reports in output_dir/runs.
    #[arg(long)]
    pub(crate) no_history: bool,
    /// Stop when standard input closes, as editors do to cancel a job.
    #[arg(long)]
    pub(crate) stop_with_stdin: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum MessageFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line (schemas/events.schema.json).
    Json,
    /// The same, with all texts as data too, for a program that translates them.
    #[value(hide = true)]
    Texts,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// The configuration.json.
    pub(crate) configuration: PathBuf,
    /// How findings are printed.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: FindingFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum FindingFormat {
    /// For people, with the lines at fault.
    #[default]
    Human,
    /// An array of findings with places and fixes (schemas/findings.schema.json).
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArguments {
    /// A Keras model (.keras, .h5 or a SavedModel folder) or a .tflite file.
    pub(crate) model: PathBuf,
    /// Print JSON (schemas/inspect.schema.json).
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// Folder to write configuration.json to; made if need be.
    pub(crate) folder: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct RunsArguments {
    /// The configuration.json.
    pub(crate) configuration: PathBuf,
    /// Print JSON (schemas/runs.schema.json).
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CompareArguments {
    /// Folders of runs, the one to compare with first; `runs` lists them.
    #[arg(required = true, num_args = 2.., value_name = "RUN")]
    pub(crate) runs: Vec<PathBuf>,
    /// Write a page that shows everything.
    #[arg(long, short, value_name = "FILE.html")]
    pub(crate) output: Option<PathBuf>,
    /// Print JSON (schemas/comparison.schema.json).
    #[arg(long)]
    pub(crate) json: bool,
}
