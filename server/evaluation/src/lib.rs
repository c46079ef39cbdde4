//! Accuracy of classifiers on labelled images: top-1, top-5, per class, confusion and agreement.

mod accuracy;
mod confusion;
mod paired;

pub use accuracy::{Accuracy, ClassAccuracy, top_classes};
pub use confusion::Confusion;
pub use paired::PairedAccuracy;

/// Predictions of one model for every image, best classes first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predictions {
    /// For each image the classes with the highest scores, at most five.
    pub ranked: Vec<Vec<usize>>,
}

impl Predictions {
    /// The class with the highest score for each image.
    pub fn top_1(&self) -> impl Iterator<Item = Option<usize>> + '_ {
        self.ranked.iter().map(|classes| classes.first().copied())
    }

    /// Fraction of images on which two models name the same class, in [0, 1]; 0 without images.
    pub fn agreement(&self, other: &Self) -> f64 {
        let equal = self
            .top_1()
            .zip(other.top_1())
            .filter(|(a, b)| a == b)
            .count();
        fraction(equal, self.ranked.len())
    }
}

pub(crate) fn fraction(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}
