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

/// Parameters of an operation, each with its names in all versions, and how they are read.
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
    let found = CLASSES.iter().find(|(name, _)| *name == class);
    found
        .map(|&(_, signature)| signature)
        .or_else(|| find(&snake_case(class), generation))
}

fn find(name: &str, generation: Generation) -> Option<Signature> {
    let found = FUNCTIONS.iter().find(|(names, _)| names.contains(&name));
    found
        .map(|&(_, signature)| signature)
        .or_else(|| Some((UNARY, Reader::Unary(named_function(name, generation)?))))
}

pub(super) const UNARY: &[&str] = &["x|features|input|value"];
pub(super) const BINARY: &[&str] = &["x|a|x1", "y|b|x2"];
const REDUCTION: &[&str] = &["x|input_tensor", "axis", "keepdims|keep_dims"];
const BLOCK: &[&str] = &["x|input", "block_size", "data_format"];
const RESIZE: &[&str] = &[
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
];

const fn binary(op: BinaryOp) -> Signature {
    (BINARY, Reader::Binary(op))
}

const fn reduction(kind: ReduceOp) -> Signature {
    (REDUCTION, Reader::Reduce(kind))
}

const fn unary(function: Function) -> Signature {
    (UNARY, Reader::Unary(function))
}

const fn elementwise(function: Activation) -> Signature {
    unary(Function::Elementwise(function))
}

const fn other(parameters: &'static [&'static str], read: Read) -> Signature {
    (parameters, Reader::Other(read))
}

/// Classes of `keras.ops` that are called otherwise than the function of the same name, or whose
/// parameters come in another order.
#[rustfmt::skip]
const CLASSES: &[(&str, Signature)] = &[
    ("Mean", reduction(ReduceOp::Mean)),
    ("Sum", reduction(ReduceOp::Sum)),
    ("Max", reduction(ReduceOp::Max)),
    ("Amax", reduction(ReduceOp::Max)),
    ("Min", reduction(ReduceOp::Min)),
    ("Amin", reduction(ReduceOp::Min)),
    ("Resize", other(RESIZE, arrangement::resize)),
    // What `keras.activations.relu` with a bound or a slope is saved as.
    ("ReLU", other(RELU, arithmetic::relu)),
    ("Einsum", other(&["x", "y", "subscripts"], arithmetic::einsum)),
    ("Split", other(&["x", "indices_or_sections", "axis"], arrangement::split_at)),
    ("Normalize", other(&["x", "axis", "order", "epsilon"], arithmetic::normalize)),
    ("Transpose", other(&["x", "perm|axes"], arrangement::transpose)),
    ("GetItem", other(&["x", "key"], arrangement::get_item)),
];

const RELU: &[&str] = &[
    "x|features",
    "negative_slope|alpha",
    "max_value",
    "threshold",
];

