//! The operators of TensorFlow that the graph has counterparts for.

mod arrangement;
mod combination;
mod convolution;
mod dense;
mod einsum;
mod elementwise;
mod fourier;
mod normalization;
mod pooling;
mod resizing;

use graph::Op;

use super::drawing::{Drawing, Drawn};
use super::importer::Importer;
use super::term::Term;
use super::value::Value;
use crate::assembly::Layout;
use crate::layers::LayerProblem;
use crate::saved_model::attributes::Attributes;

/// Why nothing could be drawn, as the result of a handler.
fn unsupported<T>(reason: impl Into<String>) -> Result<T, LayerProblem> {
    Err(LayerProblem::Unsupported(reason.into()))
}

fn invalid<T>(problem: impl Into<String>) -> Result<T, LayerProblem> {
    Err(LayerProblem::Invalid(problem.into()))
}

/// Draws an operator that depends on the image.
pub(super) type Handler = fn(&mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem>;

/// How an operator is drawn; `None` when this program cannot.
pub(super) fn handler(op: &str) -> Option<Handler> {
    Some(match op {
        "Conv2D" => convolution::conv2d,
        "DepthwiseConv2dNative" => convolution::depthwise,
        "Conv2DBackpropInput" => convolution::transposed,
        "SpaceToBatchND" => convolution::space_to_batch,
        "BatchToSpaceND" => convolution::batch_to_space,
        "MatMul" => dense::matrix_product,
        "BatchMatMul" | "BatchMatMulV2" | "BatchMatMulV3" => dense::batch_matrix_product,
        "Einsum" => einsum::einsum,
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
        "BroadcastTo" => arrangement::spread,
        "ResizeBilinear" | "ResizeNearestNeighbor" => resizing::resize,
        "DepthToSpace" => resizing::depth_to_space,
        "SpaceToDepth" => resizing::space_to_depth,
        "ExtractImagePatches" => resizing::patches,
        "Cast" => elementwise::cast,
        "Complex" => fourier::complex,
        "FFT2D" => fourier::transform,
        "Real" => fourier::real_part,
        "Softmax" => elementwise::softmax,
        _ => return elementwise::is_function(op).then_some(elementwise::function),
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
pub(super) struct Call<'i, 'a, 'g> {
    pub(super) importer: &'i mut Importer<'a, 'g>,
    /// Position in the flat graph.
    pub(super) node: usize,
    pub(super) op: &'a str,
    pub(super) attributes: &'a Attributes<'g>,
    pub(super) inputs: Vec<Term>,
}

impl Call<'_, '_, '_> {
    fn drawing(&mut self) -> &mut Drawing {
        &mut self.importer.drawing
    }

    fn input(&self, index: usize) -> Result<&Term, LayerProblem> {
        self.inputs
            .get(index)
            .ok_or_else(|| LayerProblem::Invalid(format!("it has {} inputs", self.inputs.len())))
    }

    /// An input as a tensor of the drawing, be it computed or constant.
    fn tensor(&mut self, index: usize) -> Result<Drawn, LayerProblem> {
        let term = self.input(index)?.clone();
        self.importer.drawn(&term, "constant")
    }

    /// An input that is a real constant, as a tensor of the drawing.
    fn weight(&mut self, index: usize, role: &'static str) -> Result<Drawn, LayerProblem> {
        let term = self.input(index)?.clone();
        match term {
            Term::Drawn { .. } | Term::Unknown => {
                unsupported(format!("its {role} depends on the image"))
            }
            _ => self.importer.drawn(&term, role),
        }
    }

    /// An input that is a kernel, laid out anew.
    fn kernel(&mut self, index: usize, layout: Layout) -> Result<Drawn, LayerProblem> {
        let term = self.input(index)?.clone();
        let flat = self.importer.flat;
        let port = flat
            .nodes
            .get(self.node)
            .and_then(|node| node.inputs.get(index));
        let port = port.map(|&port| self.importer.augmentation.source(port));
        self.importer.kernel(&term, layout, port)
    }

    /// Whether an input is known before the model runs.
    fn is_known(&self, index: usize) -> bool {
        matches!(
            self.inputs.get(index),
            Some(Term::Value(_) | Term::Variable(_))
        )
    }

    /// A known input.
    fn value(&mut self, index: usize) -> Result<Value, LayerProblem> {
        let term = self.input(index)?.clone();
        self.importer.value(&term)
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

    /// Shape of an input.
    fn shape(&mut self, index: usize) -> Result<Vec<usize>, LayerProblem> {
        let term = self.input(index)?.clone();
        self.importer.shape(&term)
    }

    /// Whether nothing else reads an input.
    fn is_only_reader(&self, index: usize) -> bool {
        self.importer.has_one_reader(self.node, index)
    }

    /// The result of an operator that keeps the type of its elements.
    fn result(&self, id: Drawn) -> Vec<Term> {
        vec![self.term(id)]
    }

    fn term(&self, id: Drawn) -> Term {
        Term::Drawn {
            id,
            integer: self.inputs.iter().any(Term::is_integer),
        }
    }

    /// Draws an operator and returns its output.
    fn draw(&mut self, op: Op, inputs: &[Drawn]) -> Result<Vec<Term>, LayerProblem> {
        let output = self.drawing().draw(op, inputs)?;
        Ok(self.result(output))
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
    fn image(&mut self, index: usize) -> Result<Drawn, LayerProblem> {
        let x = self.tensor(index)?;
        if self.is_channels_first()? && self.drawing().shape(x).len() == 4 {
            return self.drawing().transpose(x, vec![0, 2, 3, 1]);
        }
        Ok(x)
    }

    /// The output for an image, with channels where the operator has them.
    fn image_result(&mut self, mut output: Drawn) -> Result<Vec<Term>, LayerProblem> {
        if self.is_channels_first()? && self.drawing().shape(output).len() == 4 {
            output = self.drawing().transpose(output, vec![0, 3, 1, 2])?;
        }
        Ok(self.result(output))
    }

    /// An attribute with an integer for each axis, of which only height and width may differ
    /// from 1.
    fn spatial(&self, name: &str) -> Result<[usize; 2], LayerProblem> {
        use super::attributes::WithDefaults;
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
