//! The operators that have been drawn so far, before they become a graph.

use graph::{Activation, BinaryOp, Constant, Graph, GraphError, Op, output_shape};

use super::recognition;
use super::value::{Elements, Value};
use crate::layers::LayerProblem;

/// A tensor of a [`Drawing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Drawn(usize);

impl Drawn {
    /// Position in [`Drawing::entries`].
    pub(super) fn index(self) -> usize {
        self.0
    }
}

/// What computes a tensor.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// An operator of the graph.
    Op(Op),
    /// An operator of TensorFlow that only means something together with those behind it.
    Pending(Pending),
}

/// An operator that has to disappear into a later one.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Pending {
    /// Error function, a part of GELU.
    Erf,
    /// One minus the error function, a part of GELU.
    Erfc,
    /// `a > b`, a part of rectifiers.
    Greater,
    /// Whether a number is neither infinite nor undefined, a part of softmax over several axes.
    Finite,
    /// Real numbers as complex ones, a part of Fourier transforms.
    Complex,
    /// Fourier transform over the last two axes, of which the real part follows.
    Spectrum,
    /// Pads and deals pixels out to several images, in front of a dilated convolution.
    SpaceToBatch {
        /// Step between pixels of one image; `[height, width]`.
        block: [usize; 2],
        /// Padding before.
        before: [usize; 2],
        /// Padding after.
        after: [usize; 2],
    },
}

impl Pending {
    /// Name of the operator, and why it stands alone.
    pub(super) fn describe(&self) -> (&'static str, &'static str) {
        match self {
            Self::Erf => (
                "Erf",
                "the error function is only supported as part of GELU",
            ),
            Self::Erfc => (
                "Erfc",
                "the error function is only supported as part of GELU",
            ),
            Self::Greater => (
                "Greater",
                "comparisons are only supported as part of ELU and ReLU",
            ),
            Self::Finite => (
                "IsFinite",
                "it is only supported as part of a softmax over several axes",
            ),
            Self::Complex => (
                "Complex",
                "complex numbers are only supported in a two-dimensional Fourier transform",
            ),
            Self::Spectrum => (
                "FFT2D",
                "of a Fourier transform only the real part is supported",
            ),
            Self::SpaceToBatch { .. } => (
                "SpaceToBatchND",
                "it is only supported around a convolution, as dilation",
            ),
        }
    }
}

/// Where a tensor of a drawing comes from.
#[derive(Debug, Clone)]
pub(super) enum Content {
    /// The input of the model.
    Input,
    /// A constant; no value when only shapes are wanted.
    Constant {
        value: Option<Constant>,
        /// What it is to its node, such as `kernel`.
        role: &'static str,
    },
    /// What a step computes.
    Node { step: Step, inputs: Vec<Drawn> },
}

/// A tensor with its origin.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) shape: Vec<usize>,
    /// Node of the flat graph that it was drawn for.
    pub(super) origin: usize,
    pub(super) content: Content,
}

/// Tensors in execution order. Steps that a later one took in stay, without readers.
#[derive(Debug, Default)]
pub(super) struct Drawing {
    entries: Vec<Entry>,
    origin: usize,
}

impl Drawing {
    /// What is drawn from now on belongs to this node of the flat graph.
    pub(super) fn set_origin(&mut self, origin: usize) {
        self.origin = origin;
    }

    /// The node of the flat graph that is drawn.
    pub(super) fn origin(&self) -> usize {
        self.origin
    }

    /// All tensors with their numbers.
    pub(super) fn numbered(&self) -> impl Iterator<Item = (Drawn, &Entry)> {
        let entries = self.entries.iter().enumerate();
        entries.map(|(index, entry)| (Drawn(index), entry))
    }

