//! Exactly which files a VSIX holds.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::command::read;
use crate::platform::Platform;

/// One path a line; `{library}` is the TFLite runtime of the platform.
const EXPECTED: &str = include_str!("contents.txt");

/// Prints the paths in a zip file with the octal permissions of each.
const LIST: &str = "\
import sys, zipfile
for entry in zipfile.ZipFile(sys.argv[1]).infolist():
    print(format(entry.external_attr >> 16 & 0o777, 'o'), entry.filename)
";

/// Compares the files in a VSIX with those that belong there, and tells their number.
///
/// # Errors
/// A sentence that names what is missing or too much.
pub fn check(vsix: &Path, platform: &Platform) -> Result<usize, String> {
    let mut python = Command::new("python3");
    python.args(["-c", LIST]).arg(vsix);
    let listing = read(python, "python3 could not list the package")?;
    let differences = differences(&listing, platform.tflite.file_name);
    if differences.is_empty() {
        return Ok(listing.lines().count());
    }
    Err(format!(
        "{} differs from xtask/src/package/contents.txt:\n{}",
        vsix.display(),
        differences.join("\n")
    ))
}

/// Files that are too much (`+`), missing (`-`), or not executable though they must be.
fn differences(listing: &str, library: &str) -> Vec<String> {
    let entries: Vec<(&str, &str)> = listing
        .lines()
        .filter_map(|line| line.split_once(' '))
        .collect();
    let found: BTreeSet<String> = entries.iter().map(|(_, path)| (*path).to_owned()).collect();
    let expected: BTreeSet<String> = EXPECTED
        .lines()
        .map(|line| line.replace("{library}", library))
        .collect();
    let too_much = found.difference(&expected).map(|path| format!("+ {path}"));
    let missing = expected.difference(&found).map(|path| format!("- {path}"));
    let not_executable = entries
        .iter()
        .filter(|(mode, path)| path.ends_with("/model-quantizer") && *mode != "755")
        .map(|(mode, path)| format!("  {path} has the permissions {mode}"));
    too_much.chain(missing).chain(not_executable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_is_too_much_and_what_is_missing() {
        let listing = |mode: &str| -> String {
            EXPECTED
                .lines()
                .map(|path| match path.ends_with("/model-quantizer") {
                    true => format!("{mode} {path}\n"),
                    false => format!("644 {}\n", path.replace("{library}", "library.so")),
                })
                .collect()
        };
        let check = |listing: &str, expected: &[&str]| {
            assert_eq!(differences(listing, "library.so"), expected);
        };
        check(&listing("755"), &[]);
        check(
            &(listing("755") + "644 extension/secret.txt\n"),
            &["+ extension/secret.txt"],
        );
        check(
            &listing("755").replace("644 extension/server/library.so\n", ""),
            &["- extension/server/library.so"],
        );
        check(
            &listing("644"),
            &["  extension/server/model-quantizer has the permissions 644"],
        );
    }
}
