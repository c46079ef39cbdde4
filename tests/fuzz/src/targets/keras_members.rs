//! `.keras` files whose members are damaged but packed with the right checksums: configuration and
//! weights.

use crate::{Target, archive, models, parts, seeds};

pub(crate) const TARGET: Target = Target {
    name: "keras_members",
    seeds: || {
        let archives = seeds::contents(seeds::fixtures("keras", &["keras"]));
        let members = archives
            .iter()
            .filter_map(|archive| Some(parts::join(&archive::unpack(archive)?)));
        members.collect()
    },
    examine: |input| {
        let archive = archive::pack(parts::split(input));
        models::check_file("model.keras", &archive);
    },
};
