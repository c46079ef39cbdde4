//! What the program costs: time, processor time and memory, printed as a table.

mod machine;
mod measurement;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{tasks, workspace};
use measurement::{Measurement, measure, median_of};

/// How often a command that takes milliseconds runs.
const REPETITIONS: usize = 20;

/// Where the workload lies, below cargo's target folder.
const WORKLOAD: &str = "benchmark";

/// The script that makes the workload.
const WORKLOAD_SCRIPT: &str = "tests/benchmark/make_workload.py";

/// Builds the program and measures start and check, then quantize and evaluate on each
/// configuration; without any, on the demo and, if it was made, the MobileNetV2 workload.
///
/// # Errors
/// A sentence when the build or a measured command fails.
pub fn bench(configurations: &[OsString]) -> Result<(), String> {
    tasks::build()?;
    let demo = workspace::root().join(tasks::DEMO_CONFIGURATION);
    let configurations = if configurations.is_empty() {
        default_configurations(&demo)
    } else {
        configurations.iter().map(PathBuf::from).collect()
    };

    println!("{}\n", machine::describe());
    println!("| command | runs | wall time | processor time | peak memory |");
    println!("|---|--:|--:|--:|--:|");
    let start = || program(&["--version"], None);
    row("--version", REPETITIONS, &median_of(REPETITIONS, start)?);
    let check = || program(&["check"], Some(&demo));
    row("check (demo)", REPETITIONS, &median_of(REPETITIONS, check)?);
    for configuration in &configurations {
        let project = configuration
            .parent()
            .and_then(Path::file_name)
            .unwrap_or(configuration.as_os_str());
        for job in ["quantize", "evaluate"] {
            let cost = measure(program(&[job, "--quiet"], Some(configuration)))?;
            row(&format!("{job} ({})", project.display()), 1, &cost);
        }
    }
    Ok(())
}

fn default_configurations(demo: &Path) -> Vec<PathBuf> {
    let folder = workspace::target_folder().join(WORKLOAD);
    let workload = folder.join("configuration.json");
    if workload.is_file() {
        return vec![demo.into(), workload];
    }
    println!(
        "the MobileNetV2 workload is not there; with the packages that {WORKLOAD_SCRIPT} names, \
         `python3 {WORKLOAD_SCRIPT} {}` makes it\n",
        folder.display()
    );
    vec![demo.into()]
}

fn program(arguments: &[&str], configuration: Option<&Path>) -> Command {
    let mut program = Command::new(tasks::program());
    program
        .args(arguments)
        .args(configuration)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    program
}

fn row(command: &str, runs: usize, cost: &Measurement) {
    let processor = cost
        .processor
        .map_or("n/a".to_owned(), measurement::readable);
    let memory = cost.peak_memory.map_or("n/a".to_owned(), |bytes| {
        format!("{} MB", bytes / 1_000_000)
    });
    println!(
        "| {command} | {runs} | {} | {processor} | {memory} |",
        measurement::readable(cost.wall)
    );
}
