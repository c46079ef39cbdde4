//! The conformance suite: `cargo xtask conformance`, described in the README beside this package.

mod arguments;
mod comparison;
mod difference;
mod environment;
mod expected;
mod generator;
mod manifest;
mod report;
mod results;
mod row;
mod summary;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use clap::Parser as _;

use arguments::{Arguments, Generation};
use environment::Problem;
use generator::{Generator, Made};
use manifest::Manifest;
use row::{Outcome, Row};

/// Models that stand for the others where time is short.
const SUBSET: &[&str] = &[
    "MobileNetV2",
    "MobileNetV3Small",
    "EfficientNetB0",
    "transfer_sequential",
    "transfer_without_augmentation",
    "mixed_float16_application",
    "operators",
    "arithmetic",
    "dilations",
    "grouped_convolutions",
    "normalizations",
    "vision_transformer",
    "custom_layer",
];

/// Files of models up to this size are kept for the next run, in bytes.
const KEPT_BYTES: u64 = 60_000_000;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}

/// Whether everything agrees.
fn run(arguments: &Arguments) -> Result<bool, String> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR"));
    let expected = expected::read(&sources.join("expected_refusals.json"))?;
    let results = arguments.folder.join("results.json");
    if arguments.table {
        let mut rows = results::read(&results)?;
        rows.sort_by_key(Row::name);
        let table = summary::summary(&rows, &expected);
        summary::insert(&sources.join("README.md"), &table)?;
        return Ok(true);
    }
    let Plan { work, left_out } = plan(arguments, sources)?;
    inference::start_tflite_runtime();
    // While one model is compared, the next one is made.
    let (sender, receiver) = sync_channel(0);
    let rows = thread::scope(|scope| {
        scope.spawn(move || {
            for (generator, names) in &work {
                generator.make(names, &sender);
            }
        });
        compare_all(&receiver, &results, arguments.keep)
    })?;
    let (mut conclusion, mut failing) = report::conclusion(&rows, &expected);
    if arguments.is_complete() {
        for sentence in expected::unused(&expected, &rows) {
            conclusion.push_str(&format!("\n{sentence}\n"));
            failing += 1;
        }
    }
    for sentence in left_out {
        conclusion.push_str(&format!("\n{sentence}\n"));
    }
    println!("\n{conclusion}");
    write_report(&arguments.folder.join("report.md"), &rows, &conclusion)?;
    Ok(failing == 0)
}

/// What a run does.
#[derive(Default)]
struct Plan {
    /// The models to make and compare, with what makes them.
    work: Vec<(Generator, Vec<String>)>,
    /// A sentence for each environment that is left out.
    left_out: Vec<String>,
}

fn plan(arguments: &Arguments, sources: &Path) -> Result<Plan, String> {
    let mut plan = Plan::default();
    let wanted = |generation| arguments.environment.is_none_or(|only| only == generation);
    for generation in Generation::ALL.into_iter().filter(|&any| wanted(any)) {
        match generator(generation, sources, &arguments.folder) {
            Ok(generator) => {
                let names = select(generator.list()?, arguments);
                plan.work.push((generator, names));
            }
            // The other generation alone still says much about a change.
            Err(Problem::NoInterpreter(sentence)) if arguments.subset => {
                let sentence = format!("{} was left out: {sentence}", generation.name());
                plan.left_out.push(sentence);
            }
            Err(problem) => return Err(problem.to_string()),
        }
    }
    if plan.work.is_empty() {
        return Err(plan.left_out.join("; "));
    }
    if plan.work.iter().all(|(_, names)| names.is_empty()) {
        return Err("no model has one of these names".to_owned());
    }
    Ok(plan)
}

fn generator(generation: Generation, sources: &Path, folder: &Path) -> Result<Generator, Problem> {
    let requirements = sources
        .join("requirements")
        .join(generation.name())
        .with_extension("txt");
    let environments = folder.join("environments");
    Ok(Generator {
        generation,
        python: environment::prepare(generation, &requirements, &environments)?,
        script: sources.join("generator/generate.py"),
        folder: folder.join("models").join(generation.name()),
        log: folder.join("generator.log"),
    })
}

fn select(mut names: Vec<String>, arguments: &Arguments) -> Vec<String> {
    if arguments.subset {
        names.retain(|name| SUBSET.contains(&name.as_str()));
    } else if !arguments.models.is_empty() {
        names.retain(|name| arguments.models.contains(name));
    }
    names
}

fn compare_all(receiver: &Receiver<Made>, results: &Path, keep: bool) -> Result<Vec<Row>, String> {
    println!("{}", report::heading());
    let mut rows = Vec::new();
    for made in receiver {
        let folder = made.folder.as_ref().ok().cloned();
        let of_model = compare(made);
        for row in &of_model {
            println!("{}", report::line(row));
        }
        results::record(results, &of_model)?;
        rows.extend(of_model);
        if let Some(folder) = folder
            && !keep
            && generator::size(&folder) > KEPT_BYTES
        {
            // What is left in the way is made anew next time.
            let _ = fs::remove_dir_all(folder);
        }
    }
    Ok(rows)
}

/// Compares every format of a model.
fn compare(made: Made) -> Vec<Row> {
    let row = |format: &str, facts, outcome| Row {
        generation: made.generation,
        model: made.name.clone(),
        format: format.to_owned(),
        facts,
        outcome,
    };
    let loaded = made.folder.clone().and_then(|folder: PathBuf| {
        let manifest = Manifest::read(&folder)?;
        let reference = manifest.reference(&folder)?;
        Ok((folder, manifest, reference))
    });
    let (folder, manifest, reference) = match loaded {
        Ok(loaded) => loaded,
        Err(problem) => return vec![row(Row::EVERY_FORMAT, None, Outcome::NotMade(problem))],
    };
    let mut first: Option<Vec<Vec<f32>>> = None;
    let mut rows = Vec::new();
    for written in &manifest.formats {
        let outcome = match (&written.path, &written.problem) {
            (Some(path), _) => {
                match comparison::measure(&folder.join(path), &manifest, &reference) {
                    Ok(measurement) => {
                        let logits = measurement.logits;
                        let disagreement = match (&first, &logits) {
                            (Some(first), Some(logits)) => {
                                Some(comparison::disagreement(logits, first))
                            }
                            _ => None,
                        };
                        first = first.or(logits);
                        Outcome::Measured {
                            read: measurement.read,
                            differences: measurement.differences,
                            disagreement,
                        }
                    }
                    Err(sentence) => Outcome::Refused(sentence),
                }
            }
            (None, problem) => Outcome::NotWritten(problem.clone().unwrap_or_default()),
        };
        rows.push(row(&written.format, Some(manifest.facts()), outcome));
    }
    rows
}

fn write_report(path: &Path, rows: &[Row], conclusion: &str) -> Result<(), String> {
    let table: Vec<String> = rows.iter().map(report::line).collect();
    let text = format!(
        "{}\n{}\n\n{conclusion}",
        report::heading(),
        table.join("\n")
    );
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}
