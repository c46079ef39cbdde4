//! Einstein summation over two tensors, as a matrix product between changes of order and shape.

use graph::Op;
use localization::{phrase, text};

use super::product::matmul;
use crate::draft::{Draft, ValueId};
use crate::problem::{LayerProblem, invalid, unsupported};

/// An equation such as `abc,cd->abd`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Equation {
    left: String,
    right: String,
    output: String,
}

const ELLIPSIS: &str = "...";

impl Equation {
    /// Reads an equation with two operands, in which no letter occurs twice in one of them.
    pub(crate) fn parse(equation: &str) -> Result<Self, LayerProblem> {
        let parse = || {
            let text: String = equation.split_whitespace().collect();
            let (operands, output) = text.split_once("->")?;
            let (left, right) = operands.split_once(',')?;
            let labels = |text: &str| {
                let labels: Vec<char> = text.replacen(ELLIPSIS, "", 1).chars().collect();
                let distinct = labels.iter().enumerate().all(|(index, label)| {
                    label.is_ascii_alphabetic()
                        && labels.iter().take(index).all(|other| other != label)
                });
                distinct.then(|| text.to_owned())
            };
            Some(Self {
                left: labels(left)?,
                right: labels(right)?,
                output: labels(output)?,
            })
        };
        match parse() {
            Some(equation) => Ok(equation),
            None => unsupported(text!("its equation \"{equation}\" is not supported")),
        }
    }

    /// Arranges the equation as a product of matrices for operands of given shapes.
    pub(crate) fn contraction(
        &self,
        left_shape: &[usize],
        right_shape: &[usize],
    ) -> Result<Contraction, LayerProblem> {
        let expanded = self.expanded(left_shape.len(), right_shape.len());
        let Some([left, right, output]) = expanded else {
            return misfit(left_shape, right_shape);
        };
        let axes = left.iter().zip(left_shape);
        let axes: Vec<(char, usize)> = axes
            .chain(right.iter().zip(right_shape))
            .map(|(&label, &extent)| (label, extent))
            .collect();
        let extent = |label: char| {
            axes.iter()
                .find(|(other, _)| *other == label)
                .map(|it| it.1)
        };
        let consistent = axes
            .iter()
            .all(|&(label, size)| extent(label) == Some(size))
            && output.iter().all(|&label| extent(label).is_some());
        if !consistent {
            return misfit(left_shape, right_shape);
        }
        let group =
            |own: &[char], other: &[char], shared: bool, kept: bool| -> Vec<(char, usize)> {
                own.iter()
                    .filter(|label| {
                        other.contains(label) == shared && output.contains(label) == kept
                    })
                    .filter_map(|&label| Some((label, extent(label)?)))
                    .collect()
            };
        let lonely = [(&left, &right), (&right, &left)]
            .iter()
            .any(|(own, other)| !group(own, other, false, false).is_empty());
        if lonely {
            return unsupported(phrase!(
                "its equation sums over an axis of one operand only"
            ));
        }
        Ok(Contraction {
            batch: group(&left, &right, true, true),
            rows: group(&left, &right, false, true),
            columns: group(&right, &left, false, true),
            inner: group(&left, &right, true, false),
            left,
            right,
            output,
        })
    }

    /// The labels of operands and output; digits stand for the axes of an ellipsis, aligned at the
    /// end.
    fn expanded(&self, left_rank: usize, right_rank: usize) -> Option<[Vec<char>; 3]> {
        let hidden = |labels: &str, rank: usize| match labels.contains(ELLIPSIS) {
            true => (rank + ELLIPSIS.len()).checked_sub(labels.len()),
            false => (labels.len() == rank).then_some(0),
        };
        let (left, right) = (
            hidden(&self.left, left_rank)?,
            hidden(&self.right, right_rank)?,
        );
        let most = left.max(right);
        let expand = |labels: &str, hidden: usize| {
            let digits: Option<String> = (most - hidden..most)
                .map(|axis| char::from_digit(axis.try_into().ok()?, 10))
                .collect();
            Some(labels.replacen(ELLIPSIS, &digits?, 1).chars().collect())
        };
        Some([
            expand(&self.left, left)?,
            expand(&self.right, right)?,
            expand(&self.output, most)?,
        ])
    }
}

fn misfit<T>(left: &[usize], right: &[usize]) -> Result<T, LayerProblem> {
    invalid(text!(
        "its equation does not fit inputs of shape {left:?} and {right:?}"
    ))
}

