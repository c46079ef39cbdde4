//! Names and parameters of operations.

use graph::{Activation, BinaryOp, ReduceOp};

use super::bound::BoundCall;
use super::{Build, Read, arithmetic, arrangement};
use crate::layers::activation::named_function;
use crate::operations::function::Function;
use crate::problem::LayerProblem;
use crate::settings::Generation;

/// How the arguments of an operation are read.
#[derive(Clone, Copy)]
pub(super) enum Reader {
    /// A function of two tensors.
    Binary(BinaryOp),
    /// A function of one tensor without settings.
    Unary(Function),
    /// A reduction.
    Reduce(ReduceOp),
    /// Any other operation.
    Other(Read),
}

impl Reader {
    pub(super) fn read(&self, call: &BoundCall) -> Result<Build, LayerProblem> {
        match *self {
            Reader::Binary(op) => arithmetic::binary(call, op),
            Reader::Unary(function) => arithmetic::unary(call, function),
            Reader::Reduce(kind) => arithmetic::reduce(call, kind),
            Reader::Other(read) => read(call),
        }
    }
}

/// Parameters of an operation and how they are read.
pub(super) type Signature = (&'static [&'static str], Reader);

/// Parts of TensorFlow in front of a function's name.
const MODULES: &[&str] = &[
    "__operators__.",
    "math.",
    "nn.",
    "linalg.",
    "keras.backend.",
    "keras.activations.",
    "compat.v1.math.",
    "compat.v1.nn.",
    "compat.v1.linalg.",
];

/// Finds a function of TensorFlow by the name that `TFOpLambda` saves.
pub(super) fn find_function(name: &str, generation: Generation) -> Option<Signature> {
    // The old functions of `tf.image` take other pixels than the new ones.
    let tail = match name.strip_prefix("image.") {
        Some("resize") => "image.resize",
        Some(_) => return None,
        None => MODULES
            .iter()
            .find_map(|module| name.strip_prefix(module))
            .or_else(|| name.strip_prefix("compat.v1."))
            .unwrap_or(name),
    };
    if tail.contains('.') && tail != "image.resize" {
        return None;
    }
    find(tail, generation)
}

/// Finds an operation of `keras.ops` by its class.
pub(super) fn find_class(class: &str, generation: Generation) -> Option<Signature> {
    let name = match class {
        "Mean" => "reduce_mean",
        "Sum" => "reduce_sum",
        "Max" | "Amax" => "reduce_max",
        "Min" | "Amin" => "reduce_min",
        "Resize" => "image.resize",
        // What `keras.activations.relu` with a bound or a slope is saved as.
        "ReLU" => "relu",
        // The order of the parameters differs from the functions of the same name.
        "Einsum" => return Some((&["x", "y", "subscripts"], Reader::Other(arithmetic::einsum))),
        "Split" => {
            let parameters = &["x", "indices_or_sections", "axis"];
            return Some((parameters, Reader::Other(arrangement::split_at)));
        }
        "Normalize" => {
            let parameters = &["x", "axis", "order", "epsilon"];
            return Some((parameters, Reader::Other(arithmetic::normalize)));
        }
        "Transpose" => {
            return Some((&["x", "perm|axes"], Reader::Other(arrangement::transpose)));
        }
        "GetItem" => return Some((&["x", "key"], Reader::Other(arrangement::get_item))),
        class => &snake_case(class),
    };
    find(name, generation)
}

