use std::path::Path;

use graph::{Activation, Graph, Op};

use crate::error::JobError;

/// The Keras model of a job: one picture in, one score a class out.
#[derive(Debug)]
pub(crate) struct Classifier {
    /// What the file says, untouched by any pass.
    pub(crate) graph: Graph,
    /// Height and width of the input in pixels.
    pub(crate) size: [usize; 2],
    /// Channels of the input, 1 or 3.
    pub(crate) channels: usize,
    /// Number of scores.
    pub(crate) outputs: usize,
}

impl Classifier {
    /// Reads a model and checks that it takes pictures of `configured` pixels a side.
    pub(crate) fn read(path: &Path, configured: usize) -> Result<Self, JobError> {
        let options = keras::ReadOptions {
            input_size: Some(configured),
        };
        let graph = keras::read(path, &options)?.graph;
        let refuse = |problem: String| JobError::NotClassifier {
            model: path.to_path_buf(),
            problem,
        };
        let (&[input], &[output]) = (graph.inputs(), graph.outputs()) else {
            return Err(refuse(format!(
                "has {} inputs and {} outputs",
                graph.inputs().len(),
                graph.outputs().len()
            )));
        };
        let &[_, height, width, channels] = graph.shape(input) else {
            return Err(refuse(format!(
                "takes an input of shape {:?}",
                graph.shape(input)
            )));
        };
        if (height, width) != (configured, configured) {
            return Err(JobError::InputSize {
                configured,
                height,
                width,
            });
        }
        let outputs = graph.tensor(output).elements();
        if graph.shape(output).last() != Some(&outputs) {
            return Err(refuse(format!(
                "gives an output of shape {:?}",
                graph.shape(output)
            )));
        }
        Ok(Self {
            graph,
            size: [height, width],
            channels,
            outputs,
        })
    }

    /// Number of classes that the scores tell apart: a single score stands for two.
    pub(crate) fn classes(&self) -> usize {
        if self.outputs == 1 { 2 } else { self.outputs }
    }

    /// How a model's output becomes one score a class.
    pub(crate) fn scores(&self) -> Scores {
        let ends_in_sigmoid = self
            .graph
            .nodes()
            .last()
            .is_some_and(|node| matches!(node.op, Op::Activation(Activation::Sigmoid)));
        match (self.outputs, ends_in_sigmoid) {
            (1, true) => Scores::Probability,
            (1, false) => Scores::Logit,
            _ => Scores::EachClass,
        }
    }
}

/// What the numbers in a classifier's output mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scores {
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
            (Self::Probability, &[probability]) => vec![1.0 - probability, probability],
            (Self::Logit, &[logit]) => vec![-logit, logit],
            _ => output.to_vec(),
        }
    }
}
