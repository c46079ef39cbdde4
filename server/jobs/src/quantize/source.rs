//! What a quantization starts from.

use std::path::PathBuf;

use configuration::Settings;
use images::Extensions;
use localization::{Phrase, phrase, text};

use crate::classifier::Classifier;
use crate::context::Context;
use crate::error::JobError;
use crate::event::Stage;
use crate::pictures::hidden_warning;

/// The model and the pictures that the user gives.
pub(super) struct Source {
    pub(super) classifier: Classifier,
    /// All pictures of `dataset_image_dir`.
    pub(super) paths: Vec<PathBuf>,
}

impl Source {
    pub(super) fn read(settings: &Settings, context: &mut Context) -> Result<Self, JobError> {
        context.begin(Stage::Read, phrase!("reading the model"), 0, Phrase::NONE);
        let classifier =
            Classifier::read(&settings.source_keras_model, settings.input_tensor_size)?;
        context.threads = classifier.threads(context.threads);
        if settings.quantization.accuracy_budget.is_some() {
            classifier.classes()?;
        }
        let preprocessing = &settings.preprocessing;
        preprocessing.check_input(classifier.size, classifier.channels)?;
        let folder = &settings.dataset_image_dir;
        let cancelled = || context.cancellation.is_cancelled();
        let list = images::find_images(folder, &Extensions::jpeg(), &cancelled);
        context.check_cancelled()?;
        let list = list?;
        for warning in &list.warnings {
            context.warn(text!(
                "in \"{folder}\": {warning}",
                folder = folder.display()
            ));
        }
        if let Some(warning) = hidden_warning(folder, list.hidden) {
            context.warn(warning);
        }
        if settings.batch_size > list.paths.len() {
            return Err(JobError::TooFewImages {
                batch_size: settings.batch_size,
                images: list.paths.len(),
                folder: folder.clone(),
            });
        }
        context.check_cancelled()?;
        Ok(Self {
            classifier,
            paths: list.paths,
        })
    }
}
