//! Python environments with a pinned TensorFlow.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fmt, fs};

use crate::Generation;

/// Names an interpreter to make the environments with.
const INTERPRETER: &str = "CONFORMANCE_PYTHON";

/// Interpreters that are tried when no other is named.
const CANDIDATES: [&str; 3] = ["python3.11", "python3", "python"];

/// Beside an environment's packages, the requirements that they were installed for.
const STAMP: &str = "requirements.txt";

/// What tells a finished environment's interpreter to print its minor version.
const VERSION: &str = "import sys; print(*sys.version_info[:2], sep='.')";

/// Why there is no environment.
pub(crate) enum Problem {
    /// No interpreter has a version for which the packages exist.
    NoInterpreter(String),
    /// Anything else.
    Other(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        let (Self::NoInterpreter(sentence) | Self::Other(sentence)) = self;
        formatter.write_str(sentence)
    }
}

impl From<String> for Problem {
    fn from(sentence: String) -> Self {
        Self::Other(sentence)
    }
}

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
) -> Result<PathBuf, Problem> {
    if let Some(present) = env::var_os(variable(generation)) {
        let python = interpreter(Path::new(&present));
        return match version(&python) {
            Some(_) => Ok(python),
            None => Err(Problem::Other(format!(
                "{} names {}, which has no bin/python; give the folder of a virtual environment",
                variable(generation),
                Path::new(&present).display()
            ))),
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

fn install(generation: Generation, requirements: &Path, folder: &Path) -> Result<(), Problem> {
    let base = find_interpreter(generation)?;
    eprintln!(
        "making {} of {} with {base}",
        folder.display(),
        requirements.display()
    );
    let mut pip = make(&base, folder)?;
    pip.args(["install", "--quiet", "--no-deps"])
        .args(["--disable-pip-version-check", "--only-binary", ":all:"])
        .arg("--requirement")
        .arg(requirements);
    run(
        pip,
        "pip could not install TensorFlow; check the network connection and pip's settings",
    )?;
    Ok(())
}

/// Makes an environment without packages, and begins the command that installs some.
fn make(base: &str, folder: &Path) -> Result<Command, Problem> {
    let venv = |options: &[&str]| {
        let mut venv = Command::new(base);
        venv.args(["-m", "venv", "--clear"])
            .args(options)
            .arg(folder);
        venv
    };
    let python = interpreter(folder);
    // Debian keeps what installs pip in python3-venv, a package of its own.
    if succeeds(Command::new(base).args(["-m", "ensurepip", "--version"])) {
        run(venv(&[]), "`python -m venv` failed; see above")?;
        let mut pip = Command::new(python);
        pip.args(["-m", "pip"]);
        return Ok(pip);
    }
    run(
        venv(&["--without-pip"]),
        "`python -m venv` failed; install the package python3-venv",
    )?;
    let mut pip = Command::new(base);
    pip.args(["-m", "pip", "--python"]).arg(python);
    if succeeds(Command::new(base).args(["-m", "pip", "--version"])) {
        Ok(pip)
    } else {
        Err(Problem::Other(format!(
            "{base} has neither ensurepip nor pip; install the package python3-venv"
        )))
    }
}

fn interpreter(environment: &Path) -> PathBuf {
    if cfg!(windows) {
        environment.join("Scripts/python.exe")
    } else {
        environment.join("bin/python")
    }
}

fn find_interpreter(generation: Generation) -> Result<String, Problem> {
    let fits = pythons(generation);
    let answers = |python: &str| version(Path::new(python));
    if let Ok(named) = env::var(INTERPRETER) {
        return match answers(&named) {
            Some(version) if fits.contains(&version.as_str()) => Ok(named),
            Some(version) => Err(Problem::NoInterpreter(format!(
                "{INTERPRETER} names Python {version}, but the packages pinned for {} need Python \
                 {}; name another one",
                generation.name(),
                fits.join(" or ")
            ))),
            None => Err(Problem::Other(format!(
                "{INTERPRETER} names `{named}`, which does not run; name an interpreter"
            ))),
        };
    }
    CANDIDATES
        .iter()
        .find(|python| answers(python).is_some_and(|version| fits.contains(&version.as_str())))
        .map(|&python| python.to_owned())
        .ok_or_else(|| {
            Problem::NoInterpreter(format!(
                "the packages pinned for {} need Python {}, and none of {} is that; install it, \
                 or name one in {INTERPRETER}",
                generation.name(),
                fits.join(" or "),
                CANDIDATES.join(", ")
            ))
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

/// Whether a command runs and ends well. What it prints is not shown.
fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

fn run(mut command: Command, failure: &str) -> Result<(), String> {
    match command.stdin(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        _ => Err(failure.to_owned()),
    }
}
