//! `.h5` files, byte by byte.

use crate::{Target, models, seeds};

pub(crate) const TARGET: Target = Target {
    name: "h5",
    seeds: || seeds::contents(seeds::fixtures("keras", &["h5"])),
    examine: |input| models::check_file("model.h5", input),
};
