//! Folders that the jobs write to.

use super::Context;
use super::inputs::{free_of_links, is_model_folder, outside_trust};
use crate::code::Code;
use crate::facts::Entry;
use crate::finding::quoted;
use crate::fix::Fix;
use crate::paths;
use crate::schema::key_help;
use crate::syntax::Node;
use localization::{phrase, text};

const OUTPUTS: [&str; 2] = ["output_dir", "evaluate_result_dir"];
const FOLDERS_OF_IMAGES: [&str; 2] = ["dataset_image_dir", "evaluate_image_dir"];
const FILES: [&str; 2] = ["source_keras_model", "evaluate_label_file"];

/// Checks the output folders, which need not exist.
pub(super) fn check(context: &mut Context) {
    for key in OUTPUTS {
        if free_of_links(context, key) {
            apart_from_inputs(context, key);
            can_be_created(context, key);
        }
    }
}

/// Images of an earlier run, or reports, must never be taken for images of the data set.
fn apart_from_inputs(context: &mut Context, key: &str) {
    let (Some(written), Some(output)) = (context.text(key), context.path(key)) else {
        return;
    };
    let shown = quoted(written);
    let output = paths::normal(&output);
    // An input counts wherever it is written as a text: it is compared, not read.
    let input = |other: &str| {
        let text = context.root.get(other)?.as_str()?;
        Some(paths::normal(&paths::absolute(context.folder, text)))
    };
    let same = FOLDERS_OF_IMAGES
        .into_iter()
        .chain(FILES)
        .find(|other| input(other).as_ref() == Some(&output))
        .or_else(|| {
            // A model may be a folder of files, all of which are the input.
            let model = input("source_keras_model")?;
            let within = output.starts_with(&model) && is_model_folder(context.facts, &model);
            within.then_some("source_keras_model")
        });
    if let Some(other) = same {
        let relation = if input(other).as_ref() == Some(&output) {
            phrase!("is also")
        } else {
            phrase!("lies inside")
        };
        let message = text!(
            "{shown} {relation} `{other}`, and a job must not write over its input; choose another folder"
        );
        let fix = other_place(context, key);
        context.report_with(Code::OutputIsInput, key, message, fix);
        context.relate(other, phrase!("the input"));
        return;
    }
    let around = FOLDERS_OF_IMAGES
        .into_iter()
        .find(|other| input(other).is_some_and(|folder| output.starts_with(folder)));
    if let Some(other) = around {
        let message = text!(
            "{shown} lies inside `{other}`, where only images belong; choose a folder outside it"
        );
        let fix = other_place(context, key);
        context.report_with(Code::OutputInsideImages, key, message, fix);
        context.relate(other, phrase!("the folder of images"));
    }
}

/// The proposed folder, where the inputs leave it free.
fn other_place(context: &Context, key: &str) -> Option<Fix> {
    let proposed = key_help(&[key])?.default?;
    let folder = paths::absolute(context.folder, proposed.trim_matches('"'));
    let mut inputs = FOLDERS_OF_IMAGES.into_iter().chain(FILES);
    let taken = inputs.any(|input| {
        let text = context.root.get(input).and_then(Node::as_str);
        let input = text.map(|text| paths::normal(&paths::absolute(context.folder, text)));
        input.is_some_and(|input| folder.starts_with(input))
    });
    if taken {
        None
    } else {
        context.write_default(key)
    }
}

fn can_be_created(context: &mut Context, key: &str) {
    let (Some(written), Some(output)) = (context.text(key), context.path(key)) else {
        return;
    };
    let existing = output
        .ancestors()
        .map(|place| (place, context.facts.entry(place)))
        .find(|(_, entry)| *entry != Entry::Missing);
    let shown = quoted(written);
    match existing {
        Some((place, Entry::Unreadable(reason))) => {
            let message = text!(
                "{path} cannot be read ({reason}); check the path and its permissions",
                path = quoted(&place.to_string_lossy())
            );
            context.report(Code::UnreadablePath, key, message);
        }
        Some((_, Entry::OutsideTrust)) => outside_trust(context, key, &shown),
        Some((place, Entry::File | Entry::Other)) if place == output => {
            let message =
                text!("{shown} is a file, but results need a folder; choose another path");
            context.report(Code::WrongPathKind, key, message);
        }
        Some((place, Entry::File | Entry::Other)) => {
            let message = text!(
                "{shown} cannot be created because {file} is a file; choose another path",
                file = quoted(&place.to_string_lossy())
            );
            context.report(Code::WrongPathKind, key, message);
        }
        _ => {}
    }
}