/// An Einstein sum as a product of matrices. Axes are labels with extents.
pub(crate) struct Contraction {
    left: Vec<char>,
    right: Vec<char>,
    output: Vec<char>,
    /// Axes of both operands and the output.
    batch: Vec<(char, usize)>,
    /// Axes of the first operand alone.
    rows: Vec<(char, usize)>,
    /// Axes of the second operand alone.
    columns: Vec<(char, usize)>,
    /// Axes that are summed over.
    inner: Vec<(char, usize)>,
}

fn size(axes: &[(char, usize)]) -> usize {
    axes.iter()
        .fold(1, |size, axis| size.saturating_mul(axis.1))
}

fn extents(axes: &[(char, usize)]) -> Vec<usize> {
    axes.iter().map(|axis| axis.1).collect()
}

/// For each of the wanted labels its position among those there are.
fn positions(
    wanted: impl Iterator<Item = char>,
    labels: &[char],
) -> Result<Vec<usize>, LayerProblem> {
    let positions: Option<Vec<usize>> = wanted
        .map(|label| labels.iter().position(|&other| other == label))
        .collect();
    match positions {
        Some(positions) if positions.len() == labels.len() => Ok(positions),
        _ => invalid(phrase!("its equation does not fit its tensors")),
    }
}

impl Contraction {
    /// Whether the second operand can be the kernel of a dense layer.
    pub(crate) fn is_dense(&self) -> bool {
        self.batch.is_empty()
    }

    /// The permutation of the second operand to the kernel of a dense layer, and its shape: output
    /// features, then input features.
    pub(crate) fn kernel(&self) -> Result<(Vec<usize>, [usize; 2]), LayerProblem> {
        let labels = self.columns.iter().chain(&self.inner).map(|axis| axis.0);
        let permutation = positions(labels, &self.right)?;
        Ok((permutation, [size(&self.columns), size(&self.inner)]))
    }

    /// Adds the sum of a tensor and a [`kernel`](Self::kernel).
    pub(crate) fn with_kernel(
        &self,
        draft: &mut Draft,
        x: ValueId,
        kernel: ValueId,
    ) -> Result<ValueId, LayerProblem> {
        let mut shape = extents(&self.rows);
        shape.push(size(&self.inner));
        let groups = [&self.rows, &self.inner];
        let x = arrange(draft, "input", x, &self.left, &groups, shape)?;
        let product = draft.node("product", Op::FullyConnected, &[x, kernel])?;
        self.finish(draft, product)
    }

    /// Adds the sum of two tensors.
    pub(crate) fn of_tensors(
        &self,
        draft: &mut Draft,
        x: ValueId,
        y: ValueId,
    ) -> Result<ValueId, LayerProblem> {
        let shape = |rows: &[(char, usize)]| {
            let mut shape = extents(&self.batch);
            shape.extend([size(rows), size(&self.inner)]);
            shape
        };
        let groups = [&self.batch, &self.rows, &self.inner];
        let x = arrange(draft, "x", x, &self.left, &groups, shape(&self.rows))?;
        let groups = [&self.batch, &self.columns, &self.inner];
        let y = arrange(draft, "y", y, &self.right, &groups, shape(&self.columns))?;
        let product = matmul(draft, "product", x, y, true)?;
        self.finish(draft, product)
    }

    /// Brings the product of the matrices into the form of the output.
    fn finish(&self, draft: &mut Draft, product: ValueId) -> Result<ValueId, LayerProblem> {
        let order = [&self.batch[..], &self.rows, &self.columns].concat();
        let axes = draft.reshape("product/axes", product, extents(&order))?;
        let labels: Vec<char> = order.iter().map(|axis| axis.0).collect();
        let permutation = positions(self.output.iter().copied(), &labels)?;
        draft.transpose("", axes, permutation)
    }
}

/// Brings axes into the order of groups and merges them into a shape.
fn arrange(
    draft: &mut Draft,
    part: &str,
    x: ValueId,
    labels: &[char],
    groups: &[&Vec<(char, usize)>],
    shape: Vec<usize>,
) -> Result<ValueId, LayerProblem> {
    let wanted = groups
        .iter()
        .flat_map(|group| group.iter().map(|axis| axis.0));
    let permutation = positions(wanted, labels)?;
    let permuted = draft.transpose(&format!("{part}/permuted"), x, permutation)?;
    draft.reshape(&format!("{part}/matrix"), permuted, shape)
}
