//! Starting other programs.

use std::env;
use std::process::{Command, Stdio};

use crate::workspace;

/// The cargo that runs this task, in the repository's root.
pub fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(workspace::root());
    cargo
}

/// Runs a command, which prints what it likes.
///
/// # Errors
/// `failure` when the command fails; another sentence when it cannot be started.
pub fn run(mut command: Command, failure: &str) -> Result<(), String> {
    let status = command
        .status()
        .map_err(|error| cannot_start(&command, &error))?;
    if status.success() {
        Ok(())
    } else {
        Err(failure.to_owned())
    }
}

/// What a command prints to standard output.
///
/// # Errors
/// `failure` when the command fails or prints no UTF-8; another sentence when it cannot be started.
pub fn read(mut command: Command, failure: &str) -> Result<String, String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| cannot_start(&command, &error))?;
    match String::from_utf8(output.stdout) {
        Ok(text) if output.status.success() => Ok(text),
        _ => Err(failure.to_owned()),
    }
}

/// The sentence for a command that cannot be started.
pub fn cannot_start(command: &Command, error: &std::io::Error) -> String {
    format!("cannot start {}: {error}", command.get_program().display())
}
