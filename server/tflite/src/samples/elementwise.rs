//! Operators that treat every element alike.

use graph::{Activation, BinaryOp, FusedActivation, GraphError, Op};

use super::{Sample, UNIT_RANGE, add};

const POSITIVE: (f32, f32) = (0.25, 2.0);

/// Functions of one tensor, and of one with its parameters.
pub(super) fn functions(samples: &mut Vec<Sample>) -> Result<(), GraphError> {
    let wide = (-6.0, 6.0);
    for (name, range, activation) in [
        ("relu", wide, Activation::Relu),
        ("relu6", (-8.0, 8.0), Activation::Relu6),
        ("leaky_relu", wide, Activation::LeakyRelu { alpha: 0.2 }),
        ("elu", wide, Activation::Elu),
        ("sigmoid", wide, Activation::Sigmoid),
        ("tanh", (-3.0, 3.0), Activation::Tanh),
        ("hard_swish", wide, Activation::HardSwish),
        ("gelu", wide, Activation::Gelu { approximate: false }),
        (
            "gelu_approximate",
            wide,
            Activation::Gelu { approximate: true },
        ),
        ("exp", UNIT_RANGE, Activation::Exp),
        ("log", POSITIVE, Activation::Log),
        ("sqrt", POSITIVE, Activation::Sqrt),
        ("rsqrt", POSITIVE, Activation::Rsqrt),
        ("negate", wide, Activation::Negate),
        ("abs", wide, Activation::Abs),
        ("square", UNIT_RANGE, Activation::Square),
    ] {
        add(samples, name, |draft| {
            let x = draft.input(&[1, 5, 4, 3], range)?;
            draft.node(Op::Activation(activation), &[x])
        })?;
    }
    add(samples, "prelu", |draft| {
        let x = draft.input(&[1, 5, 4, 3], wide)?;
        let alpha = draft.constant("alpha", &[1, 1, 3], (-0.5, 0.5));
        draft.node(Op::PRelu, &[x, alpha])
    })?;
    add(samples, "softmax", |draft| {
        let x = draft.input(&[1, 10], wide)?;
        draft.node(Op::Softmax, &[x])
    })?;
    Ok(())
}

/// Functions of two tensors.
pub(super) fn functions_of_two(samples: &mut Vec<Sample>) -> Result<(), GraphError> {
    for (name, op) in [
        ("add", BinaryOp::Add),
        ("subtract", BinaryOp::Subtract),
        ("multiply", BinaryOp::Multiply),
        ("divide", BinaryOp::Divide),
        ("maximum", BinaryOp::Maximum),
        ("minimum", BinaryOp::Minimum),
    ] {
        add(samples, name, |draft| {
            let a = draft.input(&[1, 5, 4, 3], UNIT_RANGE)?;
            let b = draft.input(&[1, 5, 4, 3], POSITIVE)?;
            draft.node(Op::Binary(op), &[a, b])
        })?;
    }
    for (name, op) in [
        ("add_constant", BinaryOp::Add),
        ("subtract_constant", BinaryOp::Subtract),
        ("multiply_constant", BinaryOp::Multiply),
        ("divide_constant", BinaryOp::Divide),
        ("maximum_constant", BinaryOp::Maximum),
        ("minimum_constant", BinaryOp::Minimum),
    ] {
        add(samples, name, |draft| {
            let a = draft.input(&[1, 5, 4, 3], UNIT_RANGE)?;
            let b = draft.constant("constant", &[3], POSITIVE);
            draft.node(Op::Binary(op), &[a, b])
        })?;
    }
    for (name, op) in [
        ("add_relu", BinaryOp::Add),
        ("subtract_relu", BinaryOp::Subtract),
        ("multiply_relu", BinaryOp::Multiply),
        ("divide_relu", BinaryOp::Divide),
    ] {
        add(samples, name, |draft| {
            let a = draft.input(&[1, 5, 4, 3], (-1.0, 3.0))?;
            let b = draft.input(&[1, 1, 1, 3], POSITIVE)?;
            let y = draft.node(Op::Binary(op), &[a, b])?;
            draft.clamp(FusedActivation::Relu);
            Ok(y)
        })?;
    }
    Ok(())
}
