//! The operators of TensorFlow that the graph has counterparts for.

mod arrangement;
mod combination;
mod convolution;
mod elementwise;
mod fourier;
mod normalization;
mod pooling;
mod product;
mod resizing;

use std::ops::Range;

use graph::{Op, Padding};

use super::attributes::WithDefaults;
use super::operand::Operand;
use super::tensors::Tensors;
use super::value::{Elements, Value};
use crate::draft::{Draft, Layout, ValueId};
use crate::operations::function::Function;
use crate::problem::{LayerProblem, invalid, unsupported};
use crate::saved_model::attributes::Attributes;
use crate::saved_model::flat::Port;

/// What the outputs of a node are.
pub(super) type Outputs = Result<Vec<Operand>, LayerProblem>;

/// Adds an operator that depends on the image.
pub(super) type Handler = fn(&mut Call<'_, '_>) -> Outputs;

/// How an operator is added; `None` when this program cannot.
pub(super) fn handler(op: &str) -> Option<Handler> {
    Some(match op {
        "Conv2D" => convolution::conv2d,
        "DepthwiseConv2dNative" => convolution::depthwise,
        "Conv2DBackpropInput" => convolution::transposed,
        "SpaceToBatchND" => convolution::space_to_batch,
        "BatchToSpaceND" => convolution::batch_to_space,
        "MatMul" | "BatchMatMul" | "BatchMatMulV2" | "BatchMatMulV3" => product::matmul,
        "Einsum" => product::einsum,
        "BiasAdd" | "Add" | "AddV2" => combination::add,
        "AddN" => combination::add_all,
        "Sub" | "Mul" | "RealDiv" | "Div" | "Maximum" | "Minimum" => combination::binary,
        "DivNoNan" => combination::divide_no_nan,
        "SquaredDifference" => combination::squared_difference,
        "Pow" => combination::power,
        "SelectV2" | "Select" => combination::select,
        "Greater" => combination::greater,
        "IsFinite" => combination::finite,
        "FusedBatchNorm" | "FusedBatchNormV2" | "FusedBatchNormV3" => {
            normalization::batch_normalization
        }
        "AvgPool" | "MaxPool" => pooling::pool,
        "Mean" | "Sum" | "Max" | "Min" => pooling::reduce,
        "Pad" | "PadV2" => arrangement::pad,
        "MirrorPad" => arrangement::mirror,
        "Roll" => arrangement::roll,
        "ConcatV2" => arrangement::concatenate,
        "Pack" => arrangement::pack,
        "Split" | "SplitV" | "Unpack" => arrangement::split,
        "Reshape" => arrangement::reshape,
        "Squeeze" => arrangement::squeeze,
        "ExpandDims" => arrangement::expand,
        "Transpose" => arrangement::transpose,
        "StridedSlice" | "Slice" => arrangement::slice,
        "ReverseV2" => arrangement::reverse,
        "Gather" | "GatherV2" => arrangement::gather,
        "Tile" => arrangement::tile,
        "BroadcastTo" => arrangement::broadcast,
        "ResizeBilinear" | "ResizeNearestNeighbor" => resizing::resize,
        "DepthToSpace" => resizing::depth_to_space,
        "SpaceToDepth" => resizing::space_to_depth,
        "ExtractImagePatches" => resizing::patches,
        "Cast" => elementwise::cast,
        "Complex" => fourier::complex,
        "FFT2D" => fourier::transform,
        "Real" => fourier::real_part,
        "LeakyRelu" => elementwise::function,
        op => return Function::of_operator(op).map(|_| elementwise::function as Handler),
    })
}

/// Operators that move pixels of any type about.
pub(super) fn takes_integers(op: &str) -> bool {
    matches!(
        op,
        "Cast"
            | "ConcatV2"
            | "ExpandDims"
            | "MirrorPad"
            | "Pack"
            | "Pad"
            | "PadV2"
            | "Reshape"
            | "ResizeBilinear"
            | "ResizeNearestNeighbor"
            | "ReverseV2"
            | "Roll"
            | "Select"
            | "SelectV2"
            | "Slice"
            | "Split"
            | "SplitV"
            | "Squeeze"
            | "StridedSlice"
            | "Transpose"
            | "Unpack"
    )
}

/// Largest kernel, stride or dilation.
const SPATIAL: usize = 1 << 24;