fn find(name: &str, generation: Generation) -> Option<Signature> {
    let signature: (&'static [&'static str], Read) = match name {
        "add" | "add_v2" => return binary(BinaryOp::Add),
        "sub" | "subtract" => return binary(BinaryOp::Subtract),
        "mul" | "multiply" => return binary(BinaryOp::Multiply),
        "truediv" | "true_divide" | "divide" => return binary(BinaryOp::Divide),
        "maximum" => return binary(BinaryOp::Maximum),
        "minimum" => return binary(BinaryOp::Minimum),
        "reduce_mean" => return reduction(ReduceOp::Mean),
        "reduce_sum" => return reduction(ReduceOp::Sum),
        "reduce_max" => return reduction(ReduceOp::Max),
        "reduce_min" => return reduction(ReduceOp::Min),
        "squared_difference" => (&["x", "y"], arithmetic::squared_difference),
        "pow" | "power" => (&["x", "y"], arithmetic::power),
        "add_n" => (&["inputs"], arithmetic::add_n),
        "bias_add" => (&["x|value", "bias", "data_format"], arithmetic::bias_add),
        "clip_by_value" | "clip" => (
            &[
                "x|t|a",
                "minimum|clip_value_min|x_min|min_value",
                "maximum|clip_value_max|x_max|max_value",
            ],
            arithmetic::clip,
        ),
        "relu" => (
            &[
                "x|features",
                "negative_slope|alpha",
                "max_value",
                "threshold",
            ],
            arithmetic::relu,
        ),
        "leaky_relu" => (
            &["x|features", "negative_slope|alpha"],
            arithmetic::leaky_relu,
        ),
        "elu" => (&["x|features", "alpha"], arithmetic::elu),
        "gelu" => (&["x|features", "approximate"], arithmetic::gelu),
        "softmax" => (&["x|logits", "axis"], arithmetic::softmax),
        "log_softmax" => (&["x|logits", "axis"], arithmetic::log_softmax),
        "cast" => (&["x", "dtype"], arithmetic::cast),
        "silu" => (&["x|features", "beta"], arithmetic::silu),
        "reduce_variance" | "var" => (REDUCTION, arithmetic::variance),
        "reduce_std" | "std" => (REDUCTION, arithmetic::deviation),
        "l2_normalize" => (&["x", "axis|dim", "epsilon"], arithmetic::l2_normalize),
        "concat" | "concatenate" => (&["values|tensors|xs", "axis"], arrangement::concatenate),
        "stack" => (&["values|x|arrays", "axis"], arrangement::stack),
        "unstack" => (&["x|value", "num", "axis"], arrangement::unstack),
        "split" => (
            &["x|value", "num_or_size_splits", "axis", "num"],
            arrangement::split,
        ),
        "reshape" => (&["x|tensor", "shape|newshape"], arrangement::reshape),
        "expand_dims" => (&["x|input", "axis"], arrangement::expand_dims),
        "squeeze" => (&["x|input", "axis"], arrangement::squeeze),
        "transpose" | "permute_dimensions" => (&["x|a", "perm|pattern"], arrangement::transpose),
        "swapaxes" => (&["x", "axis1", "axis2"], arrangement::swap_axes),
        "shape" => (&["x|input", "out_type"], arrangement::shape),
        "pad" => (
            &["x|tensor", "paddings|pad_width", "mode", "constant_values"],
            arrangement::pad,
        ),
        "tile" => (&["x|input", "multiples|repeats"], arrangement::tile),
        "repeat" => (&["x|input", "repeats", "axis"], arrangement::repeat),
        "depth_to_space" => (
            &["x|input", "block_size", "data_format"],
            arrangement::depth_to_space,
        ),
        "space_to_depth" => (
            &["x|input", "block_size", "data_format"],
            arrangement::space_to_depth,
        ),
        "roll" => (&["x|input", "shift", "axis"], arrangement::roll),
        "broadcast_to" => (&["x|input", "shape"], arrangement::broadcast_to),
        "image.resize" => (
            &[
                "x|images",
                "size",
                "interpolation|method",
                "preserve_aspect_ratio",
                "antialias",
                "crop_to_aspect_ratio",
                "pad_to_aspect_ratio",
                "fill_mode",
                "fill_value",
                "data_format",
            ],
            arrangement::resize,
        ),
        "getitem" => (&["x", "slice_spec"], arrangement::get_item),
        "gather" | "take" => (
            &["x|params", "indices", "axis", "batch_dims"],
            arrangement::gather,
        ),
        "flip" | "reverse" => (&["x|tensor", "axis"], arrangement::flip),
        "matmul" => (
            &["x|a|x1", "y|b|x2", "transpose_a", "transpose_b"],
            arithmetic::matmul,
        ),
        name => {
            let function = unary(name, generation)?;
            return Some((&["x|features|input|value"], Reader::Unary(function)));
        }
    };
    Some((signature.0, Reader::Other(signature.1)))
}

fn binary(op: BinaryOp) -> Option<Signature> {
    Some((&["x|a|x1", "y|b|x2"], Reader::Binary(op)))
}

const REDUCTION: &[&str] = &["x|input_tensor", "axis", "keepdims|keep_dims"];

fn reduction(kind: ReduceOp) -> Option<Signature> {
    Some((REDUCTION, Reader::Reduce(kind)))
}

/// Functions of one tensor; those of `keras.activations` keep their names.
fn unary(name: &str, generation: Generation) -> Option<Function> {
    Some(match name {
        "identity" | "stop_gradient" | "convert_to_tensor" => Function::Linear,
        "exp" => Function::Elementwise(Activation::Exp),
        "log" => Function::Elementwise(Activation::Log),
        "sqrt" => Function::Elementwise(Activation::Sqrt),
        "rsqrt" => Function::Elementwise(Activation::Rsqrt),
        "neg" | "negative" => Function::Elementwise(Activation::Negate),
        "abs" | "absolute" => Function::Elementwise(Activation::Abs),
        "square" => Function::Elementwise(Activation::Square),
        "reciprocal" => Function::Reciprocal,
        "erf" => Function::Erf,
        "erfc" => Function::Erfc,
        "expm1" => Function::Expm1,
        "log1p" => Function::Log1p,
        name => named_function(name, generation)?,
    })
}

/// Writes a class of `keras.ops` like a function: `HardSigmoid` becomes `hard_sigmoid`.
fn snake_case(class: &str) -> String {
    let mut name = String::new();
    for (index, letter) in class.char_indices() {
        if index > 0 && letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}
