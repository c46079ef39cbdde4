use std::fs;
use std::path::Path;

use crate::targets::{
    checkpoint, configuration, h5, jpeg, keras_archive, keras_members, labels, saved_model, tflite,
};

/// One thing to fuzz.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name, which is that of its program in `libfuzzer/`.
    pub name: &'static str,
    /// Makes the inputs to start from.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Examines one input, and panics when something is wrong with how it is handled.
    pub examine: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [Target; 9] = [
    h5::TARGET,
    keras_archive::TARGET,
    keras_members::TARGET,
    saved_model::TARGET,
    checkpoint::TARGET,
    tflite::TARGET,
    configuration::TARGET,
    labels::TARGET,
    jpeg::TARGET,
];

/// Variable with the folder that seeds go to; `cargo xtask fuzz` sets it.
const SEED_FOLDER: &str = "FUZZ_SEEDS";

/// Longer seeds are left out: mutations of short inputs run faster and reach as far.
const LONGEST_SEED: usize = 128 << 10;

impl Target {
    /// The target of this name.
    ///
    /// # Panics
    /// When there is none.
    pub fn named(name: &str) -> Target {
        let mut targets = TARGETS.into_iter();
        targets.find(|target| target.name == name).unwrap()
    }

    /// The inputs to start from, without those that are too long.
    ///
    /// # Panics
    /// When there are none.
    pub fn short_seeds(&self) -> Vec<Vec<u8>> {
        let mut seeds = (self.seeds)();
        seeds.retain(|seed| seed.len() <= LONGEST_SEED);
        assert!(!seeds.is_empty(), "{} has no seeds", self.name);
        seeds
    }

    /// Writes the seeds where libFuzzer is about to look for them, if it was told where.
    pub fn plant(&self) {
        let Some(folder) = std::env::var_os(SEED_FOLDER) else {
            return;
        };
        for (number, seed) in self.short_seeds().iter().enumerate() {
            fs::write(Path::new(&folder).join(format!("seed-{number}")), seed).unwrap();
        }
    }
}
