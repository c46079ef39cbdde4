//! The `model-quantizer` command line.

mod arguments;
mod commands;
mod job;
mod print;
mod reporting;
mod table;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::{Arguments, Command};
use print::note;

/// How a command ended; the value is the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Everything is done and well.
    Done = 0,
    /// There are findings, or some inputs of an evaluation could not be used.
    Findings = 1,
    /// The command could not do its work; the reason is printed.
    Failed = 2,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ending = match arguments.command {
        Command::Quantize(arguments) => commands::quantize(&arguments),
        Command::Evaluate(arguments) => commands::evaluate(&arguments),
        Command::Check(arguments) => commands::check(&arguments),
        Command::Inspect(arguments) => commands::inspect(&arguments),
        Command::Runs(arguments) => commands::runs(&arguments),
        Command::Compare(arguments) => commands::compare(&arguments),
        Command::Init(arguments) => commands::init(&arguments),
        Command::Doctor => commands::doctor(),
        Command::Lsp(arguments) => commands::lsp(arguments),
    };
    let ending = ending.unwrap_or_else(|message| {
        note(&format!("error: {message}"));
        Ending::Failed
    });
    ExitCode::from(ending as u8)
}
