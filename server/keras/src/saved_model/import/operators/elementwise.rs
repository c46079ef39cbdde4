use graph::Activation;
use localization::phrase;

use super::call::{Call, Outputs};
use crate::operations::function::{Function, LEAKY_RELU_SLOPE};
use crate::problem::unsupported;
use crate::saved_model::data_type::DataType;
use crate::saved_model::import::attributes::WithDefaults;
use crate::saved_model::import::operand::Operand;

/// Functions of one tensor.
pub(super) fn function(call: &mut Call<'_, '_>) -> Outputs {
    let function = match (call.op, Function::of_operator(call.op)) {
        ("LeakyRelu", _) => Function::Elementwise(Activation::LeakyRelu {
            alpha: call.attributes.real("alpha", LEAKY_RELU_SLOPE)?,
        }),
        (_, Some(function)) => function,
        (op, None) => return unsupported(super::reason::reason(op)),
    };
    let x = call.tensor(0)?;
    let output = function.build(call.draft(), "", x)?;
    Ok(call.result(output))
}

/// Pixels become real numbers, and real numbers of any precision stay what they are.
pub(super) fn cast(call: &mut Call<'_, '_>) -> Outputs {
    let source = call.attributes.data_type("SrcT")?;
    if super::fourier::is_complex(call, "DstT")? {
        return super::fourier::complex(call);
    }
    if super::fourier::is_complex(call, "SrcT")? {
        return super::fourier::real_part(call);
    }
    let to_float = call.attributes.is_float("DstT")?;
    match *call.input(0)? {
        _ if source == Some(DataType::Bool) => unsupported(phrase!("it computes with comparisons")),
        Operand::Computed { id, integer } if to_float || integer => Ok(vec![Operand::Computed {
            id,
            integer: !to_float,
        }]),
        _ => unsupported(phrase!("it rounds to integers")),
    }
}
