use crate::Predictions;

/// How often images of each class were taken for each class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confusion {
    /// `counts[actual][predicted]`; where the model has outputs without a label, a last column
    /// counts the images taken for one of those.
    pub counts: Vec<Vec<usize>>,
}

impl Confusion {
    /// Counts predictions, out of `outputs`, for images whose classes are `labels`, of `classes`
    /// in all.
    pub fn new(
        predictions: &Predictions,
        labels: &[usize],
        classes: usize,
        outputs: usize,
    ) -> Self {
        let columns = classes + usize::from(outputs > classes);
        let mut counts = vec![vec![0; columns]; classes];
        for (predicted, &actual) in predictions.top_1().zip(labels) {
            let cell = predicted
                .and_then(|predicted| counts.get_mut(actual)?.get_mut(predicted.min(classes)));
            if let Some(cell) = cell {
                *cell += 1;
            }
        }
        Self { counts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_actual_classes() {
        let predictions = Predictions {
            ranked: vec![vec![0], vec![1], vec![1], vec![]],
        };
        let confusion = Confusion::new(&predictions, &[0, 0, 1, 1], 2, 2);
        assert_eq!(confusion.counts, [[1, 1], [0, 1]]);
    }

    #[test]
    fn outputs_without_a_label_share_a_column() {
        let predictions = Predictions {
            ranked: vec![vec![0], vec![7], vec![2], vec![1]],
        };
        let confusion = Confusion::new(&predictions, &[0, 0, 1, 1], 2, 10);
        assert_eq!(confusion.counts, [[1, 0, 1], [0, 1, 1]]);
    }

    #[test]
    fn agreement_is_on_the_first_class() {
        let predictions = |ranked: &[usize]| Predictions {
            ranked: ranked.iter().map(|&class| vec![class]).collect(),
        };
        assert_eq!(
            predictions(&[0, 1, 2, 3]).agreement(&predictions(&[0, 1, 3, 2])),
            0.5
        );
        assert_eq!(predictions(&[]).agreement(&predictions(&[])), 0.0);
    }
}
