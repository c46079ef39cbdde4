//! Python environments with a pinned TensorFlow.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use crate::Generation;

/// Names an interpreter to make the environments with.
const INTERPRETER: &str = "CONFORMANCE_PYTHON";

/// Interpreters that are tried when no other is named.
const CANDIDATES: [&str; 3] = ["python3.11", "python3", "python"];

/// Beside an environment's packages, the requirements that they were installed for.
const STAMP: &str = "requirements.txt";

/// What tells a finished environment's interpreter to print its minor version.
const VERSION: &str = "import sys; print(*sys.version_info[:2], sep='.')";

/// Versions of Python for which all pinned packages exist.
fn pythons(generation: Generation) -> &'static [&'static str] {
    match generation {
        Generation::Keras2 => &["3.11"],
        Generation::Keras3 => &["3.11", "3.12", "3.13"],
    }
}

/// Names the folder of an environment that is there already and is used as it is.
fn variable(generation: Generation) -> &'static str {
    match generation {
        Generation::Keras2 => "CONFORMANCE_KERAS2",
        Generation::Keras3 => "CONFORMANCE_KERAS3",
    }
}

/// The interpreter of an environment below `folder`, which is made if it is not there or was made
/// for other requirements.
///
/// # Errors
/// A sentence when no interpreter fits or the installation fails.
pub(crate) fn prepare(
    generation: Generation,
    requirements: &Path,
    folder: &Path,
) -> Result<PathBuf, String> {
    if let Some(present) = env::var_os(variable(generation)) {
        let python = interpreter(Path::new(&present));
        return match version(&python) {
            Some(_) => Ok(python),
            None => Err(format!(
                "{} names {}, which has no bin/python; give the folder of a virtual environment",
                variable(generation),
                Path::new(&present).display()
            )),
        };
    }
    let wanted = fs::read_to_string(requirements)
        .map_err(|error| format!("cannot read {}: {error}", requirements.display()))?;
    let environment = folder.join(generation.name());
    let python = interpreter(&environment);
    let stamp = environment.join(STAMP);
    if fs::read_to_string(&stamp).is_ok_and(|present| present == wanted) {
        return Ok(python);
    }
    install(generation, requirements, &environment)?;
    fs::write(&stamp, wanted)
        .map_err(|error| format!("cannot write {}: {error}", stamp.display()))?;
    Ok(python)
}

fn install(generation: Generation, requirements: &Path, folder: &Path) -> Result<(), String> {
    let base = find_interpreter(generation)?;
    eprintln!("installing {} with {base}", generation.name());
    let mut venv = Command::new(&base);
    venv.args(["-m", "venv", "--clear"]).arg(folder);
    run(
        venv,
        "`python -m venv` failed; install the package python3-venv",
    )?;
    let mut pip = Command::new(interpreter(folder));
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps"])
        .args(["--disable-pip-version-check", "--only-binary", ":all:"])
        .arg("--requirement")
        .arg(requirements);
    run(
        pip,
        "pip could not install TensorFlow; check the network connection and pip's settings",
    )
}

fn interpreter(environment: &Path) -> PathBuf {
    if cfg!(windows) {
        environment.join("Scripts/python.exe")
    } else {
        environment.join("bin/python")
    }
}

fn find_interpreter(generation: Generation) -> Result<String, String> {
    let fits = pythons(generation);
    let answers = |python: &str| version(Path::new(python));
    if let Ok(named) = env::var(INTERPRETER) {
        return match answers(&named) {
            Some(version) if fits.contains(&version.as_str()) => Ok(named),
            Some(version) => Err(format!(
                "{INTERPRETER} names Python {version}, but the packages pinned for {} need Python \
                 {}; name another one",
                generation.name(),
                fits.join(" or ")
            )),
            None => Err(format!(
                "{INTERPRETER} names `{named}`, which does not run; name an interpreter"
            )),
        };
    }
    CANDIDATES
        .iter()
        .find(|python| answers(python).is_some_and(|version| fits.contains(&version.as_str())))
        .map(|&python| python.to_owned())
        .ok_or_else(|| {
            format!(
                "the packages pinned for {} need Python {}, and none of {} is that; install it, \
                 or name one in {INTERPRETER}",
                generation.name(),
                fits.join(" or "),
                CANDIDATES.join(", ")
            )
        })
}

/// The version of an interpreter, such as `3.11`, if it runs.
fn version(python: &Path) -> Option<String> {
    let output = Command::new(python)
        .args(["-c", VERSION])
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

fn run(mut command: Command, failure: &str) -> Result<(), String> {
    match command.stdin(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        _ => Err(failure.to_owned()),
    }
}
