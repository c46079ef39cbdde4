use std::ops::Range;

use graph::{Op, Padding};
use localization::{phrase, text};

use crate::draft::{Draft, Layout, ValueId};
use crate::problem::{LayerProblem, invalid, unsupported};
use crate::saved_model::attributes::Attributes;
use crate::saved_model::flat::Port;
use crate::saved_model::import::attributes::WithDefaults;
use crate::saved_model::import::operand::Operand;
use crate::saved_model::import::tensors::Tensors;
use crate::saved_model::import::value::{Elements, Value};

/// What the outputs of a node are.
pub(in crate::saved_model::import) type Outputs = Result<Vec<Operand>, LayerProblem>;

/// Largest kernel, stride or dilation.
const SPATIAL: usize = 1 << 24;

/// One operator of the flat graph with what it reads.
pub(in crate::saved_model::import) struct Call<'i, 'a> {
    pub(in crate::saved_model::import) tensors: &'i mut Tensors<'a>,
    pub(in crate::saved_model::import) op: &'a str,
    pub(in crate::saved_model::import) attributes: &'a Attributes<'a>,
    pub(in crate::saved_model::import) inputs: Vec<Operand>,
    /// Where the inputs come from, and whether nothing else reads them.
    pub(in crate::saved_model::import) sources: Vec<(Port, bool)>,
}

impl Call<'_, '_> {
    pub(super) fn draft(&mut self) -> &mut Draft {
        &mut self.tensors.draft
    }

    pub(super) fn draft_ref(&self) -> &Draft {
        &self.tensors.draft
    }

    pub(super) fn input(&self, index: usize) -> Result<&Operand, LayerProblem> {
        self.inputs.get(index).ok_or_else(|| {
            LayerProblem::Invalid(text!("it has {count} inputs", count = self.inputs.len()))
        })
    }

    /// An input as a value of the draft, be it computed or constant.
    pub(super) fn tensor(&mut self, index: usize) -> Result<ValueId, LayerProblem> {
        let operand = self.input(index)?.clone();
        self.tensors.value_of(&operand, "constant")
    }

    /// Some inputs as values of the draft.
    pub(super) fn tensors(&mut self, indices: Range<usize>) -> Result<Vec<ValueId>, LayerProblem> {
        indices.map(|index| self.tensor(index)).collect()
    }

    /// An input that is a real constant, as a value of the draft.
    pub(super) fn weight(
        &mut self,
        index: usize,
        role: &'static str,
    ) -> Result<ValueId, LayerProblem> {
        let operand = self.input(index)?.clone();
        match operand {
            Operand::Computed { .. } | Operand::Unknown => {
                unsupported(text!("its {role} depends on the image"))
            }
            _ => self.tensors.value_of(&operand, role),
        }
    }

    /// A known tensor as a value of the draft.
    pub(super) fn constant(
        &mut self,
        value: &Value,
        role: &'static str,
    ) -> Result<ValueId, LayerProblem> {
        self.tensors.constant_of(value, role)
    }

    /// An input that is a kernel, laid out anew.
    pub(super) fn kernel(&mut self, index: usize, layout: Layout) -> Result<ValueId, LayerProblem> {
        let operand = self.input(index)?.clone();
        let source = self.sources.get(index).map(|&(port, _)| port);
        self.tensors.kernel(&operand, layout, source)
    }

    /// Whether an input is known before the model runs.
    pub(super) fn is_known(&self, index: usize) -> bool {
        matches!(
            self.inputs.get(index),
            Some(Operand::Known(_) | Operand::Variable(_))
        )
    }

    /// A known input.
    pub(super) fn value(&mut self, index: usize) -> Result<Value, LayerProblem> {
        let operand = self.input(index)?.clone();
        self.tensors.read(&operand)
    }

    /// A known input of integers.
    pub(super) fn integers(&mut self, index: usize) -> Result<Vec<i64>, LayerProblem> {
        let value = self.value(index)?;
        match value.as_integers() {
            Some(integers) => Ok(integers.to_vec()),
            None => invalid(phrase!("one of its inputs should be integers")),
        }
    }

    /// A known input of one integer.
    pub(super) fn integer(&mut self, index: usize) -> Result<i64, LayerProblem> {
        match self.integers(index)?.as_slice() {
            &[integer] => Ok(integer),
            _ => invalid(phrase!("one of its inputs should be one integer")),
        }
    }

