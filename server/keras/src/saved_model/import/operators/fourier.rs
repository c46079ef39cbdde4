//! The real part of a two-dimensional Fourier transform, which mixes tokens in place of attention
//! (Lee-Thorp et al., FNet: Mixing Tokens with Fourier Transforms, 2021).

use graph::{BinaryOp, Op};

use super::{Call, unsupported};
use crate::layers::LayerProblem;
use crate::saved_model::data_type::DataType;
use crate::saved_model::import::drawing::{Drawn, Pending, Step};
use crate::saved_model::import::term::Term;
use crate::saved_model::import::value::Elements;

/// `tensorflow.DT_COMPLEX64`
const COMPLEX: DataType = DataType::Other(8);

/// Whether a cast goes to or comes from complex numbers.
pub(super) fn is_complex(call: &Call<'_, '_, '_>, attribute: &str) -> Result<bool, LayerProblem> {
    Ok(call.attributes.data_type(attribute)? == Some(COMPLEX))
}

/// Real numbers as complex ones, and the spectrum of these.
pub(super) fn complex(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    if call.inputs.len() > 1 {
        let imaginary = call.is_known(1).then(|| call.value(1)).transpose()?;
        let zero = imaginary.is_some_and(|value| match value.elements() {
            Elements::Floats(elements) => elements.iter().all(|&element| element == 0.0),
            Elements::Unread => true,
            Elements::Integers(_) => false,
        });
        if !zero {
            return unsupported("it computes with complex numbers");
        }
    }
    wait(call, Pending::Complex)
}

pub(super) fn transform(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let x = call.tensor(0)?;
    match call.drawing().node(x) {
        Some((Step::Pending(Pending::Complex), _)) => wait(call, Pending::Spectrum),
        _ => unsupported("it transforms complex numbers"),
    }
}

fn wait(call: &mut Call<'_, '_, '_>, pending: Pending) -> Result<Vec<Term>, LayerProblem> {
    let x = call.tensor(0)?;
    let shape = call.drawing().shape(x).to_vec();
    let waiting = call.drawing().pending(pending, &[x], shape)?;
    Ok(call.result(waiting))
}

/// `C x C' - S x S'`, with the cosines and sines of the angles of both axes in `C` and `S`.
pub(super) fn real_part(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let spectrum = call.tensor(0)?;
    let drawing = call.drawing();
    let source = match drawing.node(spectrum) {
        Some((Step::Pending(Pending::Spectrum), &[complex])) => drawing.node(complex),
        _ => None,
    };
    let Some((_, &[x])) = source else {
        return unsupported("it computes with complex numbers");
    };
    let rank = drawing.shape(x).len();
    if rank < 2 {
        return unsupported("it transforms a tensor without two axes");
    }
    let mut permutation: Vec<usize> = (0..rank).collect();
    permutation.swap(rank - 1, rank - 2);
    let mut parts = Vec::with_capacity(2);
    for wave in [f64::cos, f64::sin] {
        let columns = with_waves(call, x, wave)?;
        let columns = call.drawing().transpose(columns, permutation.clone())?;
        parts.push(with_waves(call, columns, wave)?);
    }
    let drawing = call.drawing();
    let &[cosines, sines] = parts.as_slice() else {
        return unsupported("it computes with complex numbers");
    };
    let difference = drawing.binary(BinaryOp::Subtract, cosines, sines)?;
    let output = drawing.transpose(difference, permutation)?;
    Ok(call.result(output))
}

/// Most elements of an axis; its matrix of waves has the square of that.
const LENGTH: usize = 2048;

/// The last axis multiplied by a wave of each frequency.
fn with_waves(
    call: &mut Call<'_, '_, '_>,
    x: Drawn,
    wave: fn(f64) -> f64,
) -> Result<Drawn, LayerProblem> {
    let length = call.drawing().shape(x).last().copied().unwrap_or(0);
    if length > LENGTH {
        return unsupported(format!("it transforms {length} elements"));
    }
    let elements = (length * length) as u64;
    call.importer
        .memory
        .hold(elements)
        .map_err(LayerProblem::Other)?;
    let angle = std::f64::consts::TAU / length as f64;
    // Waves repeat, so that the product can be taken modulo the length, which keeps it exact.
    let positions = (0..length * length).map(|index| (index / length) * (index % length) % length);
    let waves = positions.map(|position| wave(position as f64 * angle) as f32);
    let drawing = call.drawing();
    let kernel = drawing.add_constant(&[length, length], waves.collect(), "waves")?;
    drawing.draw(Op::FullyConnected, &[x, kernel])
}
