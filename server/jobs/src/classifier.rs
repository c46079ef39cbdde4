use std::path::Path;

use graph::Graph;
use keras::{NoScore, OutputKind};
use localization::{Text, phrase, text};

use crate::error::JobError;

/// The Keras model of a job: one picture in, scores of classes or another vector out.
#[derive(Debug)]
pub(crate) struct Classifier {
    /// What the file says, untouched by any pass.
    pub(crate) graph: Graph,
    /// Names of the layers, as Inspect shows them.
    pub(crate) layers: Vec<String>,
    /// Height and width of the input in pixels.
    pub(crate) size: [usize; 2],
    /// Channels of the input, 1 or 3.
    pub(crate) channels: usize,
    /// Number of elements of the output.
    pub(crate) outputs: usize,
    /// What they mean.
    pub(crate) output: OutputKind,
    /// Bytes that all activations take together for one image.
    pub(crate) activation_bytes: u64,
}

/// Bytes that the activations of all threads may take together.
const ACTIVATION_BYTES: u64 = 8 << 30;

impl Classifier {
    /// Reads a model and checks that it takes pictures of `configured` pixels, height and width.
    pub(crate) fn read(path: &Path, configured: [usize; 2]) -> Result<Self, JobError> {
        let options = keras::ReadOptions {
            input_size: Some(configured),
        };
        let keras::Model { graph, summary } = keras::read_classifier(path, &options)?;
        let refuse = |problem: Text| JobError::NotClassifier {
            model: path.to_path_buf(),
            problem,
        };
        let summary_bytes = summary.activation_bytes();
        let (&[input], &[output]) = (graph.inputs(), graph.outputs()) else {
            return Err(refuse(text!(
                "has {inputs} inputs and {outputs} outputs",
                inputs = graph.inputs().len(),
                outputs = graph.outputs().len()
            )));
        };
        let &[_, height, width, channels] = graph.shape(input) else {
            return Err(refuse(text!(
                "takes an input of shape {shape:?}",
                shape = graph.shape(input)
            )));
        };
        if [height, width] != configured {
            return Err(JobError::InputSize {
                configured,
                height,
                width,
            });
        }
        let kind = summary
            .output_kind
            .filter(|kind| *kind != OutputKind::Array);
        let Some(kind) = kind else {
            return Err(refuse(text!(
                "gives an output of shape {shape:?}",
                shape = graph.shape(output)
            )));
        };
        Ok(Self {
            layers: summary.layers.into_iter().map(|layer| layer.name).collect(),
            size: [height, width],
            channels,
            outputs: graph.tensor(output).elements(),
            output: kind,
            activation_bytes: summary_bytes,
            graph,
        })
    }

    /// How many of `threads` have room for the activations of this model, at least one.
    pub(crate) fn threads(&self, threads: usize) -> usize {
        let most = ACTIVATION_BYTES / self.activation_bytes.max(1);
        threads
            .min(usize::try_from(most).unwrap_or(usize::MAX))
            .max(1)
    }

    /// Number of classes that the output tells apart.
    ///
    /// # Errors
    /// [`JobError::NoClasses`] where it tells none.
    pub(crate) fn classes(&self) -> Result<usize, JobError> {
        self.output.classes().ok_or_else(|| JobError::NoClasses {
            reason: match &self.output {
                OutputKind::Number(reason) => reason.clone(),
                _ => NoScore::ANY,
            },
        })
    }

    /// How a model's output becomes one score a class.
    pub(crate) fn scores(&self) -> Scores {
        match self.output {
            OutputKind::Scores { .. } => Scores::EachClass,
            OutputKind::Probability => Scores::Probability,
            OutputKind::Logit => Scores::Logit,
            OutputKind::Number(_) | OutputKind::Array => Scores::None,
        }
    }

