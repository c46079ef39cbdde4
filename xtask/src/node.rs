//! Node and npm, which build and test the editor extension.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::command::{read, run};
use crate::workspace;

/// The oldest Node that the tools of the extension run on.
const OLDEST_NODE: u32 = 20;

/// Where `tests/workbench/install` puts a Node if the system has none that is new enough, below
/// cargo's target folder.
const INSTALLED_NODE: &str = "workbench/node/node_modules";

/// Makes sure that Node and npm can be called, and tells the search path for them.
///
/// # Errors
/// A sentence when one of them is missing or too old.
pub fn search_path() -> Result<std::ffi::OsString, String> {
    let system = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&system).collect();
    if !is_new_enough(&system) {
        let packages = workspace::target_folder().join(INSTALLED_NODE);
        let installed = fs::read_dir(packages)
            .into_iter()
            .flatten()
            .flatten()
            .map(|package| package.path().join("bin"))
            .find(|folder| folder.join("node").is_file());
        folders.splice(0..0, installed);
    }
    let path = env::join_paths(folders).map_err(|error| format!("PATH: {error}"))?;
    if !is_new_enough(&path) {
        return Err(format!(
            "Node {OLDEST_NODE} or newer is needed for the extension and was not found; install \
             it, or run `tests/workbench/install` as root on Debian"
        ));
    }
    Ok(path)
}

/// `node` or `npm`, in the folder of a package.
///
/// # Errors
/// A sentence when Node is missing or too old.
pub fn command(program: &str, package: &Path) -> Result<Command, String> {
    let mut command = Command::new(program);
    command
        .current_dir(package)
        .env("PATH", search_path()?)
        .stdin(Stdio::null());
    Ok(command)
}

/// Installs what the lock file of a package names, unless it is there.
///
/// # Errors
/// A sentence when Node is missing or npm fails.
pub fn install_packages(package: &Path) -> Result<(), String> {
    let modified = |file: &str| fs::metadata(package.join(file))?.modified();
    let lock = modified("package-lock.json");
    let installed = modified("node_modules/.package-lock.json");
    if let (Ok(lock), Ok(installed)) = (lock, installed)
        && installed >= lock
    {
        return Ok(());
    }
    let mut npm = command("npm", package)?;
    npm.args(["ci", "--no-audit", "--no-fund"])
        .stdout(Stdio::null());
    run(
        npm,
        &format!(
            "npm could not install the packages of {}; check the network connection",
            package.display()
        ),
    )
}

fn is_new_enough(path: &std::ffi::OsStr) -> bool {
    let mut node = Command::new("node");
    node.arg("--version").env("PATH", path);
    read(node, "").is_ok_and(|version| major(&version) >= Some(OLDEST_NODE))
}

/// The first number of `v20.19.1`.
fn major(version: &str) -> Option<u32> {
    version
        .trim()
        .strip_prefix('v')?
        .split('.')
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions_of_node() {
        let check = |text, expected| assert_eq!(major(text), expected, "{text}");
        check("v20.20.2\n", Some(20));
        check("v9.0.0", Some(9));
        check("20.1.0", None);
        check("", None);
    }
}
