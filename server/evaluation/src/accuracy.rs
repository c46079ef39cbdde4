use std::cmp::Ordering;

use crate::{Predictions, fraction};

/// Number of classes that a top-5 prediction may name.
const TOP: usize = 5;

/// Accuracy of one model.
#[derive(Debug, Clone, PartialEq)]
pub struct Accuracy {
    /// Number of images.
    pub images: usize,
    /// Fraction of images whose class has the highest score, in [0, 1].
    pub top_1: f64,
    /// Fraction of images whose class is among the five highest scores, in [0, 1]; only for models
    /// with more than ten classes.
    pub top_5: Option<f64>,
    /// Accuracy of each class.
    pub classes: Vec<ClassAccuracy>,
}

/// Accuracy on the images of one class.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassAccuracy {
    /// Number of images of the class.
    pub images: usize,
    /// How many of them were named right.
    pub correct: usize,
    /// `correct / images` in [0, 1]; 0 without images.
    pub top_1: f64,
}

impl Accuracy {
    /// Accuracy of predictions for images whose classes are `labels`, of `classes` in all.
    pub fn new(predictions: &Predictions, labels: &[usize], classes: usize) -> Self {
        let mut images = vec![0; classes];
        let mut correct = vec![0; classes];
        let mut among_top = 0;
        for (ranked, &label) in predictions.ranked.iter().zip(labels) {
            let right = ranked.first() == Some(&label);
            among_top += usize::from(ranked.contains(&label));
            if let (Some(images), Some(correct)) = (images.get_mut(label), correct.get_mut(label)) {
                *images += 1;
                *correct += usize::from(right);
            }
        }
        let all_correct: usize = correct.iter().sum();
        Self {
            images: labels.len(),
            top_1: fraction(all_correct, labels.len()),
            top_5: (classes > 10).then(|| fraction(among_top, labels.len())),
            classes: images
                .into_iter()
                .zip(correct)
                .map(|(images, correct)| ClassAccuracy {
                    images,
                    correct,
                    top_1: fraction(correct, images),
                })
                .collect(),
        }
    }
}

/// The five classes with the highest of finite scores, best first; of equal scores the lower class wins, as
/// with `argmax`.
pub fn top_classes(scores: &[f32]) -> Vec<usize> {
    let mut classes: Vec<usize> = (0..scores.len()).collect();
    let better = |&a: &usize, &b: &usize| {
        let by_score = scores[b].partial_cmp(&scores[a]);
        by_score.unwrap_or(Ordering::Equal).then(a.cmp(&b))
    };
    if classes.len() > TOP {
        classes.select_nth_unstable_by(TOP, better);
        classes.truncate(TOP);
    }
    classes.sort_unstable_by(better);
    classes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_ranked_by_score_and_then_by_index() {
        let check = |scores: &[f32], expected: &[usize]| {
            assert_eq!(top_classes(scores), expected);
        };
        check(&[0.1, 0.7, 0.2], &[1, 2, 0]);
        check(&[0.5, 0.5, 0.5], &[0, 1, 2]);
        check(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 5.0], &[5, 6, 4, 3, 2]);
        check(&[-1.0], &[0]);
        check(&[-0.0, 0.0], &[0, 1]);
        check(&[], &[]);
    }

    #[test]
    fn accuracy_counts_each_class() {
        let predictions = Predictions {
            ranked: vec![vec![0, 1], vec![1, 0], vec![1, 0], vec![2, 1]],
        };
        let accuracy = Accuracy::new(&predictions, &[0, 0, 1, 1], 3);
        assert_eq!(accuracy.top_1, 0.5);
        assert_eq!(accuracy.top_5, None);
        let classes: Vec<_> = accuracy
            .classes
            .iter()
            .map(|c| (c.correct, c.images))
            .collect();
        assert_eq!(classes, [(1, 2), (1, 2), (0, 0)]);
    }

    #[test]
    fn top_5_is_for_more_than_ten_classes() {
        let ranked = vec![vec![3, 4, 5, 6, 7], vec![10, 9, 8, 7, 6]];
        let accuracy = Accuracy::new(&Predictions { ranked }, &[7, 0], 11);
        assert_eq!((accuracy.top_1, accuracy.top_5), (0.0, Some(0.5)));
    }
}
