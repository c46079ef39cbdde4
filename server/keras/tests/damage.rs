//! Truncations and flipped bits: every outcome is a model or an error, quickly and in little
//! memory. HDF5 has no checksum over weights, so many flips go unnoticed in .h5 files.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use keras::{ErrorKind, ReadOptions, inspect, read};

/// Most memory that the whole run may take.
const MEMORY_KIB: u64 = 200 << 10;
/// Most time that one file may take, on a busy machine.
const TIME: Duration = Duration::from_secs(10);

/// Peak resident memory of this process; `None` where the system does not tell.
fn peak_memory_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// A small generator of the xorshift family (Marsaglia 2003), so that runs repeat.
struct Xorshift(u64);

impl Xorshift {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// Reads a damaged file both ways and tells whether it still is a model.
fn survives(path: &Path, bytes: &[u8]) -> bool {
    std::fs::write(path, bytes).unwrap();
    let start = Instant::now();
    let options = ReadOptions {
        input_size: Some(8),
    };
    let results = [
        read(path, &options).map(|_| ()),
        inspect(path, &options).map(|_| ()),
    ];
    assert!(start.elapsed() < TIME, "took {:?}", start.elapsed());
    for result in &results {
        if let Err(error) = result {
            assert!(!matches!(*error.kind, ErrorKind::Panic), "{error}");
        }
    }
    results[0].is_ok()
}

#[test]
fn no_damage_makes_the_reader_panic_or_swell() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/keras");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.h5");
    let mut random = Xorshift(1998);
    for file in [
        "keras2/nested_twice.h5",
        "keras2/gzip.h5",
        "keras2/cut_names.h5",
        "keras3/float16.h5",
        "keras2/zip64.keras",
        "keras2/deflated.keras",
        "keras3/nested_twice.keras",
    ] {
        let whole = std::fs::read(fixtures.join(file)).unwrap();
        assert!(survives(&path, &whole), "{file}");
        for part in 0..40 {
            let length = whole.len() * part / 40;
            assert!(!survives(&path, &whole[..length]), "{file}: {length} bytes");
        }
        for _ in 0..150 {
            let mut bytes = whole.clone();
            for _ in 0..=random.below(8) {
                let position = random.below(bytes.len());
                bytes[position] ^= 1 << random.below(8);
            }
            survives(&path, &bytes);
        }
    }
    match peak_memory_kib() {
        Some(peak) => assert!(peak < MEMORY_KIB, "peak of {peak} KiB"),
        None => println!("peak memory is not checked: this system does not report it"),
    }
}
