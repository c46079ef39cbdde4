//! The folder of calibration images against the batch size.

use super::{Context, Inputs};
use crate::code::Code;
use crate::finding::quoted;

const FOLDER: &str = "dataset_image_dir";
const BATCH: &str = "batch_size";

pub(super) fn check(context: &mut Context, inputs: &Inputs) {
    let (Some(folder), Some(written)) = (&inputs.calibration_folder, context.text(FOLDER)) else {
        return;
    };
    let shown = quoted(written);
    let count = match context.facts.calibration_images(folder) {
        Ok(0) => {
            let message = format!(
                "{shown} and the folders below it have no JPEG image, but calibration needs some; put about 300 training images there"
            );
            return context.report(Code::NoCalibrationImages, FOLDER, message);
        }
        Ok(count) => count,
        Err(error) => return context.report_folder(FOLDER, error),
    };
    if let Some(batch) = context.number(BATCH).filter(|&batch| batch > count) {
        let message = format!(
            "`{BATCH}` is {batch}, but {shown} has only {count} images; write {count} or less"
        );
        context.report_with(
            Code::BatchSizeExceedsImages,
            BATCH,
            message,
            Some(count.to_string()),
        );
    }
}
