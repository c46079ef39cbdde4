//! Checks of whole configurations: the cases of `tests/fixtures/configuration` on a made-up disk,
//! hostile text, and real folders.

mod case;
mod disk;
mod findings;
mod loading;
mod robustness;
