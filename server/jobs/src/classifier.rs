use std::path::Path;

use graph::{Activation, BinaryOp, Graph, Op};

use crate::error::JobError;

/// The Keras model of a job: one picture in, one score a class out.
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
    /// Number of scores.
    pub(crate) outputs: usize,
}

impl Classifier {
    /// Reads a model and checks that it takes pictures of `configured` pixels a side.
    pub(crate) fn read(path: &Path, configured: usize) -> Result<Self, JobError> {
        let options = keras::ReadOptions {
            input_size: Some(configured),
        };
        let keras::Model { graph, summary } = keras::read(path, &options)?;
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
            layers: summary.layers.into_iter().map(|layer| layer.name).collect(),
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
        let ends_in_sigmoid = matches!(
            output_operator(&self.graph),
            // A hard sigmoid is a multiple of ReLU6.
            Some(Op::Activation(Activation::Sigmoid) | Op::Binary(BinaryOp::Multiply))
        );
        match (self.outputs, ends_in_sigmoid) {
            (1, true) => Scores::Probability,
            (1, false) => Scores::Logit,
            _ => Scores::EachClass,
        }
    }
}

/// The operator that computes the output, behind changes of shape.
fn output_operator(graph: &Graph) -> Option<&Op> {
    let mut tensor = *graph.outputs().first()?;
    loop {
        let node = graph.nodes().iter().find(|node| node.output == tensor)?;
        match node.op {
            Op::Reshape { .. } | Op::Transpose { .. } => tensor = node.inputs[0],
            _ => return Some(&node.op),
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

    /// The class with the best score; `None` without any.
    pub(crate) fn answer(self, output: &[f32]) -> Option<usize> {
        evaluation::top_classes(&self.of(output)).first().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_score_is_a_probability_behind_a_sigmoid() {
        let check = |operators: &[Op], expected: Scores| {
            let mut graph = Graph::new("test");
            let mut last = graph.add_input("x", &[1, 1, 1, 1]).unwrap();
            for (index, op) in operators.iter().enumerate() {
                last = graph
                    .add_node(format!("{index}"), op.clone(), &[last])
                    .unwrap();
            }
            graph.set_outputs(&[last]);
            let classifier = Classifier {
                graph,
                layers: Vec::new(),
                size: [1, 1],
                channels: 1,
                outputs: 1,
            };
            assert_eq!(classifier.scores(), expected);
        };
        let sigmoid = Op::Activation(Activation::Sigmoid);
        let flatten = Op::Reshape { shape: vec![1, 1] };
        check(std::slice::from_ref(&sigmoid), Scores::Probability);
        check(&[sigmoid, flatten.clone()], Scores::Probability);
        check(&[Op::Activation(Activation::Tanh), flatten], Scores::Logit);
        assert_eq!(Scores::Probability.of(&[0.25]), [0.75, 0.25]);
        assert_eq!(Scores::Logit.of(&[0.25]), [-0.25, 0.25]);
        assert_eq!(Scores::EachClass.of(&[0.1, 0.9]), [0.1, 0.9]);
    }
}
