//! The real part of a two-dimensional Fourier transform, which mixes tokens in place of attention
//! (Lee-Thorp et al., FNet: Mixing Tokens with Fourier Transforms, 2021).

use graph::{BinaryOp, Op};
use localization::{phrase, text};

use super::call::{Call, Outputs};
use crate::draft::{Pending, Step, ValueId};
use crate::operations::shapes;
use crate::problem::{LayerProblem, unsupported};
use crate::saved_model::data_type::DataType;
use crate::saved_model::import::value::Elements;

/// `tensorflow.DT_COMPLEX64`
const COMPLEX: DataType = DataType::Other(8);

/// Whether a cast goes to or comes from complex numbers.
pub(super) fn is_complex(call: &Call<'_, '_>, attribute: &str) -> Result<bool, LayerProblem> {
    Ok(call.attributes.data_type(attribute)? == Some(COMPLEX))
}

/// Real numbers as complex ones, and the spectrum of these.
pub(super) fn complex(call: &mut Call<'_, '_>) -> Outputs {
    if call.inputs.len() > 1 {
        let imaginary = call.is_known(1).then(|| call.value(1)).transpose()?;
        let zero = imaginary.is_some_and(|value| match value.elements() {
            Elements::Floats(elements) => elements.iter().all(|&element| element == 0.0),
            Elements::Unread => true,
            Elements::Integers(_) => false,
        });
        if !zero {
            return unsupported(phrase!("it computes with complex numbers"));
        }
    }
    wait(call, Pending::Complex)
}

pub(super) fn transform(call: &mut Call<'_, '_>) -> Outputs {
    let x = call.tensor(0)?;
    match call.draft().step(x) {
        Some((Step::Pending(Pending::Complex), _)) => wait(call, Pending::Spectrum),
        _ => unsupported(phrase!("it transforms complex numbers")),
    }
}

fn wait(call: &mut Call<'_, '_>, pending: Pending) -> Outputs {
    let x = call.tensor(0)?;
    let shape = call.draft().shape(x).to_vec();
    let waiting = call.draft().pending("", pending, &[x], shape)?;
    Ok(call.result(waiting))
}

/// `C x C' - S x S'`, with the cosines and sines of the angles of both axes in `C` and `S`.
pub(super) fn real_part(call: &mut Call<'_, '_>) -> Outputs {
    let spectrum = call.tensor(0)?;
    let draft = call.draft();
    let source = match draft.step(spectrum) {
        Some((Step::Pending(Pending::Spectrum), &[complex])) => draft.step(complex),
        _ => None,
    };
    let Some((_, &[x])) = source else {
        return unsupported(phrase!("it computes with complex numbers"));
    };
    let permutation = shapes::last_exchanged(draft.rank(x))?;
    let mut parts = Vec::with_capacity(2);
    for wave in [f64::cos, f64::sin] {
        let columns = with_waves(call, x, wave)?;
        let columns = call.draft().transpose("", columns, permutation.clone())?;
        parts.push(with_waves(call, columns, wave)?);
    }
    let draft = call.draft();
    let &[cosines, sines] = parts.as_slice() else {
        return unsupported(phrase!("it computes with complex numbers"));
    };
    let difference = draft.binary("", BinaryOp::Subtract, cosines, sines)?;
    let output = draft.transpose("", difference, permutation)?;
    Ok(call.result(output))
}

/// Most elements of an axis; its matrix of waves has the square of that.
const LENGTH: usize = 2048;

/// The last axis multiplied by a wave of each frequency.
fn with_waves(
    call: &mut Call<'_, '_>,
    x: ValueId,
    wave: fn(f64) -> f64,
) -> Result<ValueId, LayerProblem> {
    let length = call.draft().channels(x)?;
    if length > LENGTH {
        return unsupported(text!("it transforms {length} elements"));
    }
    let elements = (length * length) as u64;
    call.tensors.hold(elements)?;
    let angle = std::f64::consts::TAU / length as f64;
    // Waves repeat, so that the product can be taken modulo the length, which keeps it exact.
    let positions = (0..length * length).map(|index| (index / length) * (index % length) % length);
    let waves = positions.map(|position| wave(position as f64 * angle) as f32);
    let draft = call.draft();
    let kernel = draft.constant("waves", &[length, length], waves.collect())?;
    draft.node("", Op::FullyConnected, &[x, kernel])
}
