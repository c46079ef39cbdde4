//! The three files of a SavedModel: graph, index and data of the checkpoint.

use crate::{Target, models, parts, seeds};

pub(crate) const TARGET: Target = Target {
    name: "saved_model",
    seeds: || {
        let directories = seeds::saved_models();
        let files = directories
            .iter()
            .filter_map(|directory| models::saved_model_files(directory));
        files
            .map(|files| parts::join(&files.each_ref().map(Vec::as_slice)))
            .collect()
    },
    examine: |input| models::check_saved_model(parts::split(input)),
};
