//! The folder of calibration images against the batch size, and the images themselves.

use super::{Context, Inputs};
use crate::code::Code;
use crate::facts::ImageExamination;
use crate::finding::quoted;
use crate::fix::Fix;
use localization::{Text, text};
use std::path::Path;

const FOLDER: &str = "dataset_image_dir";
const BATCH: &str = "batch_size";
const ITERATIONS: &str = "iteration_count";

/// Fewer images than this are worth a word.
const FEW: usize = 100;

/// The number of images that is recommended.
const ENOUGH: usize = 300;

pub(super) fn check(context: &mut Context, inputs: &Inputs) {
    let (Some(folder), Some(written)) = (&inputs.calibration_folder, context.text(FOLDER)) else {
        return;
    };
    let shown = quoted(written);
    let count = match context.facts.calibration_images(folder) {
        None => return,
        Some(Ok(0)) => {
            let message = text!(
                "{shown} and the folders below it have no JPEG image, but calibration needs some; put about 300 training images there"
            );
            return context.report(Code::NoCalibrationImages, FOLDER, message);
        }
        Some(Ok(count)) => count,
        Some(Err(error)) => return context.report_folder(FOLDER, &error),
    };
    match context.number(BATCH) {
        Some(batch) if batch > count => {
            let message = text!(
                "`{BATCH}` is {batch}, but {shown} has only {count} images; write {count} or less"
            );
            let fix = context.write(BATCH, count.to_string()).map(Fix::preferred);
            context.report_with(Code::BatchSizeExceedsImages, BATCH, message, fix);
            context.relate(FOLDER, text!("the folder of {count} images"));
        }
        Some(batch) => few(context, &shown, count, batch),
        None => {}
    }
    unreadable(context, folder);
}

/// The smaller of the set and the number of samples decides how well ranges are known.
fn few(context: &mut Context, shown: &str, count: usize, batch: usize) {
    if count < FEW {
        let message = text!(
            "{shown} has only {count} images, which may not show the range of every activation; about {ENOUGH} are better"
        );
        return context.report(Code::FewCalibrationImages, FOLDER, message);
    }
    let Some(iterations) = context.number(ITERATIONS) else {
        return;
    };
    let samples = batch.saturating_mul(iterations);
    if samples < FEW {
        let message = text!(
            "`{ITERATIONS}` {iterations} with batches of {batch} draws only {samples} samples from the {count} images in {shown}, which may not show the range of every activation; about {ENOUGH} are better"
        );
        let enough = count.min(ENOUGH).div_ceil(batch.max(1));
        let fix = context.write(ITERATIONS, enough.to_string());
        context.report_with(Code::FewCalibrationImages, ITERATIONS, message, fix);
    }
}

fn unreadable(context: &mut Context, folder: &Path) {
    let Some(examination) = context.facts.unreadable_images(folder) else {
        return;
    };
    if let Some((_, reason)) = examination.unreadable.first() {
        let message = text!(
            "an image would stop Quantize: {reason}{others}",
            others = others(&examination)
        );
        context.report(Code::UnreadableImages, FOLDER, message);
    }
}

/// How many more images cannot be read, as the end of a sentence about the first.
pub(super) fn others(examination: &ImageExamination) -> Text {
    let ImageExamination {
        examined,
        unreadable,
    } = examination;
    match unreadable.len().saturating_sub(1) {
        0 => Text::default(),
        1 => text!(
            " ({more} more of the {examined} images examined is unreadable too)",
            more = 1
        ),
        more => text!(" ({more} more of the {examined} images examined are unreadable too)"),
    }
}