    /// What the output means, for reports; classes have names where they are known.
    pub(crate) fn described_output(&self, names: Option<&[String]>) -> report::Output {
        let name = |class: usize| match names.and_then(|names| names.get(class)) {
            Some(name) => format!("\"{name}\""),
            None => format!("class {class}"),
        };
        let what = match &self.output {
            OutputKind::Scores { .. } => "one score for each class".to_owned(),
            OutputKind::Probability => format!("a single number, the probability of {}", name(1)),
            OutputKind::Logit => format!("a single number, the logit of {}", name(1)),
            OutputKind::Number(reason) => format!("a single number, which {reason}"),
            OutputKind::Array => "an array".to_owned(),
        };
        let first = self.output.first_class();
        let first = first.map(|values| format!("; {values} stand for {}", name(0)));
        report::Output {
            kind: self.output.name(),
            classes: self.output.classes(),
            description: what + &first.unwrap_or_default(),
        }
    }
}

/// How the numbers in a model's output become scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scores {
    /// They do not.
    None,
    /// One score a class.
    EachClass,
    /// The probability of class 1 against class 0.
    Probability,
    /// Positive for class 1, negative for class 0.
    Logit,
}

impl Scores {
    /// One score a class.
    pub(crate) fn of(self, output: &[f32]) -> Vec<f32> {
        match (self, output) {
            (Self::None, _) => Vec::new(),
            (Self::Probability, &[probability]) => vec![1.0 - probability, probability],
            (Self::Logit, &[logit]) => vec![-logit, logit],
            _ => output.to_vec(),
        }
    }

    /// The class with the best score; `None` without any.
    pub(crate) fn answer(self, output: &[f32]) -> Option<usize> {
        evaluation::top_classes(&self.of(output)).first().copied()
    }
}

/// Images from which on a logit has to show both signs.
const BOTH_SIGNS: usize = 8;

/// What is to be said of the logits of images that lie in a range without a change of sign.
pub(crate) fn one_sided_logit(images: usize, [low, high]: [f32; 2]) -> Option<Text> {
    if images < BOTH_SIGNS || (low < 0.0 && high > 0.0) {
        return None;
    }
    let class = usize::from(high > 0.0);
    let cause = match low >= 0.0 && high <= 1.0 {
        true => phrase!("if it is a probability, let the model end in a sigmoid"),
        false => {
            phrase!("if it is no logit, the model is a regressor, which has no accuracy to measure")
        }
    };
    Some(text!(
        "the model's single output lies between {low} and {high} for all {images} images and is taken for a logit, so they all get class {class}; {cause}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_score_tells_two_classes_apart() {
        assert_eq!(Scores::Probability.of(&[0.25]), [0.75, 0.25]);
        assert_eq!(Scores::Logit.of(&[0.25]), [-0.25, 0.25]);
        assert_eq!(Scores::EachClass.of(&[0.1, 0.9]), [0.1, 0.9]);
        assert_eq!(Scores::Probability.answer(&[0.25]), Some(0));
        assert_eq!(Scores::Logit.answer(&[0.25]), Some(1));
        assert_eq!(Scores::None.answer(&[0.25]), None);
    }

    #[test]
    fn large_models_run_on_few_threads() {
        let check = |bytes: u64, expected: usize| {
            let classifier = Classifier {
                graph: Graph::new("test"),
                layers: Vec::new(),
                size: [1, 1],
                channels: 1,
                outputs: 1,
                output: OutputKind::Logit,
                activation_bytes: bytes,
            };
            assert_eq!(classifier.threads(8), expected, "{bytes}");
        };
        check(0, 8);
        check(100 << 20, 8);
        check(3 << 30, 2);
        check(u64::MAX, 1);
    }

    #[test]
    fn a_logit_without_a_change_of_sign_may_be_none() {
        let check = |images, range, expected: Option<&str>| {
            let said = one_sided_logit(images, range).map(|text| text.to_string());
            let end = said.as_deref().and_then(|said| said.split("; ").nth(1));
            assert_eq!(end, expected, "{said:?}");
        };
        check(20, [-3.0, 2.0], None);
        check(3, [1.0, 2.0], None);
        let regressor =
            "if it is no logit, the model is a regressor, which has no accuracy to measure";
        check(20, [12.5, 80.0], Some(regressor));
        check(20, [-80.0, -12.5], Some(regressor));
        let probability = "if it is a probability, let the model end in a sigmoid";
        check(20, [0.0, 1.0], Some(probability));
    }
}
