//! Fuzzing with libFuzzer: `cargo xtask fuzz`.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::command::{cannot_start, run};
use crate::workspace;

/// The package with the programs, below the repository's root.
const PROGRAMS: &str = "tests/fuzz/libfuzzer";

/// How long a target runs unless told otherwise, in seconds.
const SECONDS: u32 = 60;

/// Longest input, in bytes: mutations of short ones run faster and reach as far.
const LONGEST: u64 = 256 << 10;

/// Largest single allocation, in MiB: what readers may take at most, three times the file and 64 MB,
/// for the longest input.
const ALLOCATION: u64 = 64 + (3 * LONGEST).div_ceil(1 << 20);

/// Largest size of the whole process, in MiB. Corpus, coverage and the sanitizer's quarantine of
/// freed memory take most of it.
const PROCESS: u64 = 1536;

/// Longest time for one input, in seconds.
const TIMEOUT: u32 = 10;

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
struct Choices {
    /// Names of the targets; all when empty.
    targets: Vec<String>,
    seconds: u32,
}

/// Builds the fuzz targets and runs them one after the other, then prints how many inputs each was
/// given. What is found in a run is kept below cargo's target folder, and the next run starts from it.
///
/// # Errors
/// A sentence when the arguments are wrong, something that is needed is missing, or a target fails.
pub fn fuzz(arguments: &[OsString]) -> Result<(), String> {
    let choices = parse(arguments)?;
    require_cargo_fuzz()?;
    let all = targets()?;
    if let Some(unknown) = choices.targets.iter().find(|name| !all.contains(name)) {
        return Err(format!(
            "there is no fuzz target \"{unknown}\"; choose from {}",
            all.join(", ")
        ));
    }
    let chosen = if choices.targets.is_empty() {
        &all
    } else {
        &choices.targets
    };
    println!("| target | executions |\n|---|--:|");
    let mut failed = Vec::new();
    for target in chosen {
        let folder = workspace::target_folder().join("fuzz").join(target);
        let (executions, is_sound) = run_target(target, choices.seconds, &folder)?;
        println!("| {target} | {executions} |");
        if !is_sound {
            failed.push(format!("{target} (see {})", folder.display()));
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("fuzzing found failures in {}", failed.join(", ")))
    }
}

fn parse(arguments: &[OsString]) -> Result<Choices, String> {
    let mut choices = Choices {
        targets: Vec::new(),
        seconds: SECONDS,
    };
    let mut arguments = arguments.iter().map(|argument| argument.to_string_lossy());
    while let Some(argument) = arguments.next() {
        let value = arguments.next();
        match (argument.as_ref(), value) {
            ("--target", Some(name)) => choices.targets.push(name.into_owned()),
            ("--seconds", Some(number)) => {
                choices.seconds = number.parse().map_err(|_| {
                    format!("\"{number}\" is no number of seconds; give a whole number")
                })?;
            }
            _ => {
                return Err(format!(
                    "\"{argument}\" is not understood; the arguments are --target NAME, which may \
                     be repeated, and --seconds NUMBER"
                ));
            }
        }
    }
    Ok(choices)
}

fn require_cargo_fuzz() -> Result<(), String> {
    let mut version = cargo_fuzz("--version");
    version.stdout(Stdio::null()).stderr(Stdio::null());
    run(
        version,
        "fuzzing needs a nightly compiler and cargo-fuzz; run `rustup toolchain install nightly` \
         and `cargo install cargo-fuzz@0.13.2`",
    )
}

/// A command of cargo-fuzz. The variables that cargo sets for this task would choose its own
/// compiler again.
fn cargo_fuzz(command: &str) -> Command {
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(workspace::root())
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("CARGO")
        .env(
            "CARGO_TARGET_DIR",
            workspace::target_folder().join("fuzz/build"),
        )
        .args(["+nightly", "fuzz", command]);
    if command != "--version" {
        cargo.args(["--fuzz-dir", PROGRAMS]);
    }
    cargo
}

/// The names of all targets, in alphabetical order.
fn targets() -> Result<Vec<String>, String> {
    let folder = workspace::root().join(PROGRAMS).join("targets");
    let entries = fs::read_dir(&folder)
        .map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            Some(path.file_stem()?.to_string_lossy().into_owned())
        })
        .collect();
    names.sort();
    Ok(names)
}

/// Runs a target and tells how many inputs it was given, and whether all were handled well.
fn run_target(target: &str, seconds: u32, folder: &Path) -> Result<(u64, bool), String> {
    let [corpus, seeds] = ["corpus", "seeds"].map(|name| folder.join(name));
    for needed in [&corpus, &seeds] {
        fs::create_dir_all(needed)
            .map_err(|error| format!("cannot create {}: {error}", needed.display()))?;
    }
    let mut command = cargo_fuzz("run");
    command
        .env("FUZZ_SEEDS", &seeds)
        .arg(target)
        .args([&corpus, &seeds])
        .arg("--")
        .arg(format!("-artifact_prefix={}/", folder.display()))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={LONGEST}"))
        .arg(format!("-malloc_limit_mb={ALLOCATION}"))
        .arg(format!("-rss_limit_mb={PROCESS}"))
        .arg(format!("-timeout={TIMEOUT}"))
        .arg("-print_final_stats=1")
        .stdin(Stdio::null());
    let output = command
        .output()
        .map_err(|error| cannot_start(&command, &error))?;
    let printed = String::from_utf8_lossy(&output.stderr);
    let log = folder.join("log");
    fs::write(&log, printed.as_bytes())
        .map_err(|error| format!("cannot write {}: {error}", log.display()))?;
    let Some(executions) = executions(&printed) else {
        return Err(format!("{target} did not run; see {}", log.display()));
    };
    Ok((executions, output.status.success()))
}

/// The number of inputs that libFuzzer states at the end of its output.
fn executions(printed: &str) -> Option<u64> {
    let line = printed
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn understands_arguments() {
        let check = |arguments: &[&str], expected: Option<(&[&str], u32)>| {
            let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
            let expected = expected.map(|(targets, seconds)| Choices {
                targets: targets.iter().map(|&target| target.to_owned()).collect(),
                seconds,
            });
            assert_eq!(parse(&arguments).ok(), expected, "{arguments:?}");
        };
        check(&[], Some((&[], SECONDS)));
        check(
            &["--target", "h5", "--seconds", "5", "--target", "jpeg"],
            Some((&["h5", "jpeg"], 5)),
        );
        check(&["--seconds", "long"], None);
        check(&["--target"], None);
        check(&["h5"], None);
    }

    #[test]
    fn reads_the_number_of_executions() {
        let printed = "Done 12 runs\nstat::number_of_executed_units: 12\nstat::new_units_added: 3";
        assert_eq!(executions(printed), Some(12));
        assert_eq!(executions("error: could not compile"), None);
    }

    #[test]
    fn every_target_has_a_program() {
        assert!(targets().unwrap().contains(&"saved_model".to_owned()));
    }
}
