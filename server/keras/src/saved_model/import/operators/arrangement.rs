use localization::{phrase, text};

use super::call::{Call, Outputs};
use crate::operations::arrangement::{self, Mirror};
use crate::operations::{shapes, slicing};
use crate::problem::{invalid, unsupported};
use crate::saved_model::import::attributes::WithDefaults;
use crate::saved_model::import::slices;
use crate::saved_model::import::splits;

pub(super) fn pad(call: &mut Call<'_, '_>) -> Outputs {
    let (x, amounts) = (call.tensor(0)?, call.integers(1)?);
    let amounts = shapes::paddings(&amounts, call.draft().rank(x))?;
    let value = match call.op {
        "PadV2" => call.number(2)?,
        _ => 0.0,
    };
    let output = arrangement::pad(call.draft(), x, amounts, value)?;
    Ok(call.result(output))
}

pub(super) fn mirror(call: &mut Call<'_, '_>) -> Outputs {
    let mirror = match call.attributes.text("mode")? {
        Some("REFLECT") => Mirror::Reflect,
        Some("SYMMETRIC") => Mirror::Symmetric,
        mode => {
            return unsupported(text!(
                "its mode is {mode}",
                mode = mode.unwrap_or("missing")
            ));
        }
    };
    let (x, amounts) = (call.tensor(0)?, call.integers(1)?);
    let amounts = shapes::paddings(&amounts, call.draft().rank(x))?;
    let output = arrangement::mirror(call.draft(), x, amounts, mirror)?;
    Ok(call.result(output))
}

pub(super) fn roll(call: &mut Call<'_, '_>) -> Outputs {
    let x = call.tensor(0)?;
    let (shifts, axes) = (call.integers(1)?, call.integers(2)?);
    let output = arrangement::roll(call.draft(), x, &shifts, &axes)?;
    Ok(call.result(output))
}

pub(super) fn concatenate(call: &mut Call<'_, '_>) -> Outputs {
    let Some(last) = call.inputs.len().checked_sub(1) else {
        return invalid(phrase!("it has no inputs"));
    };
    let axis = call.integer(last)?;
    let operands = call.tensors(0..last)?;
    let output = arrangement::concatenate(call.draft(), &operands, axis)?;
    Ok(call.result(output))
}

pub(super) fn pack(call: &mut Call<'_, '_>) -> Outputs {
    let axis = call.attributes.whole("axis", 0)?;
    let operands = call.tensors(0..call.inputs.len())?;
    let output = arrangement::stack(call.draft(), &operands, axis)?;
    Ok(call.result(output))
}

pub(super) fn split(call: &mut Call<'_, '_>) -> Outputs {
    let x = match call.op {
        "Split" => call.tensor(1)?,
        _ => call.tensor(0)?,
    };
    let integers = |index: usize| call.known_integers(index);
    let shape = call.draft_ref().shape(x);
    let (axis, parts) = splits::parts(call.op, call.attributes, shape, integers)?;
    let keep = call.op != "Unpack";
    let outputs = arrangement::split(call.draft(), x, axis, &parts, keep)?;
    Ok(outputs.into_iter().map(|id| call.operand(id)).collect())
}

pub(super) fn reshape(call: &mut Call<'_, '_>) -> Outputs {
    let x = call.tensor(0)?;
    if !call.is_known(1) {
        return unsupported(phrase!("its shape depends on the image"));
    }
    let target = call.integers(1)?;
    let shape = shapes::reshape(call.draft().shape(x), &target)?;
    call.reshaped(x, shape)
}

pub(super) fn squeeze(call: &mut Call<'_, '_>) -> Outputs {
    let x = call.tensor(0)?;
    let named = call.attributes.squeezed()?;
    let shape = shapes::squeeze(call.draft().shape(x), &named, 1)?;
    call.reshaped(x, shape)
}

pub(super) fn expand(call: &mut Call<'_, '_>) -> Outputs {
    let (x, axis) = (call.tensor(0)?, call.integer(1)?);
    let shape = shapes::expand(call.draft().shape(x), axis)?;
    call.reshaped(x, shape)
}

pub(super) fn transpose(call: &mut Call<'_, '_>) -> Outputs {
    let (x, axes) = (call.tensor(0)?, call.integers(1)?);
    let permutation = shapes::permutation(&axes, call.draft().rank(x))?;
    let output = call.draft().transpose("", x, permutation)?;
    Ok(call.result(output))
}

pub(super) fn slice(call: &mut Call<'_, '_>) -> Outputs {
    let x = call.tensor(0)?;
    if (1..call.inputs.len()).any(|index| !call.is_known(index)) {
        return unsupported(phrase!("where it cuts depends on the image"));
    }
    let shape = call.draft().shape(x).to_vec();
    let (begin, end) = (call.integers(1)?, call.integers(2)?);
    let cut = match call.op {
        "Slice" => slicing::boxed(&shape, &begin, &end)?,
        _ => slices::strided(call.attributes, &shape, [&begin, &end, &call.integers(3)?])?,
    };
    let output = slicing::cut(call.draft(), x, &cut)?;
    Ok(call.result(output))
}

pub(super) fn reverse(call: &mut Call<'_, '_>) -> Outputs {
    let (x, axes) = (call.tensor(0)?, call.integers(1)?);
    let axes = shapes::axes(&axes, call.draft().rank(x))?;
    let output = arrangement::reverse(call.draft(), x, &axes)?;
    Ok(call.result(output))
}

pub(super) fn gather(call: &mut Call<'_, '_>) -> Outputs {
    let x = call.tensor(0)?;
    let given = call.inputs.len() > 2;
    if !call.is_known(1) || (given && !call.is_known(2)) {
        return unsupported(phrase!("which elements it takes depends on the image"));
    }
    if call.attributes.whole("batch_dims", 0)? != 0 {
        return unsupported(phrase!("it takes other elements for each image"));
    }
    let picked = call.shape(1)?;
    let indices = call.integers(1)?;
    let axis = if given { call.integer(2)? } else { 0 };
    let axis = shapes::axis(axis, call.draft().rank(x))?;
    let positions = shapes::positions(&indices, call.draft().extent(x, axis)?)?;
    let output = arrangement::gather(call.draft(), x, axis, &positions, &picked)?;
    Ok(call.result(output))
}

pub(super) fn tile(call: &mut Call<'_, '_>) -> Outputs {
    let (x, counts) = (call.tensor(0)?, call.integers(1)?);
    let output = arrangement::tile(call.draft(), x, &counts)?;
    Ok(call.result(output))
}

pub(super) fn broadcast(call: &mut Call<'_, '_>) -> Outputs {
    let (x, target) = (call.tensor(0)?, call.integers(1)?);
    let target = shapes::fixed(&target)?;
    let output = arrangement::broadcast(call.draft(), x, &target)?;
    Ok(call.result(output))
}