    /// Whether a tensor is the input of the model.
    pub(super) fn is_input(&self, id: Drawn) -> bool {
        let content = self.entries.get(id.0).map(|entry| &entry.content);
        matches!(content, Some(Content::Input))
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn shape(&self, id: Drawn) -> &[usize] {
        self.entries.get(id.0).map_or(&[], |entry| &entry.shape)
    }

    /// The step that computes a tensor, and what it reads.
    pub(super) fn node(&self, id: Drawn) -> Option<(&Step, &[Drawn])> {
        match &self.entries.get(id.0)?.content {
            Content::Node { step, inputs } => Some((step, inputs)),
            _ => None,
        }
    }

    /// The operator that computes a tensor, and what it reads.
    pub(super) fn op(&self, id: Drawn) -> Option<(&Op, &[Drawn])> {
        match self.node(id)? {
            (Step::Op(op), inputs) => Some((op, inputs)),
            _ => None,
        }
    }

    /// What a function of one tensor reads, if it computes `id`.
    pub(super) fn argument(&self, id: Drawn, function: Activation) -> Option<Drawn> {
        match self.op(id)? {
            (Op::Activation(found), &[x]) if *found == function => Some(x),
            _ => None,
        }
    }

    /// What a function of two tensors reads, if it computes `id`.
    pub(super) fn operands(&self, id: Drawn, op: BinaryOp) -> Option<[Drawn; 2]> {
        match self.op(id)? {
            (Op::Binary(found), &[a, b]) if *found == op => Some([a, b]),
            _ => None,
        }
    }

    pub(super) fn is_constant(&self, id: Drawn) -> bool {
        let content = self.entries.get(id.0).map(|entry| &entry.content);
        matches!(content, Some(Content::Constant { .. }))
    }

    /// The value of a constant.
    pub(super) fn constant(&self, id: Drawn) -> Option<&Constant> {
        match &self.entries.get(id.0)?.content {
            Content::Constant { value, .. } => value.as_ref(),
            _ => None,
        }
    }

    /// The value of a constant with one element.
    pub(super) fn scalar(&self, id: Drawn) -> Option<f64> {
        let value = self.constant(id)?;
        (value.len() == 1).then(|| value.first().copied().map(f64::from))?
    }

    /// Adds the input of the model.
    pub(super) fn input(&mut self, shape: Vec<usize>) -> Result<Drawn, LayerProblem> {
        self.push("input", shape, Content::Input)
    }

    /// Adds a constant of real numbers.
    pub(super) fn add_value(
        &mut self,
        value: &Value,
        role: &'static str,
    ) -> Result<Drawn, LayerProblem> {
        let shape = value.shape().to_vec();
        let value = match value.elements() {
            Elements::Floats(array) => Some(array.clone()),
            Elements::Unread => None,
            Elements::Integers(_) => {
                return Err(LayerProblem::Unsupported(
                    "it computes with integers".to_owned(),
                ));
            }
        };
        self.push(role, shape, Content::Constant { value, role })
    }

    /// Adds a constant of rank 1, or of a shape for as many elements.
    pub(super) fn add_constant(
        &mut self,
        shape: &[usize],
        values: Vec<f32>,
        role: &'static str,
    ) -> Result<Drawn, LayerProblem> {
        self.add_value(&Value::floats(shape.to_vec(), values)?, role)
    }

    /// Adds a constant with one element.
    pub(super) fn add_scalar(&mut self, value: f32) -> Result<Drawn, LayerProblem> {
        self.add_constant(&[1], vec![value], "constant")
    }

    /// Draws an operator, or what is known to compute the same: functions that the graph has an
    /// operator for are recognised when the last of their steps is drawn.
    pub(super) fn draw(&mut self, op: Op, inputs: &[Drawn]) -> Result<Drawn, LayerProblem> {
        match recognition::simplify(self, &op, inputs)? {
            Some(output) => Ok(output),
            None => self.add(op, inputs),
        }
    }

    /// Adds an operator as it is.
    pub(super) fn add(&mut self, op: Op, inputs: &[Drawn]) -> Result<Drawn, LayerProblem> {
        let shapes: Vec<&[usize]> = inputs.iter().map(|&id| self.shape(id)).collect();
        let shape = output_shape(&op, &shapes)
            .map_err(|problem| LayerProblem::Invalid(format!("its {} {problem}", op.name())))?;
        let name = op.name();
        let inputs = inputs.to_vec();
        let step = Step::Op(op);
        self.push(name, shape, Content::Node { step, inputs })
    }

    /// Draws a function of one tensor.
    pub(super) fn activation(
        &mut self,
        function: Activation,
        x: Drawn,
    ) -> Result<Drawn, LayerProblem> {
        self.draw(Op::Activation(function), &[x])
    }

    /// Draws a function of two tensors.
    pub(super) fn binary(
        &mut self,
        op: BinaryOp,
        a: Drawn,
        b: Drawn,
    ) -> Result<Drawn, LayerProblem> {
        self.draw(Op::Binary(op), &[a, b])
    }

    /// Draws a function of a tensor and a number.
    pub(super) fn with_scalar(
        &mut self,
        op: BinaryOp,
        x: Drawn,
        number: f32,
    ) -> Result<Drawn, LayerProblem> {
        let number = self.add_scalar(number)?;
        self.binary(op, x, number)
    }

    /// Draws a change of shape.
    pub(super) fn reshape(&mut self, x: Drawn, shape: Vec<usize>) -> Result<Drawn, LayerProblem> {
        self.draw(Op::Reshape { shape }, &[x])
    }

    /// Draws a change of the order of axes.
    pub(super) fn transpose(
        &mut self,
        x: Drawn,
        permutation: Vec<usize>,
    ) -> Result<Drawn, LayerProblem> {
        self.draw(Op::Transpose { permutation }, &[x])
    }

    /// Adds a step that waits for a later one.
    pub(super) fn pending(
        &mut self,
        pending: Pending,
        inputs: &[Drawn],
        shape: Vec<usize>,
    ) -> Result<Drawn, LayerProblem> {
        let step = Step::Pending(pending);
        let inputs = inputs.to_vec();
        self.push("step", shape, Content::Node { step, inputs })
    }

    /// A tensor that the same operator has computed from the same inputs.
    pub(super) fn find(&self, op: &Op, inputs: &[Drawn]) -> Option<Drawn> {
        // What reads a tensor follows it, and in the patterns at hand soon.
        const WINDOW: usize = 64;
        let found = self.entries.iter().enumerate().rev().take(WINDOW);
        found
            .filter(|(_, entry)| match &entry.content {
                Content::Node {
                    step: Step::Op(found),
                    inputs: read,
                } => found == op && read == inputs,
                _ => false,
            })
            .map(|(index, _)| Drawn(index))
            .next()
    }

    /// Whether each tensor is needed for `output`.
    pub(super) fn live(&self, output: Drawn) -> Vec<bool> {
        let mut live = vec![false; self.entries.len()];
        if let Some(output) = live.get_mut(output.0) {
            *output = true;
        }
        for (index, entry) in self.entries.iter().enumerate().rev() {
            if let (Some(true), Content::Node { inputs, .. }) = (live.get(index), &entry.content) {
                for input in inputs {
                    if let Some(input) = live.get_mut(input.0) {
                        *input = true;
                    }
                }
            }
        }
        live
    }

    fn push(
        &mut self,
        name: &str,
        shape: Vec<usize>,
        content: Content,
    ) -> Result<Drawn, LayerProblem> {
        let elements = shape
            .iter()
            .try_fold(1usize, |product, &extent| product.checked_mul(extent));
        if elements.is_none_or(|elements| elements > Graph::MAX_ELEMENTS) {
            return Err(LayerProblem::from(GraphError::TooLarge {
                tensor: name.to_owned(),
                shape,
            }));
        }
        self.entries.push(Entry {
            shape,
            origin: self.origin,
            content,
        });
        Ok(Drawn(self.entries.len() - 1))
    }
}
