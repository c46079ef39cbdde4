//! The order in which tensors are kept in more bits.

use graph::{Op, TensorId};
use quantization::{Options, QuantizedModel, moves_values};
use tflite::Encoding;

use super::precisions;
use crate::context::Context;
use crate::error::JobError;
use crate::quantize::held_out::Judge;
use crate::quantize::subject::Subject;

/// Tensors, each the one that takes most noise from the logits of the quantized model beside those
/// before it, as images that fitted nothing show.
pub(super) struct Path<'a> {
    subject: Subject<'a>,
    judge: &'a Judge,
    options: &'a Options,
    chosen: Vec<TensorId>,
    /// Noise of the model in which the chosen ones have more bits.
    noise: f64,
    others: Vec<Candidate>,
}

struct Candidate {
    tensor: TensorId,
    /// Noise that went away when it was tried.
    gain: f64,
    /// Tensors that had more bits then. With more of them the gain is seldom larger.
    beside: usize,
}

impl<'a> Path<'a> {
    /// Tries every quantized tensor of a model alone.
    pub(super) fn new(
        subject: &Subject<'a>,
        judge: &'a Judge,
        options: &'a Options,
        model: &QuantizedModel,
        context: &mut Context,
    ) -> Result<Self, JobError> {
        let graph = subject.rewritten;
        let tensors: Vec<TensorId> = graph
            .nodes()
            .iter()
            .filter(|node| !moves_values(&node.op) && node.op != Op::Convert)
            .map(|node| node.output)
            .filter(|tensor| !graph.outputs().contains(tensor))
            .filter(|tensor| matches!(model.encodings.get(*tensor), Encoding::Affine { .. }))
            .collect();
        let mut path = Self {
            // What is done to all weights alike changes little in their order.
            subject: Subject {
                rounding: None,
                second_moment: false,
                is_trial: true,
                ..*subject
            },
            judge,
            options,
            chosen: Vec::new(),
            noise: 0.0,
            others: Vec::new(),
        };
        path.noise = path.measure(&[], context)?;
        for (done, &tensor) in tensors.iter().enumerate() {
            let gain = path.noise - path.measure(&[tensor], context)?;
            path.others.push(Candidate {
                tensor,
                gain,
                beside: 0,
            });
            context.progress(done + 1);
        }
        Ok(path)
    }

    /// Number of tensors.
    pub(super) fn tensors(&self) -> usize {
        self.chosen.len() + self.others.len()
    }

    /// The first tensors, at most as many as there are.
    pub(super) fn first(
        &mut self,
        length: usize,
        context: &mut Context,
    ) -> Result<&[TensorId], JobError> {
        while self.chosen.len() < length && !self.others.is_empty() {
            self.choose(context)?;
        }
        Ok(&self.chosen[..length.min(self.chosen.len())])
    }

    /// Adds the tensor that takes most noise away: the first in the order of known gains whose gain,
    /// tried again, is still the largest (lazy greedy search, Minoux 1978).
    fn choose(&mut self, context: &mut Context) -> Result<(), JobError> {
        loop {
            let order = |a: &usize, b: &usize| {
                let gain = |index: &usize| self.others[*index].gain;
                gain(a).total_cmp(&gain(b)).then(b.cmp(a))
            };
            let Some(best) = (0..self.others.len()).max_by(order) else {
                return Ok(());
            };
            let Candidate {
                tensor,
                beside,
                gain,
            } = self.others[best];
            // What is not known to win anything need not be put in order.
            if beside == self.chosen.len() || gain <= 0.0 {
                self.others.remove(best);
                self.chosen.push(tensor);
                self.noise -= gain;
                return Ok(());
            }
            let tensors = [self.chosen.as_slice(), &[tensor]].concat();
            let gain = self.noise - self.measure(&tensors, context)?;
            self.others[best] = Candidate {
                tensor,
                gain,
                beside: self.chosen.len(),
            };
        }
    }

    /// Noise of the model in which some tensors have more bits.
    fn measure(&self, tensors: &[TensorId], context: &mut Context) -> Result<f64, JobError> {
        context.check_cancelled()?;
        let options = precisions(&self.subject, self.options, tensors);
        let model = self.subject.quantize(&options, context)?;
        let trial = self.judge.first(&model.graph, &model.encodings, context)?;
        Ok(self.judge.noise_of(&trial).total())
    }
}
