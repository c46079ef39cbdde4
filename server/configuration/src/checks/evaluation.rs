//! The folder of evaluation images against the extension.

use super::calibration::others;
use super::{Context, Inputs, json};
use crate::code::Code;
use crate::facts::ClassFolders;
use crate::finding::{list, quoted};
use crate::fix::Fix;
use crate::settings;
use localization::text;
use std::collections::BTreeMap;
use std::sync::Arc;

const FOLDER: &str = "evaluate_image_dir";
const EXTENSION: &str = "evaluate_image_extension";

/// Checks the class folders and returns them.
pub(super) fn check(context: &mut Context, inputs: &Inputs) -> Option<Arc<ClassFolders>> {
    let folder = inputs.evaluation_folder.as_ref()?;
    let shown = quoted(context.text(FOLDER)?);
    let classes = match context.facts.class_folders(folder)? {
        Ok(classes) if classes.is_empty() => {
            let message = text!(
                "{shown} has no folders, but evaluation needs one for each class; sort the images into folders with the names of the label file"
            );
            context.report(Code::NoClassFolders, FOLDER, message);
            return None;
        }
        Ok(classes) => classes,
        Err(error) => {
            context.report_folder(FOLDER, &error);
            return None;
        }
    };
    if let Some(written) = context.text(EXTENSION) {
        extension(context, written, &shown, &classes);
    }
    if let Some(examination) = context.facts.unreadable_images(folder)
        && let Some((_, reason)) = examination.unreadable.first()
    {
        let message = text!(
            "Evaluate leaves out an image: {reason}{others}",
            others = others(&examination)
        );
        context.report(Code::UnreadableEvaluationImages, FOLDER, message);
    }
    Some(classes)
}

fn extension(context: &mut Context, written: &str, folder: &str, classes: &ClassFolders) {
    let wanted = settings::extension(written);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (extension, count) in classes.values().flatten() {
        *counts.entry(extension).or_default() += count;
    }
    if counts.contains_key(wanted.as_str()) {
        return empty_classes(context, &wanted, classes);
    }
    let mut there: Vec<(&str, usize)> = counts.into_iter().collect();
    there.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    let named = list(there.iter().map(|(extension, _)| *extension), 3);
    let shown = quoted(written);
    let usable = there.iter().find(|(extension, _)| readable(extension));
    let message = match (usable, there.is_empty()) {
        (Some((extension, count)), _) => text!(
            "no image in the class folders of {folder} has the extension {shown}, but {count} files have {present}; write {written}, case matters",
            present = quoted(extension),
            written = quoted(extension)
        ),
        (None, false) => text!(
            "no image in the class folders of {folder} has the extension {shown}, only {named} are there; convert the images to JPEG"
        ),
        (None, true) => text!(
            "the class folders of {folder} are empty, so no image has the extension {shown}; put labelled images there"
        ),
    };
    let fixes: Vec<Fix> = there
        .iter()
        .filter(|(extension, _)| readable(extension))
        .filter_map(|(extension, _)| context.write(EXTENSION, json(extension)))
        .enumerate()
        .map(|(rank, fix)| if rank == 0 { fix.preferred() } else { fix })
        .collect();
    context.report_with(Code::ExtensionMatchesNothing, EXTENSION, message, fixes);
}

/// Whether the schema allows the extension.
fn readable(extension: &str) -> bool {
    ["jpg", "jpeg"].contains(&extension.to_ascii_lowercase().as_str())
}

fn empty_classes(context: &mut Context, extension: &str, classes: &ClassFolders) {
    let empty: Vec<&str> = classes
        .iter()
        .filter(|(_, extensions)| !extensions.contains_key(extension))
        .map(|(name, _)| name.as_str())
        .collect();
    if !empty.is_empty() {
        let message = text!(
            "there is no image with the extension {extension} in {classes}, so accuracy says nothing about the class; add images or rename those that are there",
            extension = quoted(extension),
            classes = list(empty, 3)
        );
        context.report(Code::EmptyClassFolder, FOLDER, message);
    }
}
