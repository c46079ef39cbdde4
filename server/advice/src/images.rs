//! Calibration images that are unlike evaluation images.

use configuration::Code;
use localization::{Text, text};

use crate::evidence::Evidence;
use crate::image_set::{ImageMoments, ImageSet};
use crate::words::figure;
use crate::{Proposal, advice};

/// Fewer images say nothing about a folder.
const FEWEST: usize = 16;

/// Difference of the means over images, in standard deviations of one image (Cohen's d, which is
/// called large from here).
const EFFECT: f64 = 0.8;

/// Least such difference, as a share of the contrast within an image.
const SHARE_OF_CONTRAST: f64 = 0.25;

/// In one folder, images differ from each other so many times as much as in the other.
const SPREAD: f64 = 2.5;

/// Images differ from each other by at least this share of the contrast within one.
const SHARE_OF_SPREAD: f64 = 0.1;

/// One number that each image has.
struct Property {
    name: Text,
    of: Box<dyn Fn(&ImageMoments) -> f64>,
}

pub(crate) fn advise(evidence: &Evidence) -> Vec<Proposal> {
    let calibration = evidence.calibration;
    let Some(evaluation) = evidence.evaluation else {
        return Vec::new();
    };
    let enough = |set: &ImageSet| set.moments.len() >= FEWEST;
    let channels = calibration.channels();
    if !enough(calibration) || !enough(evaluation) || evaluation.channels() != channels {
        return Vec::new();
    }
    let contrast = |set: &ImageSet| {
        let sum = |image: &ImageMoments| image.deviations.iter().sum::<f64>();
        set.spread(sum).0 / channels.max(1) as f64
    };
    let contrast = (contrast(calibration) + contrast(evaluation)) / 2.0;
    let worst = properties(channels)
        .iter()
        .filter_map(|property| difference(property, calibration, evaluation, contrast))
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    let Some((_, seen)) = worst else {
        return Vec::new();
    };
    let message = text!("{seen}; calibrate on images like those that the model will see");
    vec![advice(
        Code::CalibrationUnlikeEvaluation,
        Vec::new(),
        "dataset_image_dir",
        None,
        message,
    )]
}

/// Brightness and contrast of each channel, and how coloured images are.
fn properties(channels: usize) -> Vec<Property> {
    let mut properties = Vec::new();
    for channel in 0..channels {
        properties.push(Property {
            name: text!("the mean of channel {channel}"),
            of: Box::new(move |image| image.means[channel]),
        });
        properties.push(Property {
            name: text!("the contrast of channel {channel}"),
            of: Box::new(move |image| image.deviations[channel]),
        });
        if channel > 0 {
            let (this, before) = (channel, channel - 1);
            properties.push(Property {
                name: text!("the mean of channel {this} less channel {before}"),
                of: Box::new(move |image| image.means[this] - image.means[before]),
            });
        }
    }
    properties
}

/// What is seen if images differ, and how grave it is as a multiple of what is allowed.
fn difference(
    property: &Property,
    calibration: &ImageSet,
    evaluation: &ImageSet,
    contrast: f64,
) -> Option<(f64, Text)> {
    let (here, variance) = calibration.spread(&property.of);
    let (there, other) = evaluation.spread(&property.of);
    let apart = (here - there).abs();
    let effect = apart / ((variance + other) / 2.0).sqrt().max(f64::MIN_POSITIVE);
    let name = &property.name;
    if effect > EFFECT && apart > SHARE_OF_CONTRAST * contrast {
        let seen = text!(
            "{name} is {here} in calibration images and {there} in evaluation images, {effect} times what images of one folder differ by",
            here = figure(here),
            there = figure(there),
            effect = figure(effect),
        );
        return Some((effect / EFFECT, seen));
    }
    let (low, high) = (variance.min(other).sqrt(), variance.max(other).sqrt());
    let ratio = high / low.max(f64::MIN_POSITIVE);
    (ratio > SPREAD && high > SHARE_OF_SPREAD * contrast).then(|| {
        let seen = text!(
            "{name} differs from image to image by {here} in calibration images and by {there} in evaluation images", here = figure(variance.sqrt()), there = figure(other.sqrt()),
        );
        (ratio / SPREAD, seen)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_an_image() {
        let moments = ImageMoments::of(&[1.0, 10.0, 3.0, 10.0], 2);
        assert_eq!(moments.means, [2.0, 10.0]);
        assert_eq!(moments.deviations, [1.0, 0.0]);
        let set = ImageSet {
            moments: vec![
                ImageMoments {
                    means: vec![0.0],
                    deviations: vec![3.0],
                },
                ImageMoments {
                    means: vec![8.0],
                    deviations: vec![3.0],
                },
            ],
            answers: Vec::new(),
        };
        assert_eq!(set.channel(0), (4.0, 5.0));
    }
}