/// Why an operator without a handler cannot be converted.
pub(super) fn reason(op: &str) -> String {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| op.starts_with(prefix));
    let reason = if starts(&[
        "StatelessRandom",
        "Random",
        "Multinomial",
        "ImageProjectiveTransform",
    ]) || op == "StatelessMultinomial"
    {
        "random augmentation is active in this export, save the model as .keras instead"
    } else if starts(&[
        "While",
        "StatelessWhile",
        "If",
        "StatelessIf",
        "Case",
        "StatelessCase",
    ]) || starts(&[
        "Switch",
        "Merge",
        "Enter",
        "Exit",
        "LoopCond",
        "TensorList",
        "TensorArray",
    ]) {
        "it is part of a loop or a branch"
    } else if starts(&["PyFunc", "EagerPyFunc"]) {
        "it runs Python code"
    } else if starts(&[
        "LookupTable",
        "HashTable",
        "MutableHashTable",
        "String",
        "Regex",
        "AsString",
    ]) {
        "it works with text"
    } else if starts(&["Decode", "ParseExample", "ReadFile", "EncodeJpeg"]) {
        "it reads files, export the model without it"
    } else if starts(&[
        "NonMaxSuppression",
        "CombinedNonMaxSuppression",
        "TopK",
        "ArgMax",
    ]) {
        "it chooses among results, export the model without it"
    } else {
        return format!("the TensorFlow operator {op} is not supported");
    };
    reason.to_owned()
}

/// One operator of the flat graph with what it reads.
pub(super) struct Call<'i, 'a> {
    pub(super) tensors: &'i mut Tensors<'a>,
    pub(super) op: &'a str,
    pub(super) attributes: &'a Attributes<'a>,
    pub(super) inputs: Vec<Operand>,
    /// Where the inputs come from, and whether nothing else reads them.
    pub(super) sources: Vec<(Port, bool)>,
}

impl Call<'_, '_> {
    fn draft(&mut self) -> &mut Draft {
        &mut self.tensors.draft
    }

    fn draft_ref(&self) -> &Draft {
        &self.tensors.draft
    }

    fn input(&self, index: usize) -> Result<&Operand, LayerProblem> {
        self.inputs
            .get(index)
            .ok_or_else(|| LayerProblem::Invalid(format!("it has {} inputs", self.inputs.len())))
    }

    /// An input as a value of the draft, be it computed or constant.
    fn tensor(&mut self, index: usize) -> Result<ValueId, LayerProblem> {
        let operand = self.input(index)?.clone();
        self.tensors.value_of(&operand, "constant")
    }

    /// Some inputs as values of the draft.
    fn tensors(&mut self, indices: Range<usize>) -> Result<Vec<ValueId>, LayerProblem> {
        indices.map(|index| self.tensor(index)).collect()
    }

    /// An input that is a real constant, as a value of the draft.
    fn weight(&mut self, index: usize, role: &'static str) -> Result<ValueId, LayerProblem> {
        let operand = self.input(index)?.clone();
        match operand {
            Operand::Computed { .. } | Operand::Unknown => {
                unsupported(format!("its {role} depends on the image"))
            }
            _ => self.tensors.value_of(&operand, role),
        }
    }

    /// A known tensor as a value of the draft.
    fn constant(&mut self, value: &Value, role: &'static str) -> Result<ValueId, LayerProblem> {
        self.tensors.constant_of(value, role)
    }

    /// An input that is a kernel, laid out anew.
    fn kernel(&mut self, index: usize, layout: Layout) -> Result<ValueId, LayerProblem> {
        let operand = self.input(index)?.clone();
        let source = self.sources.get(index).map(|&(port, _)| port);
        self.tensors.kernel(&operand, layout, source)
    }

    /// Whether an input is known before the model runs.
    fn is_known(&self, index: usize) -> bool {
        matches!(
            self.inputs.get(index),
            Some(Operand::Known(_) | Operand::Variable(_))
        )
    }

    /// A known input.
    fn value(&mut self, index: usize) -> Result<Value, LayerProblem> {
        let operand = self.input(index)?.clone();
        self.tensors.read(&operand)
    }

    /// A known input of integers.
    fn integers(&mut self, index: usize) -> Result<Vec<i64>, LayerProblem> {
        let value = self.value(index)?;
        match value.as_integers() {
            Some(integers) => Ok(integers.to_vec()),
            None => invalid("one of its inputs should be integers"),
        }
    }

