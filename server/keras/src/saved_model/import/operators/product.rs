//! Products of matrices and Einstein sums.

use graph::Op;
use localization::text;

use super::call::{Call, Outputs};
use crate::draft::Layout;
use crate::operations::einsum::Equation;
use crate::operations::product;
use crate::problem::unsupported;
use crate::saved_model::import::attributes::WithDefaults;
use crate::saved_model::import::folding;
use crate::saved_model::import::operand::Operand;

pub(super) fn matmul(call: &mut Call<'_, '_>) -> Outputs {
    let [transpose_x, transpose_y] = match call.op {
        "MatMul" => ["transpose_a", "transpose_b"],
        _ => ["adj_x", "adj_y"],
    };
    let transpose_x = call.attributes.flag(transpose_x, false)?;
    let transpose_y = call.attributes.flag(transpose_y, false)?;
    let mut x = call.tensor(0)?;
    if transpose_x {
        x = product::transposed(call.draft(), x)?;
    }
    if call.is_known(1) && call.shape(1)?.len() == 2 {
        let layout = match transpose_y {
            true => Layout::Keras,
            false => Layout::Transposed,
        };
        let kernel = call.kernel(1, layout)?;
        return call.draw(Op::FullyConnected, &[x, kernel]);
    }
    let y = call.tensor(1)?;
    let output = product::matmul(call.draft(), "", x, y, transpose_y)?;
    Ok(call.result(output))
}

pub(super) fn einsum(call: &mut Call<'_, '_>) -> Outputs {
    let text = call.attributes.text("equation")?.unwrap_or_default();
    if call.inputs.len() != 2 {
        return unsupported(text!("its equation \"{text}\" is not supported"));
    }
    let contraction = Equation::parse(text)?.contraction(&call.shape(0)?, &call.shape(1)?)?;
    let x = call.tensor(0)?;
    let output = if contraction.is_dense() && call.is_known(1) {
        let (permutation, shape) = contraction.kernel()?;
        let matrix = folding::transposed(&call.value(1)?, &permutation)?;
        let matrix = Operand::Known(matrix.reshaped(shape.to_vec())?);
        let kernel = call.tensors.kernel(&matrix, Layout::Keras, None)?;
        contraction.with_kernel(call.draft(), x, kernel)?
    } else {
        let y = call.tensor(1)?;
        contraction.of_tensors(call.draft(), x, y)?
    };
    Ok(call.result(output))
}
