//! Einstein summation over two tensors, as a matrix product between changes of order and shape.

use graph::Op;

use super::dense::batch_product;
use super::{Call, invalid, unsupported};
use crate::assembly::Layout;
use crate::layers::LayerProblem;
use crate::saved_model::import::drawing::Drawn;
use crate::saved_model::import::folding;
use crate::saved_model::import::term::Term;

/// The letters of both operands and of the result.
struct Equation {
    a: Vec<char>,
    b: Vec<char>,
    result: Vec<char>,
}

impl Equation {
    /// Reads an equation such as `abc,cd->abd` for operands of given ranks; an ellipsis becomes
    /// letters of its own.
    fn parse(text: &str, ranks: [usize; 2]) -> Option<Self> {
        let text: String = text
            .chars()
            .filter(|letter| !letter.is_whitespace())
            .collect();
        let (operands, result) = text.split_once("->")?;
        let (a, b) = operands.split_once(',')?;
        let hidden = |operand: &str, rank: usize| -> Option<usize> {
            match operand.split_once("...") {
                Some((before, after)) => rank.checked_sub(before.len() + after.len()),
                None => (operand.len() == rank).then_some(0),
            }
        };
        let (hidden_a, hidden_b) = (hidden(a, ranks[0])?, hidden(b, ranks[1])?);
        let most = hidden_a.max(hidden_b);
        let letters = |operand: &str, hidden: usize| -> Option<Vec<char>> {
            // Digits stand for the axes of an ellipsis, aligned at the end.
            let axes: String = (most.checked_sub(hidden)?..most)
                .map(|axis| char::from_digit(axis as u32, 10))
                .collect::<Option<_>>()?;
            let letters: Vec<char> = operand.replacen("...", &axes, 1).chars().collect();
            let distinct = letters
                .iter()
                .enumerate()
                .all(|(index, letter)| !letters.iter().take(index).any(|other| other == letter));
            (distinct && letters.iter().all(|letter| letter.is_ascii_alphanumeric()))
                .then_some(letters)
        };
        Some(Self {
            a: letters(a, hidden_a)?,
            b: letters(b, hidden_b)?,
            result: letters(result, most)?,
        })
    }

    /// Letters of one operand that the other has or has not, and the result has or has not.
    fn group(own: &[char], other: &[char], result: &[char], shared: bool, kept: bool) -> Vec<char> {
        own.iter()
            .filter(|letter| other.contains(letter) == shared && result.contains(letter) == kept)
            .copied()
            .collect()
    }
}

pub(super) fn einsum(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let text = call
        .attributes
        .text("equation")?
        .unwrap_or_default()
        .to_owned();
    if call.inputs.len() != 2 {
        return unsupported(format!("the equation {text} is not of two tensors"));
    }
    let shapes = [call.shape(0)?, call.shape(1)?];
    let Some(equation) = Equation::parse(&text, [shapes[0].len(), shapes[1].len()]) else {
        return unsupported(format!("the equation {text} is not supported"));
    };
    let Equation { a, b, result } = &equation;
    let lonely = Equation::group(a, b, result, false, false).len()
        + Equation::group(b, a, result, false, false).len();
    if lonely > 0 {
        return unsupported(format!(
            "the equation {text} sums over an axis of one tensor"
        ));
    }
    let extent = |letter: char| {
        let find = |letters: &[char], shape: &[usize]| {
            let position = letters.iter().position(|&other| other == letter)?;
            shape.get(position).copied()
        };
        find(a, &shapes[0])
            .or_else(|| find(b, &shapes[1]))
            .unwrap_or(1)
    };
    let extents = |letters: &[char]| letters.iter().map(|&letter| extent(letter)).collect();
    let size =
        |letters: &[char]| -> usize { letters.iter().map(|&letter| extent(letter)).product() };
    let batch = Equation::group(a, b, result, true, true);
    let contracted = Equation::group(a, b, result, true, false);
    let (free_a, free_b) = (
        Equation::group(a, b, result, false, true),
        Equation::group(b, a, result, false, true),
    );
    let order: Vec<char>;
    let product;
    if batch.is_empty() && call.is_known(1) {
        let x = call.tensor(0)?;
        let mut shape: Vec<usize> = extents(&free_a);
        shape.push(size(&contracted));
        let x = arrange(call, x, a, &[&free_a, &contracted], shape)?;
        let kernel = kernel(
            call,
            b,
            &free_b,
            &contracted,
            [size(&free_b), size(&contracted)],
        )?;
        product = call.drawing().draw(Op::FullyConnected, &[x, kernel])?;
        order = [free_a, free_b].concat();
    } else {
        let (x, y) = (call.tensor(0)?, call.tensor(1)?);
        let shape = |rows: &[char]| {
            let mut shape: Vec<usize> = extents(&batch);
            shape.extend([size(rows), size(&contracted)]);
            shape
        };
        let x = arrange(call, x, a, &[&batch, &free_a, &contracted], shape(&free_a))?;
        let y = arrange(call, y, b, &[&batch, &free_b, &contracted], shape(&free_b))?;
        product = batch_product(call, x, y, true)?;
        order = [batch, free_a, free_b].concat();
    }
    let split: Vec<usize> = extents(&order);
    let product = call.drawing().reshape(product, split)?;
    let permutation = positions(result, &order)?;
    let output = call.drawing().transpose(product, permutation)?;
    Ok(call.result(output))
}

/// For each of the wanted letters its position among those there are.
fn positions(wanted: &[char], letters: &[char]) -> Result<Vec<usize>, LayerProblem> {
    let positions: Option<Vec<usize>> = wanted
        .iter()
        .map(|letter| letters.iter().position(|other| other == letter))
        .collect();
    match positions {
        Some(positions) if positions.len() == letters.len() => Ok(positions),
        _ => invalid("its equation does not fit its tensors"),
    }
}

/// Brings axes into the order of groups and merges them into a shape.
fn arrange(
    call: &mut Call<'_, '_, '_>,
    x: Drawn,
    letters: &[char],
    groups: &[&[char]],
    shape: Vec<usize>,
) -> Result<Drawn, LayerProblem> {
    let permutation = positions(&groups.concat(), letters)?;
    let x = call.drawing().transpose(x, permutation)?;
    call.drawing().reshape(x, shape)
}

/// The second operand as the kernel `[outputs, inputs]` of a dense layer.
fn kernel(
    call: &mut Call<'_, '_, '_>,
    letters: &[char],
    outputs: &[char],
    inputs: &[char],
    shape: [usize; 2],
) -> Result<Drawn, LayerProblem> {
    let value = call.value(1)?;
    // As Keras writes them: the contracted axes first.
    if letters == [inputs, outputs].concat() {
        let matrix = value.reshaped(vec![shape[1], shape[0]])?;
        return call
            .importer
            .kernel(&Term::Value(matrix), Layout::Transposed, None);
    }
    let permutation = positions(&[outputs, inputs].concat(), letters)?;
    let arranged = folding::transposed(&value, &permutation)?;
    let matrix = arranged.reshaped(shape.to_vec())?;
    call.importer
        .kernel(&Term::Value(matrix), Layout::Keras, None)
}
