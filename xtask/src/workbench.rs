//! Tests of the package in a real workbench: `cargo xtask workbench`.

use std::ffi::OsString;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use crate::command::{read, run};
use crate::{node, package, workspace};

const USAGE: &str = "\
usage: cargo xtask workbench [--repeat NUMBER] [--load] [--pictures] [MOCHA ARGUMENT...]

  --repeat NUMBER  run all tests so often, and stop at the first failure
  --load           keep every core busy meanwhile
  --pictures       write the pictures of the documents, docs/pictures/*.png, instead of testing
  further arguments go to mocha, such as `--grep 'status bar'`";

#[derive(Debug, Default, PartialEq)]
struct Arguments {
    repeat: u32,
    load: bool,
    pictures: bool,
    mocha: Vec<OsString>,
}

/// Makes the package, installs it in a workbench, and tests it there.
///
/// # Errors
/// A sentence when the workbench cannot be installed or a test fails.
pub fn workbench(arguments: &[OsString]) -> Result<(), String> {
    if arguments.iter().any(|argument| argument == "--help") {
        println!("{USAGE}");
        return Ok(());
    }
    let arguments = parse(arguments)?;
    let tests = workspace::root().join("tests/workbench");
    let folder = workspace::target_folder().join("workbench");
    // First, because it brings the Node that the package is made with where there is none.
    let node = install(&tests, &folder)?;
    let package = package::package()?;
    node::install_packages(&tests)?;

    let busy = Load::start(arguments.load);
    for round in 1..=arguments.repeat {
        let start = Instant::now();
        let mut mocha = Command::new(node.join("node"));
        mocha
            .current_dir(&tests)
            .stdin(Stdio::null())
            .arg("node_modules/mocha/bin/mocha.js")
            .args(["--config", suite(&arguments)])
            .args(&arguments.mocha)
            .env("WORKBENCH_FOLDER", &folder)
            .env("WORKBENCH_PACKAGE", &package);
        run(
            mocha,
            &format!(
                "run {round} of {} in the workbench failed; screenshots and logs are in {}",
                arguments.repeat,
                folder.display()
            ),
        )?;
        println!(
            "run {round} of {} passed after {} s",
            arguments.repeat,
            start.elapsed().as_secs()
        );
    }
    drop(busy);
    Ok(())
}

fn suite(arguments: &Arguments) -> &'static str {
    match arguments.pictures {
        true => "pictures.mocharc.json",
        false => ".mocharc.json",
    }
}

fn parse(arguments: &[OsString]) -> Result<Arguments, String> {
    let mut parsed = Arguments {
        repeat: 1,
        ..Arguments::default()
    };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.to_str() {
            Some("--repeat") => {
                let number = rest.next().and_then(|number| number.to_str()?.parse().ok());
                parsed.repeat = number.ok_or("--repeat needs a number")?;
            }
            Some("--load") => parsed.load = true,
            Some("--pictures") => parsed.pictures = true,
            _ => parsed.mocha.push(argument.clone()),
        }
    }
    Ok(parsed)
}

/// Installs what is not there yet, and tells the folder of Node.
fn install(tests: &Path, folder: &Path) -> Result<PathBuf, String> {
    let mut install = Command::new(tests.join("install"));
    install.arg(folder);
    let printed = read(
        install,
        "the workbench cannot be installed, for the reason above",
    )?;
    Ok(PathBuf::from(printed.trim()))
}

/// One thread a core that does nothing but keep it busy, until dropped.
struct Load(Arc<AtomicBool>);

impl Load {
    fn start(wanted: bool) -> Load {
        let ended = Arc::new(AtomicBool::new(!wanted));
        if wanted {
            for _ in 0..thread::available_parallelism().map_or(1, Into::into) {
                let ended = Arc::clone(&ended);
                thread::spawn(move || {
                    while !ended.load(Ordering::Relaxed) {
                        black_box((0..1_000_000_u64).sum::<u64>());
                    }
                });
            }
        }
        Load(ended)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_arguments() {
        let check = |arguments: &[&str], expected: Option<Arguments>| {
            let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
            assert_eq!(parse(&arguments).ok(), expected, "{arguments:?}");
        };
        let default = || Arguments {
            repeat: 1,
            ..Arguments::default()
        };
        check(&[], Some(default()));
        check(
            &["--repeat", "10", "--load", "--grep", "status"],
            Some(Arguments {
                repeat: 10,
                load: true,
                mocha: vec!["--grep".into(), "status".into()],
                ..default()
            }),
        );
        check(&["--repeat"], None);
        check(&["--repeat", "often"], None);
    }
}
