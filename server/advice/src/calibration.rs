//! Calibration on too few images.

use configuration::Code;
use localization::{phrase, text};
use quantization::TensorStatistics;

use crate::evidence::{Evidence, Names};
use crate::words::{self, names, percent};
use crate::{Proposal, advice};

/// Fewer images or samples are too few; the check of configurations says the same.
const FEW: usize = 100;

/// The number of images that is recommended.
const ENOUGH: usize = 300;

/// Percentage of the values that lie within what is compared.
const PERCENTAGE: f64 = 99.9;

/// The two halves differ by this factor in a tensor.
const RATIO: f64 = 1.25;

/// In more tensors than this share, the images are too few.
const LARGEST_SHARE: f64 = 0.1;

/// With so many images a class, each class that the data has shows among them.
const IMAGES_A_CLASS: usize = 20;

pub(crate) fn advise(evidence: &Evidence) -> Vec<Proposal> {
    let few = few(evidence);
    // Of few images, nothing else can be said.
    if few.is_some() {
        return few.into_iter().collect();
    }
    let unsettled = unsettled(evidence);
    unsettled.into_iter().chain(classes(evidence)).collect()
}

fn few(evidence: &Evidence) -> Option<Proposal> {
    let (images, samples) = (evidence.calibration.moments.len(), evidence.samples);
    if images >= FEW && samples >= FEW {
        return None;
    }
    let batch = evidence.settings.batch_size.max(1);
    let (key, value) = match images < samples {
        true => ("dataset_image_dir", None),
        false => ("iteration_count", Some(ENOUGH.div_ceil(batch).into())),
    };
    let message = text!(
        "calibration has seen {images}, which may not show the range of every activation; calibrate on about {enough}",
        images = words::images(images),
        enough = ENOUGH,
    );
    Some(advice(
        Code::FewCalibrationImages,
        Vec::new(),
        key,
        value,
        message,
    ))
}

fn unsettled(evidence: &Evidence) -> Option<Proposal> {
    let [first, second] = evidence.halves;
    let mut apart: Vec<(f64, String)> = Vec::new();
    let mut compared = 0;
    for (tensor, name, _, _) in evidence.activations() {
        let (Some(first), Some(second)) = (first.tensor(tensor), second.tensor(tensor)) else {
            continue;
        };
        let (a, b) = (reach(first), reach(second));
        if a <= 0.0 || b <= 0.0 {
            continue;
        }
        compared += 1;
        let ratio = a.max(b) / a.min(b);
        if ratio > RATIO {
            apart.push((ratio, name.to_owned()));
        }
    }
    if (apart.len() as f64) <= LARGEST_SHARE * f64::from(compared) {
        return None;
    }
    apart.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let most = apart.first().map_or(1.0, |(ratio, _)| ratio - 1.0);
    let layers: Vec<String> = apart.into_iter().map(|(_, name)| name).collect();
    let message = text!(
        "two halves of the calibration images give ranges up to {most} apart, in {count} of {compared} layers by more than {limit}: {layers}; calibrate on more images",
        most = percent(most),
        count = layers.len(),
        limit = percent(RATIO - 1.0),
        layers = names(&layers),
    );
    Some(advice(
        Code::CalibrationUnsettled,
        layers,
        "dataset_image_dir",
        None,
        message,
    ))
}

/// The magnitude below which nearly all values lie.
fn reach(seen: &TensorStatistics) -> f64 {
    seen.histogram.magnitude_percentile(PERCENTAGE)
}

fn classes(evidence: &Evidence) -> Option<Proposal> {
    let names_known = evidence.classes?;
    let count = names_known.classes.len();
    let images = evidence.calibration.moments.len();
    if count < 2 || images < IMAGES_A_CLASS * count {
        return None;
    }
    let (unseen, how) = match &names_known.images {
        Some(images) => (without(images), phrase!("of class")),
        None => (
            unnamed(evidence, count)?,
            phrase!("that the model takes for"),
        ),
    };
    if unseen.is_empty() {
        return None;
    }
    let Names { classes, .. } = names_known;
    let unseen: Vec<String> = unseen
        .into_iter()
        .filter_map(|class| classes.get(class).cloned())
        .collect();
    let message = text!(
        "none of the {images} calibration images is one {how} {unseen}; calibrate on images of every class",
        unseen = names(&unseen),
    );
    Some(advice(
        Code::ClassesNotCalibrated,
        Vec::new(),
        "dataset_image_dir",
        None,
        message,
    ))
}

/// Classes without images.
fn without(images: &[usize]) -> Vec<usize> {
    (0..images.len())
        .filter(|&class| images[class] == 0)
        .collect()
}

/// Classes that the float model never names.
fn unnamed(evidence: &Evidence, count: usize) -> Option<Vec<usize>> {
    let answers = &evidence.calibration.answers;
    let mut named = vec![0; count];
    for &answer in answers {
        *named.get_mut(answer)? += 1;
    }
    (!answers.is_empty()).then(|| without(&named))
}