    /// The integers of an input that is known without reading a variable.
    pub(super) fn known_integers(&self, index: usize) -> Option<&[i64]> {
        match self.inputs.get(index) {
            Some(Operand::Known(value)) => value.as_integers(),
            _ => None,
        }
    }

    /// A known input of one number.
    pub(super) fn number(&mut self, index: usize) -> Result<f32, LayerProblem> {
        let value = self.value(index)?;
        // Where weights are not read, the number makes no difference.
        if let Elements::Unread = value.elements() {
            return Ok(0.0);
        }
        let float = value.as_floats().and_then(|floats| floats.first().copied());
        let integer = || Some(*value.as_integers()?.first()? as f32);
        match float.or_else(integer) {
            Some(number) => Ok(number),
            None => invalid(phrase!("one of its inputs should be one number")),
        }
    }

    /// Shape of an input.
    pub(super) fn shape(&mut self, index: usize) -> Result<Vec<usize>, LayerProblem> {
        let operand = self.input(index)?.clone();
        self.tensors.shape(&operand)
    }

    /// Whether nothing else reads an input.
    pub(super) fn is_only_reader(&self, index: usize) -> bool {
        self.sources.get(index).is_some_and(|&(_, alone)| alone)
    }

    /// The result of an operator that keeps the type of its elements.
    pub(super) fn result(&self, id: ValueId) -> Vec<Operand> {
        vec![self.operand(id)]
    }

    pub(super) fn operand(&self, id: ValueId) -> Operand {
        Operand::Computed {
            id,
            integer: self.inputs.iter().any(Operand::is_integer),
        }
    }

    /// Adds an operator and returns its output.
    pub(super) fn draw(&mut self, op: Op, inputs: &[ValueId]) -> Outputs {
        let output = self.draft().node("", op, inputs)?;
        Ok(self.result(output))
    }

    /// Adds a change of shape and returns its output.
    pub(super) fn reshaped(&mut self, x: ValueId, shape: Vec<usize>) -> Outputs {
        let output = self.draft().reshape("", x, shape)?;
        Ok(self.result(output))
    }

    /// Padding of a window; the explicit one is the convolution's business.
    pub(super) fn padding(&self) -> Result<Padding, LayerProblem> {
        match self.attributes.text("padding")? {
            Some("SAME") => Ok(Padding::Same),
            Some("VALID") => Ok(Padding::Valid),
            other => unsupported(text!(
                "its padding is {padding}",
                padding = other.unwrap_or("missing")
            )),
        }
    }

    /// Whether channels come before height and width.
    pub(super) fn is_channels_first(&self) -> Result<bool, LayerProblem> {
        match self.attributes.text("data_format")? {
            None | Some("NHWC") => Ok(false),
            Some("NCHW") => Ok(true),
            Some(other) => unsupported(text!("its data format is {other}")),
        }
    }

    /// An image with channels last.
    pub(super) fn image(&mut self, index: usize) -> Result<ValueId, LayerProblem> {
        let x = self.tensor(index)?;
        if self.is_channels_first()? && self.draft().rank(x) == 4 {
            return self.draft().transpose("", x, vec![0, 2, 3, 1]);
        }
        Ok(x)
    }

    /// The output for an image, with channels where the operator has them.
    pub(super) fn image_result(&mut self, mut output: ValueId) -> Outputs {
        if self.is_channels_first()? && self.draft().rank(output) == 4 {
            output = self.draft().transpose("", output, vec![0, 3, 1, 2])?;
        }
        Ok(self.result(output))
    }

    /// An attribute with an integer for each axis, of which only height and width may differ
    /// from 1.
    pub(super) fn spatial(&self, name: &str) -> Result<[usize; 2], LayerProblem> {
        let list = self.attributes.list(name)?;
        let (pair, others) = match (list.as_slice(), self.is_channels_first()?) {
            ([], _) => return Ok([1, 1]),
            (&[n, h, w, c], false) | (&[n, c, h, w], true) => ([h, w], [n, c]),
            _ => return invalid(text!("its {name} are {list:?}")),
        };
        if others != [1, 1] {
            return unsupported(text!("its {name} are {list:?}"));
        }
        match pair.map(|extent| {
            usize::try_from(extent)
                .ok()
                .filter(|extent| (1..=SPATIAL).contains(extent))
        }) {
            [Some(height), Some(width)] => Ok([height, width]),
            _ => invalid(text!("its {name} are {list:?}")),
        }
    }
}
