//! The checkpoint of a SavedModel: the table that lists its variables is damaged but has the right
//! checksums, and so is the file of their values.

use std::path::Path;
use std::sync::OnceLock;

use crate::{Target, checkpoint, models, parts, seeds};

pub(crate) const TARGET: Target = Target {
    name: "checkpoint",
    seeds: || {
        let directories = seeds::saved_models();
        let numbered = directories.iter().zip(0..);
        numbered
            .filter_map(|(directory, number)| seed(directory, number))
            .collect()
    },
    examine: |input| {
        let [choice, entries, list, data] = parts::split(input);
        let choice = usize::from(choice.first().copied().unwrap_or(0));
        let graphs = graphs();
        let index = checkpoint::pack(entries, list);
        models::check_saved_model([&graphs[choice % graphs.len()], &index, data]);
    },
};

fn seed(directory: &Path, number: u8) -> Option<Vec<u8>> {
    let [_, index, data] = models::saved_model_files(directory)?;
    let (entries, list) = checkpoint::unpack(&index)?;
    Some(parts::join(&[&[number], entries, list, &data]))
}

/// The graphs that read the checkpoints; a byte of the input chooses one.
fn graphs() -> &'static [Vec<u8>] {
    static GRAPHS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    GRAPHS.get_or_init(|| {
        let directories = seeds::saved_models().into_iter();
        seeds::contents(directories.map(|it| it.join("saved_model.pb")).collect())
    })
}
