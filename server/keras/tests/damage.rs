//! Truncations and flipped bits: every outcome is a model or an error, quickly and in little
//! memory. HDF5 has no checksum over weights, so many flips go unnoticed in .h5 files; checkpoints of
//! SavedModels have checksums throughout.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};
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

fn check_memory() {
    match peak_memory_kib() {
        Some(peak) => assert!(peak < MEMORY_KIB, "peak of {peak} KiB"),
        None => println!("peak memory is not checked: this system does not report it"),
    }
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

/// Writes a damaged file and tells whether it still is a model.
fn survives(path: &Path, bytes: &[u8]) -> bool {
    std::fs::write(path, bytes).unwrap();
    is_model(path)
}

/// Reads a damaged model both ways and tells whether it still is one.
fn is_model(path: &Path) -> bool {
    let start = Instant::now();
    let options = ReadOptions {
        input_size: Some([8; 2]),
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
    if let Err(error) = &results[0] {
        eprintln!("{error}");
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
    check_memory();
}

/// A file that is damaged in place of the whole one.
struct Damaged {
    path: PathBuf,
    whole: Vec<u8>,
}

impl Damaged {
    fn replace(&self, bytes: &[u8]) {
        std::fs::write(&self.path, bytes).unwrap();
    }

    fn restore(&self) {
        self.replace(&self.whole);
    }
}

fn copy_directory(from: &Path, to: &Path) -> Vec<Damaged> {
    std::fs::create_dir_all(to).unwrap();
    let mut files = Vec::new();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let path = to.join(entry.file_name());
        if entry.path().is_dir() {
            files.extend(copy_directory(&entry.path(), &path));
        } else {
            let whole = std::fs::read(entry.path()).unwrap();
            std::fs::write(&path, &whole).unwrap();
            files.push(Damaged { path, whole });
        }
    }
    files
}

#[test]
fn no_damage_to_a_saved_model_makes_the_reader_panic_or_swell() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/keras");
    let folder = tempfile::tempdir().unwrap();
    let mut random = Xorshift(2007);
    for name in [
        "keras2/functional",
        "keras2/convolutions",
        "keras3/nested_twice",
        "keras3/float16",
        "tensorflow/module",
        "tensorflow/sharded",
    ] {
        let directory = folder.path().join(name);
        let files = copy_directory(&fixtures.join("saved_models").join(name), &directory);
        assert!(is_model(&directory), "{name}");
        for file in &files {
            let ending = file
                .path
                .extension()
                .unwrap()
                .to_string_lossy()
                .into_owned();
            // The fingerprint is not read, and of the layers only the names.
            let needed = file.path.ends_with("saved_model.pb") || ending != "pb";
            for part in 0..20 {
                let length = file.whole.len() * part / 20;
                file.replace(&file.whole[..length]);
                assert_eq!(
                    is_model(&directory),
                    !needed,
                    "{name}: {length} {:?}",
                    file.path
                );
            }
            for _ in 0..60 {
                let mut bytes = file.whole.clone();
                for _ in 0..=random.below(4) {
                    let position = random.below(bytes.len());
                    bytes[position] ^= 1 << random.below(8);
                }
                file.replace(&bytes);
                is_model(&directory);
            }
            if needed {
                std::fs::remove_file(&file.path).unwrap();
                assert!(!is_model(&directory), "{name}: {:?}", file.path);
            }
            file.restore();
        }
    }
    check_memory();
}

/// Every byte of a checkpoint counts in a checksum, but for the padding of the index and for what the
/// signature does not read.
#[test]
fn every_flipped_bit_in_a_variable_is_noticed() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/keras");
    let folder = tempfile::tempdir().unwrap();
    let files = copy_directory(
        &fixtures.join("saved_models/tensorflow/module"),
        folder.path(),
    );
    let options = ReadOptions::default();
    assert!(read(folder.path(), &options).is_ok());
    let flip = |ending: &str| {
        let file = files
            .iter()
            .find(|file| file.path.to_string_lossy().ends_with(ending));
        let file = file.unwrap();
        let mut noticed = Vec::new();
        for position in 0..file.whole.len() {
            let mut bytes = file.whole.clone();
            bytes[position] ^= 1 << (position % 8);
            file.replace(&bytes);
            noticed.push(read(folder.path(), &options).is_err());
        }
        file.restore();
        noticed
    };
    let data = flip(".data-00000-of-00001");
    assert!(data.iter().all(|&noticed| noticed), "{} bytes", data.len());
    let index = flip(".index");
    // The footer is two handles of which one is used, padding, and a number of eight bytes.
    let (blocks, footer) = index.split_at(index.len() - 48);
    let unused = blocks.iter().filter(|&&noticed| !noticed).count();
    // An empty block of meta data with its trailer.
    assert!(unused <= 13, "{unused} of {}", blocks.len());
    assert!(footer.iter().filter(|&&noticed| noticed).count() >= 10);
}
