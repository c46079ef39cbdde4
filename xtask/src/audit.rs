//! The dependency audit. It needs the packages that cargo has downloaded, and nothing else.

mod licence;
mod packages;

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;

use crate::command::{cargo, read, run};
use crate::platform::PLATFORMS;
use crate::workspace;
use licence::is_permissive;
use packages::{Package, TREE_FORMAT, read_tree, read_unpinned};

/// Where every direct dependency has a reason.
const DOCUMENT: &str = "docs/dependencies.md";

/// The document's section with one row for each direct dependency.
const REASONS: &str = "## Rust crates";

/// The document's section with one row for each direct dependency that is there in two versions.
const TWO_VERSIONS: &str = "## Two versions at once";

/// Programs that compare `Cargo.lock` with the list of known vulnerabilities.
const ADVISORY_CHECKS: [&[&str]; 2] = [&["deny", "check", "advisories"], &["audit"]];

/// Checks licences, sources, reasons and versions of all dependencies, and prints what is wrong.
///
/// # Errors
/// A sentence when something is wrong, or cargo or a file cannot tell.
pub fn audit() -> Result<(), String> {
    let packages = read_tree(&dependency_tree()?);
    let lock = read_file("Cargo.lock")?;
    let document = read_file(DOCUMENT)?;

    let mut findings = unusable_licences(&packages);
    findings.extend(
        read_unpinned(&lock)
            .into_iter()
            .map(|package| format!("Cargo.lock: {package} is not pinned by a registry's checksum")),
    );
    findings.extend(undocumented(&packages, &document));
    findings.extend(doubled(&packages, &document));
    for finding in &findings {
        eprintln!("{finding}");
    }
    if !findings.is_empty() {
        return Err(format!("the audit has {} findings", findings.len()));
    }
    println!(
        "{} packages: permissive licences, pinned by checksum, direct ones in {DOCUMENT}",
        packages.len()
    );
    check_advisories()
}

fn dependency_tree() -> Result<String, String> {
    let mut tree = cargo();
    tree.args(["tree", "--workspace", "--all-features", "--locked"])
        .args(["--edges", "normal,build,dev", "--prefix", "depth"])
        .args(["--format", TREE_FORMAT]);
    for platform in PLATFORMS {
        tree.args(["--target", platform.target]);
    }
    read(
        tree,
        "cargo cannot list the dependencies; if Cargo.lock is out of date, commit the one that \
         `cargo metadata` writes, and if packages are missing, run `cargo fetch --locked` with a \
         network connection",
    )
}

fn read_file(name: &str) -> Result<String, String> {
    fs::read_to_string(workspace::root().join(name))
        .map_err(|error| format!("cannot read {name}: {error}"))
}

fn unusable_licences(packages: &BTreeSet<Package>) -> Vec<String> {
    packages
        .iter()
        .filter(|package| !is_permissive(&package.licence))
        .map(|package| {
            format!(
                "{} {}: the licence `{}` is not among the permissive ones",
                package.name, package.version, package.licence
            )
        })
        .collect()
}

/// Direct dependencies without a row in the document, and rows without a dependency.
fn undocumented(packages: &BTreeSet<Package>, document: &str) -> Vec<String> {
    let direct: BTreeSet<&str> = packages
        .iter()
        .filter(|package| package.is_direct)
        .map(|package| package.name.as_str())
        .collect();
    let documented = rows(document, REASONS);
    let missing = direct
        .difference(&documented)
        .map(|name| format!("{DOCUMENT}: `{name}` has no full row below \"{REASONS}\""));
    let stale = documented
        .difference(&direct)
        .map(|name| format!("{DOCUMENT}: nothing depends on `{name}` directly any more"));
    missing.chain(stale).collect()
}

/// Direct dependencies that some other package needs in an incompatible version.
fn doubled(packages: &BTreeSet<Package>, document: &str) -> Vec<String> {
    let accepted = rows(document, TWO_VERSIONS);
    packages
        .iter()
        .filter(|package| package.is_direct && !accepted.contains(package.name.as_str()))
        .flat_map(|package| {
            let is_another = |other: &&Package| {
                other.name == package.name
                    && other.compatible_version() != package.compatible_version()
            };
            packages.iter().filter(is_another).map(move |other| {
                format!(
                    "`{}` is there in the versions {} and {}; use the same or give the reason in \
                     {DOCUMENT} below \"{TWO_VERSIONS}\"",
                    package.name, package.version, other.version
                )
            })
        })
        .collect()
}

/// The names in the first cells of a section's table, of rows in which no cell is empty.
fn rows<'text>(document: &'text str, heading: &str) -> BTreeSet<&'text str> {
    document
        .lines()
        .skip_while(|line| *line != heading)
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
        .filter_map(|line| {
            let mut cells = line
                .strip_prefix('|')?
                .strip_suffix('|')?
                .split('|')
                .map(str::trim);
            let name = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
            cells.all(|cell| !cell.is_empty()).then_some(name)
        })
        .collect()
}

fn check_advisories() -> Result<(), String> {
    for arguments in ADVISORY_CHECKS {
        let is_installed = cargo()
            .args(arguments.first())
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if is_installed {
            let mut check = cargo();
            check.args(arguments);
            let name = arguments.join(" ");
            return run(
                check,
                &format!("`cargo {name}` has findings or could not get the list of advisories"),
            );
        }
    }
    println!(
        "known vulnerabilities were not looked up, because neither cargo-deny nor cargo-audit is \
         installed"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, version: &str, is_direct: bool) -> Package {
        Package {
            name: name.to_owned(),
            version: version.to_owned(),
            licence: "MIT".to_owned(),
            is_direct,
        }
    }

    #[test]
    fn wants_one_full_row_for_each_direct_dependency() {
        let packages = BTreeSet::from([
            package("clap", "4.0.0", true),
            package("libc", "1.0.0", false),
        ]);
        let check = |document: &str, expected: usize| {
            assert_eq!(
                undocumented(&packages, document).len(),
                expected,
                "{document}"
            );
        };
        check(
            "## Rust crates\n\n| crate | why |\n|---|---|\n| `clap` | arguments |\n",
            0,
        );
        check("## Rust crates\n| `clap` | |\n", 1);
        check("## Others\n| `clap` | arguments |\n", 1);
        check("## Rust crates\n## Others\n| `clap` | arguments |\n", 1);
        check(
            "## Rust crates\n| `clap` | arguments |\n| `libc` | system |\n",
            1,
        );
        check("", 1);
    }

    #[test]
    fn finds_two_versions_of_a_direct_dependency() {
        let check = |packages: [Package; 2], document: &str, expected: usize| {
            assert_eq!(
                doubled(&packages.into(), document).len(),
                expected,
                "{document}"
            );
        };
        let versions = |other, is_direct| {
            [
                package("rand", "0.9.1", is_direct),
                package("rand", other, false),
            ]
        };
        check(versions("0.10.0", true), "", 1);
        check(versions("0.9.2", true), "", 0);
        check(versions("0.10.0", false), "", 0);
        check(
            versions("0.10.0", true),
            "## Two versions at once\n| `rand` | tract needs the other |\n",
            0,
        );
    }
}