    /// A known input of one integer.
    fn integer(&mut self, index: usize) -> Result<i64, LayerProblem> {
        match self.integers(index)?.as_slice() {
            &[integer] => Ok(integer),
            _ => invalid("one of its inputs should be one integer"),
        }
    }

    /// The integers of an input that is known without reading a variable.
    fn known_integers(&self, index: usize) -> Option<&[i64]> {
        match self.inputs.get(index) {
            Some(Operand::Known(value)) => value.as_integers(),
            _ => None,
        }
    }

    /// A known input of one number.
    fn number(&mut self, index: usize) -> Result<f32, LayerProblem> {
        let value = self.value(index)?;
        // Where weights are not read, the number makes no difference.
        if let Elements::Unread = value.elements() {
            return Ok(0.0);
        }
        let float = value.as_floats().and_then(|floats| floats.first().copied());
        let integer = || Some(*value.as_integers()?.first()? as f32);
        match float.or_else(integer) {
            Some(number) => Ok(number),
            None => invalid("one of its inputs should be one number"),
        }
    }

    /// Shape of an input.
    fn shape(&mut self, index: usize) -> Result<Vec<usize>, LayerProblem> {
        let operand = self.input(index)?.clone();
        self.tensors.shape(&operand)
    }

    /// Whether nothing else reads an input.
    fn is_only_reader(&self, index: usize) -> bool {
        self.sources.get(index).is_some_and(|&(_, alone)| alone)
    }

    /// The result of an operator that keeps the type of its elements.
    fn result(&self, id: ValueId) -> Vec<Operand> {
        vec![self.operand(id)]
    }

    fn operand(&self, id: ValueId) -> Operand {
        Operand::Computed {
            id,
            integer: self.inputs.iter().any(Operand::is_integer),
        }
    }

    /// Adds an operator and returns its output.
    fn draw(&mut self, op: Op, inputs: &[ValueId]) -> Outputs {
        let output = self.draft().node("", op, inputs)?;
        Ok(self.result(output))
    }

    /// Adds a change of shape and returns its output.
    fn reshaped(&mut self, x: ValueId, shape: Vec<usize>) -> Outputs {
        let output = self.draft().reshape("", x, shape)?;
        Ok(self.result(output))
    }

    /// Padding of a window; the explicit one is the convolution's business.
    fn padding(&self) -> Result<Padding, LayerProblem> {
        match self.attributes.text("padding")? {
            Some("SAME") => Ok(Padding::Same),
            Some("VALID") => Ok(Padding::Valid),
            other => unsupported(format!("its padding is {}", other.unwrap_or("missing"))),
        }
    }

    /// Whether channels come before height and width.
    fn is_channels_first(&self) -> Result<bool, LayerProblem> {
        match self.attributes.text("data_format")? {
            None | Some("NHWC") => Ok(false),
            Some("NCHW") => Ok(true),
            Some(other) => unsupported(format!("its data format is {other}")),
        }
    }

    /// An image with channels last.
    fn image(&mut self, index: usize) -> Result<ValueId, LayerProblem> {
        let x = self.tensor(index)?;
        if self.is_channels_first()? && self.draft().rank(x) == 4 {
            return self.draft().transpose("", x, vec![0, 2, 3, 1]);
        }
        Ok(x)
    }

    /// The output for an image, with channels where the operator has them.
    fn image_result(&mut self, mut output: ValueId) -> Outputs {
        if self.is_channels_first()? && self.draft().rank(output) == 4 {
            output = self.draft().transpose("", output, vec![0, 3, 1, 2])?;
        }
        Ok(self.result(output))
    }

    /// An attribute with an integer for each axis, of which only height and width may differ
    /// from 1.
    fn spatial(&self, name: &str) -> Result<[usize; 2], LayerProblem> {
        let list = self.attributes.list(name)?;
        let (pair, others) = match (list.as_slice(), self.is_channels_first()?) {
            ([], _) => return Ok([1, 1]),
            (&[n, h, w, c], false) | (&[n, c, h, w], true) => ([h, w], [n, c]),
            _ => return invalid(format!("its {name} are {list:?}")),
        };
        if others != [1, 1] {
            return unsupported(format!("its {name} are {list:?}"));
        }
        match pair.map(|extent| {
            usize::try_from(extent)
                .ok()
                .filter(|extent| (1..=SPATIAL).contains(extent))
        }) {
            [Some(height), Some(width)] => Ok([height, width]),
            _ => invalid(format!("its {name} are {list:?}")),
        }
    }
}
