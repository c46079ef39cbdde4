//! `.keras` files, byte by byte: the structure of the archive.

use crate::{Target, models, seeds};

pub(crate) const TARGET: Target = Target {
    name: "keras_archive",
    seeds: || seeds::contents(seeds::fixtures("keras", &["keras"])),
    examine: |input| models::check_file("model.keras", input),
};
