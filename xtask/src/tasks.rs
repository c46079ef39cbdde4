//! The tasks that run cargo with the TFLite runtime.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::command::{self, run};
use crate::fetch::{Runtime, fetch};
use crate::{platform, workspace};

/// The feature that links the runtime, in each crate that has it.
pub const FEATURES: &str = "cli/tflite-runtime,inference/tflite-runtime";

/// The demo project, below the repository's root.
pub const DEMO_CONFIGURATION: &str = "examples/flowers/configuration.json";

/// Builds the program with the TFLite runtime and puts the library beside it.
///
/// # Errors
/// A sentence when a prerequisite is missing or the build fails.
pub fn build() -> Result<(), String> {
    let runtime = prepare()?;
    let mut cargo = cargo(&runtime);
    cargo
        // The whole workspace, so that tests find the same dependencies built the same way.
        .args(["build", "--release", "--workspace", "--features", FEATURES]);
    run(cargo, "the build failed")?;
    install_library(&runtime)
}

/// What is quick to build and test: the tests beside the sources of libraries and of the two programs
/// that are worked on most, and those that compare the repository with itself.
const QUICK_TESTS: [&str; 9] = [
    "--lib",
    "--bin",
    "model-quantizer",
    "--bin",
    "xtask",
    "--test",
    "repository",
    "--test",
    "texts",
];

/// Checks formatting and clippy, then runs [`QUICK_TESTS`].
///
/// # Errors
/// A sentence when a prerequisite is missing, something is found, or a test fails.
pub fn quick() -> Result<(), String> {
    let start = Instant::now();
    lint()?;
    println!("lint passed after {} s", start.elapsed().as_secs());
    test(&QUICK_TESTS.map(OsString::from))?;
    println!("all passed after {} s", start.elapsed().as_secs());
    Ok(())
}

/// Runs every test of the workspace. `arguments` go to `cargo test`.
///
/// # Errors
/// A sentence when a prerequisite is missing or a test fails.
pub fn test(arguments: &[OsString]) -> Result<(), String> {
    let runtime = prepare()?;
    install_library(&runtime)?;
    let mut cargo = cargo(&runtime);
    cargo
        .args(["test", "--release", "--workspace", "--features", FEATURES])
        .args(arguments);
    run(cargo, "a test failed")
}

/// Checks the formatting, and runs clippy with warnings denied.
///
/// # Errors
/// A sentence when a prerequisite is missing or something is found.
pub fn lint() -> Result<(), String> {
    let runtime = prepare()?;
    let mut format = cargo(&runtime);
    format.args(["fmt", "--all", "--check"]);
    run(
        format,
        "the formatting differs from rustfmt's; run `cargo fmt --all`",
    )?;
    let mut clippy = cargo(&runtime);
    clippy
        .args(["clippy", "--release", "--workspace", "--all-targets"])
        .args(["--features", FEATURES, "--", "--deny", "warnings"]);
    run(clippy, "clippy has findings")
}

/// Builds the program, then quantizes and evaluates the bundled demo project.
///
/// # Errors
/// A sentence when the build or one of the two jobs fails.
pub fn demo() -> Result<(), String> {
    build()?;
    for job in ["quantize", "evaluate"] {
        let mut program = Command::new(program());
        program
            .current_dir(workspace::root())
            .args([job, DEMO_CONFIGURATION]);
        run(program, &format!("`model-quantizer {job}` failed"))?;
    }
    Ok(())
}

/// Builds the program, runs it as the language server of independent clients, and measures how fast
/// it answers.
///
/// # Errors
/// A sentence when the build fails, a client finds something wrong, or a limit is missed.
pub fn editors() -> Result<(), String> {
    build()?;
    let tests = workspace::root().join("tests");
    let mut clients = Command::new(tests.join("editors/run"));
    clients.arg(program());
    run(clients, "a client of the language server failed")?;
    let mut measured = Command::new("python3");
    measured
        .arg(tests.join("benchmark/language_server.py"))
        .arg(program())
        .arg("--assert");
    run(measured, "the language server missed a limit")
}

/// Builds everything, then runs the conformance suite. `arguments` go to it.
///
/// # Errors
/// A sentence when the build fails or a model does not agree.
pub fn conformance(arguments: &[OsString]) -> Result<(), String> {
    build()?;
    let mut suite = Command::new(release_folder().join("conformance"));
    add_library(&mut suite, &prepare()?);
    suite
        .arg("--folder")
        .arg(workspace::target_folder().join("conformance"))
        .args(arguments);
    run(suite, "the conformance suite found failures")
}

fn prepare() -> Result<Runtime, String> {
    require_c_compiler()?;
    fetch(platform::current()?)
}

/// Some dependencies assemble machine code with the system's C compiler, which also links.
fn require_c_compiler() -> Result<(), String> {
    let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
    let answers = Command::new(&compiler)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if answers {
        Ok(())
    } else {
        Err(format!(
            "the C compiler `{}` is needed to link and was not found; install gcc or clang \
             (on macOS run `xcode-select --install`)",
            compiler.display()
        ))
    }
}

/// Cargo with the variables that keep the build script of `tflitec` from building TensorFlow, and
/// with the library where the programs that cargo starts find it.
fn cargo(runtime: &Runtime) -> Command {
    let mut cargo = command::cargo();
    add_library(&mut cargo, runtime);
    cargo
        .env("TFLITEC_PREBUILT_PATH", &runtime.library)
        .env("TFLITEC_HEADER_DIR", &runtime.headers)
        .env("LIBCLANG_PATH", &runtime.clang);
    cargo
}

/// Lets a command, and what it starts, find the runtime's library.
fn add_library(command: &mut Command, runtime: &Runtime) {
    let search_path = if cfg!(target_os = "macos") {
        "DYLD_FALLBACK_LIBRARY_PATH"
    } else {
        "LD_LIBRARY_PATH"
    };
    let mut folders: Vec<PathBuf> = runtime
        .library
        .parent()
        .map(Into::into)
        .into_iter()
        .collect();
    folders.extend(env::split_paths(
        &env::var_os(search_path).unwrap_or_default(),
    ));
    if let Ok(folders) = env::join_paths(folders) {
        command.env(search_path, folders);
    }
}

/// The program that [`build`] makes.
pub fn program() -> PathBuf {
    release_folder().join("model-quantizer")
}

fn release_folder() -> PathBuf {
    workspace::target_folder().join("release")
}

fn install_library(runtime: &Runtime) -> Result<(), String> {
    let folder = release_folder();
    let Some(name) = runtime.library.file_name() else {
        return Ok(());
    };
    let destination = folder.join(name);
    // A running program keeps the old file: the new one replaces it by name.
    let scratch = folder.join(".runtime-library");
    fs::create_dir_all(&folder)
        .and_then(|()| fs::copy(&runtime.library, &scratch))
        .and_then(|_| fs::rename(&scratch, &destination))
        .map_err(|error| format!("cannot write {}: {error}", destination.display()))
}
