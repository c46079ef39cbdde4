//! Tasks of the project: `cargo xtask <task>`.

mod audit;
mod bench;
mod command;
mod fetch;
mod fuzz;
mod node;
mod package;
mod platform;
mod tasks;
mod workbench;
mod workspace;

use std::ffi::OsString;
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <task>

  fetch   get the prebuilt TFLite runtime, checked by hash (needs python3 with pip, once)
  build   build target/release/model-quantizer with the TFLite runtime
  demo    build, then quantize and evaluate the project in examples/flowers
  test    run all tests; further arguments go to `cargo test`
  quick   what to run before every commit: lint, and the tests that take seconds
  lint    check the formatting and run clippy with warnings denied
  audit   check licences, sources, versions and reasons of all dependencies
  bench   build, then measure start, check, quantize and evaluate; further arguments are the
          configurations to measure instead of the demo's and target/benchmark's
  editors build, then run the language server in clients that others have written, and measure it
  fuzz    run the fuzz targets of docs/fuzzing.md, all or each --target NAME, for --seconds NUMBER
  package build the extension with program and libraries into target/package/*.vsix
          (docs/package.md)
  workbench
          make the package, install it in a real VS Code workbench and test it there
          (tests/workbench/README.md); `cargo xtask workbench --help` lists the arguments
  conformance
          compare every model of Keras with TensorFlow (tests/conformance/README.md);
          `cargo xtask conformance --help` lists the arguments";

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let task = arguments.next().unwrap_or_default();
    let rest: Vec<OsString> = arguments.collect();
    let result = match task.to_str() {
        Some("fetch") => platform::current()
            .and_then(fetch::fetch)
            .map(|runtime| println!("{}", runtime.library.display())),
        Some("build") => tasks::build(),
        Some("demo") => tasks::demo(),
        Some("test") => tasks::test(&rest),
        Some("quick") => tasks::quick(),
        Some("lint") => tasks::lint(),
        Some("audit") => audit::audit(),
        Some("bench") => bench::bench(&rest),
        Some("editors") => tasks::editors(),
        Some("fuzz") => fuzz::fuzz(&rest),
        Some("package") => package::package().map(|_| ()),
        Some("workbench") => workbench::workbench(&rest),
        Some("conformance") => tasks::conformance(&rest),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}