/// Functions of TensorFlow and of `keras.ops`. Those of `keras.activations` stand in
/// [`named_function`].
#[rustfmt::skip]
const FUNCTIONS: &[(&[&str], Signature)] = &[
    (&["add", "add_v2"], binary(BinaryOp::Add)),
    (&["sub", "subtract"], binary(BinaryOp::Subtract)),
    (&["mul", "multiply"], binary(BinaryOp::Multiply)),
    (&["truediv", "true_divide", "divide"], binary(BinaryOp::Divide)),
    (&["maximum"], binary(BinaryOp::Maximum)),
    (&["minimum"], binary(BinaryOp::Minimum)),
    (&["reduce_mean"], reduction(ReduceOp::Mean)),
    (&["reduce_sum"], reduction(ReduceOp::Sum)),
    (&["reduce_max"], reduction(ReduceOp::Max)),
    (&["reduce_min"], reduction(ReduceOp::Min)),
    (&["reduce_variance", "var"], other(REDUCTION, arithmetic::variance)),
    (&["reduce_std", "std"], other(REDUCTION, arithmetic::deviation)),
    (&["identity", "stop_gradient", "convert_to_tensor"], unary(Function::Linear)),
    (&["exp"], elementwise(Activation::Exp)),
    (&["log"], elementwise(Activation::Log)),
    (&["sqrt"], elementwise(Activation::Sqrt)),
    (&["rsqrt"], elementwise(Activation::Rsqrt)),
    (&["neg", "negative"], elementwise(Activation::Negate)),
    (&["abs", "absolute"], elementwise(Activation::Abs)),
    (&["square"], elementwise(Activation::Square)),
    (&["reciprocal"], unary(Function::Reciprocal)),
    (&["erf"], unary(Function::Erf)),
    (&["erfc"], unary(Function::Erfc)),
    (&["expm1"], unary(Function::Expm1)),
    (&["log1p"], unary(Function::Log1p)),
    (&["squared_difference"], other(&["x", "y"], arithmetic::squared_difference)),
    (&["pow", "power"], other(&["x", "y"], arithmetic::power)),
    (&["add_n"], other(&["inputs"], arithmetic::add_n)),
    (&["bias_add"], other(&["x|value", "bias", "data_format"], arithmetic::bias_add)),
    (&["clip_by_value", "clip"], other(
        &["x|t|a", "minimum|clip_value_min|x_min|min_value", "maximum|clip_value_max|x_max|max_value"],
        arithmetic::clip,
    )),
    (&["relu"], other(RELU, arithmetic::relu)),
    (&["leaky_relu"], other(&["x|features", "negative_slope|alpha"], arithmetic::leaky_relu)),
    (&["elu"], other(&["x|features", "alpha"], arithmetic::elu)),
    (&["gelu"], other(&["x|features", "approximate"], arithmetic::gelu)),
    (&["softmax"], other(&["x|logits", "axis"], arithmetic::softmax)),
    (&["log_softmax"], other(&["x|logits", "axis"], arithmetic::log_softmax)),
    (&["cast"], other(&["x", "dtype"], arithmetic::cast)),
    (&["silu"], other(&["x|features", "beta"], arithmetic::silu)),
    (&["l2_normalize"], other(&["x", "axis|dim", "epsilon"], arithmetic::l2_normalize)),
    (&["matmul"], other(&["x|a|x1", "y|b|x2", "transpose_a", "transpose_b"], arithmetic::matmul)),
    (&["concat", "concatenate"], other(&["values|tensors|xs", "axis"], arrangement::concatenate)),
    (&["stack"], other(&["values|x|arrays", "axis"], arrangement::stack)),
    (&["unstack"], other(&["x|value", "num", "axis"], arrangement::unstack)),
    (&["split"], other(&["x|value", "num_or_size_splits", "axis", "num"], arrangement::split)),
    (&["reshape"], other(&["x|tensor", "shape|newshape"], arrangement::reshape)),
    (&["expand_dims"], other(&["x|input", "axis"], arrangement::expand_dims)),
    (&["squeeze"], other(&["x|input", "axis"], arrangement::squeeze)),
    (&["transpose", "permute_dimensions"], other(&["x|a", "perm|pattern"], arrangement::transpose)),
    (&["swapaxes"], other(&["x", "axis1", "axis2"], arrangement::swap_axes)),
    (&["shape"], other(&["x|input", "out_type"], arrangement::shape)),
    (&["pad"], other(
        &["x|tensor", "paddings|pad_width", "mode", "constant_values"],
        arrangement::pad,
    )),
    (&["tile"], other(&["x|input", "multiples|repeats"], arrangement::tile)),
    (&["repeat"], other(&["x|input", "repeats", "axis"], arrangement::repeat)),
    (&["roll"], other(&["x|input", "shift", "axis"], arrangement::roll)),
    (&["broadcast_to"], other(&["x|input", "shape"], arrangement::broadcast_to)),
    (&["depth_to_space"], other(BLOCK, arrangement::depth_to_space)),
    (&["space_to_depth"], other(BLOCK, arrangement::space_to_depth)),
    (&["image.resize"], other(RESIZE, arrangement::resize)),
    (&["getitem"], other(&["x", "slice_spec"], arrangement::get_item)),
    (&["gather", "take"], other(&["x|params", "indices", "axis", "batch_dims"], arrangement::gather)),
    (&["flip", "reverse"], other(&["x|tensor", "axis"], arrangement::flip)),
];

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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_name_stands_for_one_operation() {
        let functions = FUNCTIONS
            .iter()
            .flat_map(|(names, _)| names.iter().copied());
        let names: Vec<&str> = functions.chain(CLASSES.iter().map(|row| row.0)).collect();
        let distinct: HashSet<&str> = names.iter().copied().collect();
        assert_eq!(distinct.len(), names.len());
    }
}
