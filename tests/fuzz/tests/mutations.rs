//! The fuzz targets without a fuzzer, so that every test run has a little of it: every seed whole
//! and cut off, then seeds with a few random changes, the same in every run, and at last the inputs
//! that once failed.
//!
//! `FUZZ_SECONDS=600 cargo test --release -p fuzz-targets --test mutations h5` goes on with random
//! changes for that long.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod mutation;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use fuzz_targets::Target;
use mutation::Random;

/// Variable with the seconds for which random changes go on.
const SECONDS: &str = "FUZZ_SECONDS";
/// Most time that one input may take, on a busy machine.
const TIME: Duration = Duration::from_secs(10);
/// Parts that seeds are cut into.
const PARTS: usize = 64;

/// Runs a target, on seeds with `changes` random changes among others.
fn check(name: &str, changes: u32) {
    let target = Target::named(name);
    let seeds = target.short_seeds();
    let mut executions = 0;
    let mut run = |input: &[u8]| {
        examine(&target, input);
        executions += 1;
    };
    seeds.iter().for_each(|seed| run(seed));
    // The same places for all seeds would tell less.
    for (number, seed) in seeds.iter().enumerate() {
        for part in (number % 8..PARTS).step_by(8) {
            run(&seed[..seed.len() * part / PARTS]);
        }
    }
    let seconds = std::env::var(SECONDS).ok();
    let end = seconds.map(|it| Instant::now() + Duration::from_secs(it.parse().unwrap()));
    let mut random = Random::new(0x5eed);
    let mut done = 0;
    while end.map_or(done < changes, |end| Instant::now() < end) {
        run(&mutation::mutate(&seeds, &mut random));
        done += 1;
    }
    let failed = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions");
    for file in fs::read_dir(failed.join(name)).into_iter().flatten() {
        run(&fs::read(file.unwrap().path()).unwrap());
    }
    println!("{name}: {executions} executions");
}

/// Examines an input, and keeps it in a file when that fails.
fn examine(target: &Target, input: &[u8]) {
    let start = Instant::now();
    let result = catch_unwind(AssertUnwindSafe(|| (target.examine)(input)));
    let took = start.elapsed();
    if result.is_err() || took > TIME {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(target.name);
        fs::write(&file, input).unwrap();
        eprintln!("the input is in {}, it took {took:?}", file.display());
    }
    result.unwrap_or_else(|panic| resume_unwind(panic));
    assert!(took <= TIME, "took {took:?}");
}

#[test]
fn h5() {
    check("h5", 1500);
}

#[test]
fn keras_archive() {
    check("keras_archive", 1500);
}

#[test]
fn keras_members() {
    check("keras_members", 1500);
}

#[test]
fn saved_model() {
    check("saved_model", 1500);
}

#[test]
fn checkpoint() {
    check("checkpoint", 1500);
}

#[test]
fn tflite() {
    check("tflite", 20_000);
}

#[test]
fn configuration() {
    check("configuration", 3000);
}

#[test]
fn labels() {
    check("labels", 10_000);
}

#[test]
fn jpeg() {
    check("jpeg", 3000);
}
