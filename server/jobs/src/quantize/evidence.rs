//! What advice needs to know besides the quantization itself: evaluation images and class names.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use advice::{ImageMoments, ImageSet, Names};
use configuration::Settings;
use images::{Extensions, Labels};

use super::comparison::{ComparedImages, ImageSource, MOST_COMPARED};
use crate::context::Context;
use crate::error::JobError;
use crate::float_model::CalibrationSet;
use crate::spacing::{evenly_spaced, from_everywhere};
use crate::workers::run_in_order;

/// Evaluation images that are looked at: enough for their mean brightness, few enough to cost a
/// fraction of a second.
const IMAGES: usize = 64;

/// Share of the calibration images that lie in folders named after classes, where folders are.
const SORTED: f64 = 0.9;

/// What is known of the evaluation images without their labels.
#[derive(Default)]
pub(super) struct EvaluationImages {
    /// Those from everywhere in their folder that did not calibrate.
    images: Vec<PathBuf>,
    /// Brightness and colour of the first ones; `None` where the images cannot be found.
    pub(super) moments: Option<ImageSet>,
}

impl EvaluationImages {
    /// The images to compare models on: these, or else calibration images.
    pub(super) fn compared<'a>(&'a self, set: &'a CalibrationSet<'a>) -> ComparedImages<'a> {
        let folder = match self.images.is_empty() {
            false => ImageSource::Evaluation,
            true => ImageSource::Calibration,
        };
        let paths = match folder {
            ImageSource::Evaluation => self.images.iter().map(PathBuf::as_path).collect(),
            ImageSource::Calibration => {
                let samples = from_everywhere(evenly_spaced(set.samples, MOST_COMPARED));
                samples.into_iter().map(|sample| set.path(sample)).collect()
            }
        };
        ComparedImages { paths, folder }
    }
}

/// Some of the evaluation images, prepared as calibration images are. There are none where they
/// cannot be found; Quantize does not depend on them, so that is Evaluate's to tell.
pub(super) fn evaluation_images(
    settings: &Settings,
    set: &CalibrationSet,
    context: &Context,
) -> Result<EvaluationImages, JobError> {
    let cancelled = || context.cancellation.is_cancelled();
    let list = Extensions::exactly(&settings.evaluate_image_extension).and_then(|extensions| {
        images::find_images(&settings.evaluate_image_dir, &extensions, &cancelled)
    });
    context.check_cancelled()?;
    let Ok(list) = list else {
        return Ok(EvaluationImages::default());
    };
    // A few of them are looked at, and as many are compared as it takes.
    let chosen = from_everywhere(evenly_spaced(&list.paths, MOST_COMPARED));
    let looked_at = &chosen[..chosen.len().min(IMAGES)];
    let mut moments = Vec::with_capacity(looked_at.len());
    let mut unreadable = HashSet::new();
    set.images.keep(chosen.iter().map(|path| path.as_path()));
    run_in_order(
        looked_at.len(),
        context.threads,
        context.cancellation.flag(),
        || Ok(set.images.room()),
        |input, index| {
            // Evaluate tells of images that cannot be read.
            let read = set.images.read(looked_at[index], input).ok();
            Ok(read.map(|_| ImageMoments::of(input, set.classifier.channels)))
        },
        || {},
        |index, image| {
            if image.is_none() {
                unreadable.insert(looked_at[index]);
            }
            moments.extend(image);
            Ok(())
        },
    )?;
    let calibrated: HashSet<&Path> = set.sampled().collect();
    let fresh =
        |path: &&PathBuf| !unreadable.contains(path) && !calibrated.contains(path.as_path());
    Ok(EvaluationImages {
        images: chosen.into_iter().filter(fresh).cloned().collect(),
        moments: Some(ImageSet {
            moments,
            answers: Vec::new(),
        }),
    })
}

/// Class names, and how many calibration images lie in folders of their names.
pub(super) fn names(settings: &Settings, set: &CalibrationSet) -> Option<Names> {
    let labels = Labels::read(&settings.evaluate_label_file).ok()?;
    let classes = labels.names().to_vec();
    // Labels of another model say nothing.
    if Some(classes.len()) != set.classifier.output.classes() {
        return None;
    }
    let images = images_of_classes(&settings.dataset_image_dir, set.sampled(), &classes);
    Some(Names { classes, images })
}

/// For each class the number of paths with a folder of its name below `folder`; `None` where most
/// lie in others.
fn images_of_classes<'a>(
    folder: &Path,
    paths: impl Iterator<Item = &'a Path>,
    classes: &[String],
) -> Option<Vec<usize>> {
    let by_name: HashMap<&str, usize> = classes
        .iter()
        .enumerate()
        .map(|(class, name)| (name.as_str(), class))
        .collect();
    let mut images = vec![0; classes.len()];
    let (mut all, mut sorted) = (0usize, 0usize);
    for path in paths {
        all += 1;
        let below = path.strip_prefix(folder).unwrap_or(path).parent();
        let mut names = below.into_iter().flat_map(Path::components);
        let class = names.find_map(|name| by_name.get(name.as_os_str().to_str()?));
        if let Some(&class) = class {
            images[class] += 1;
            sorted += 1;
        }
    }
    (sorted > 0 && sorted as f64 >= SORTED * all as f64).then_some(images)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_tell_classes() {
        let classes = ["daisy", "roses"].map(str::to_owned);
        let check = |paths: &[&str], expected: Option<Vec<usize>>| {
            let paths = paths.iter().map(|path| Path::new(*path));
            let found = images_of_classes(Path::new("/d"), paths, &classes);
            assert_eq!(found, expected);
        };
        check(&["/d/daisy/1.jpg", "/d/x/daisy/2.jpg"], Some(vec![2, 0]));
        check(&["/d/1.jpg", "/d/daisy.jpg"], None);
        check(&["/d/a/1.jpg", "/d/roses/1.jpg"], None);
        check(&[], None);
    }
}
