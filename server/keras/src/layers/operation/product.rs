//! Products of matrices and Einstein sums.

use graph::{Op, TensorId};

use super::bound::{BoundCall, Operand, input};
use super::{Build, one_output};
use crate::assembly::Scope;
use crate::layers::function::inverse;
use crate::layers::{LayerProblem, invalid, unsupported};

/// `x @ y`, either of them transposed on request.
pub(super) fn matmul(call: &BoundCall) -> Result<Build, LayerProblem> {
    let (x, y) = (call.operand("x")?, call.operand("y")?);
    let transpose_x = call.constants.flag("transpose_a", false)?;
    let transpose_y = call.constants.flag("transpose_b", false)?;
    one_output(move |scope, inputs| {
        let mut x = x.build(scope, inputs, "x")?;
        if transpose_x {
            let permutation = exchanged(scope.shape(x).len())?;
            x = scope.node("x_transposed", Op::Transpose { permutation }, &[x])?;
        }
        if let Operand::Constant { shape, values } = &y
            && let &[rows, columns] = shape.as_slice()
        {
            let kernel = match transpose_y {
                true => scope.constant("y", &[rows, columns], values.clone())?,
                false => scope.constant("y", &[columns, rows], transposed(values, columns))?,
            };
            return scope.node("", Op::FullyConnected, &[x, kernel]);
        }
        let y = y.build(scope, inputs, "y")?;
        let op = Op::BatchMatMul {
            transpose_b: transpose_y,
        };
        scope.node("", op, &[x, y])
    })
}

/// The permutation that exchanges the last two axes.
fn exchanged(rank: usize) -> Result<Vec<usize>, LayerProblem> {
    let mut permutation: Vec<usize> = (0..rank).collect();
    if rank < 2 {
        return invalid("it transposes a tensor without two axes");
    }
    permutation.swap(rank - 1, rank - 2);
    Ok(permutation)
}

fn transposed(values: &[f32], columns: usize) -> Vec<f32> {
    (0..columns)
        .flat_map(|column| values.iter().skip(column).step_by(columns.max(1)).copied())
        .collect()
}

pub(super) fn einsum(call: &BoundCall) -> Result<Build, LayerProblem> {
    let (x, y) = (call.tensor("x")?, call.tensor("y")?);
    let equation = Einsum::parse(call.constants.text("subscripts").unwrap_or(""))?;
    one_output(move |scope, inputs| {
        let (x, y) = (input(inputs, x)?, input(inputs, y)?);
        let (left, right) = (scope.shape(x).to_vec(), scope.shape(y).to_vec());
        let plan = equation.plan(&left, &right)?;
        plan.product_of_tensors(scope, x, y)
    })
}

/// An Einstein sum of two tensors, such as `abc,cd->abd`.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::layers) struct Einsum {
    left: Vec<char>,
    right: Vec<char>,
    output: Vec<char>,
}

/// Stands for all axes that `...` means.
const ELLIPSIS: char = '.';

impl Einsum {
    /// Reads an equation with two operands, in which no letter occurs twice in one of them.
    pub(in crate::layers) fn parse(equation: &str) -> Result<Self, LayerProblem> {
        let parse = || {
            let text: String = equation.chars().filter(|letter| *letter != ' ').collect();
            let (operands, output) = text.split_once("->")?;
            let (left, right) = operands.split_once(',')?;
            let labels = |text: &str| -> Option<Vec<char>> {
                let labels: Vec<char> = text.replace("...", ".").chars().collect();
                let distinct = labels.iter().enumerate().all(|(index, label)| {
                    (label.is_ascii_alphabetic() || *label == ELLIPSIS)
                        && labels.iter().take(index).all(|other| other != label)
                });
                distinct.then_some(labels)
            };
            Some(Self {
                left: labels(left)?,
                right: labels(right)?,
                output: labels(output)?,
            })
        };
        match parse() {
            Some(einsum) if !einsum.right.contains(&ELLIPSIS) => Ok(einsum),
            _ => unsupported(format!("its equation \"{equation}\" is not supported")),
        }
    }

    /// Arranges the equation as a product of matrices for operands of given shapes.
    pub(in crate::layers) fn plan(
        &self,
        left_shape: &[usize],
        right_shape: &[usize],
    ) -> Result<Plan, LayerProblem> {
        let mismatch = || {
            invalid(format!(
                "its equation does not fit inputs of shape {left_shape:?} and {right_shape:?}"
            ))
        };
        // Private letters take the place of the ellipsis.
        let hidden = (left_shape.len() + 1).checked_sub(self.left.len());
        let Some(hidden) = hidden.filter(|_| self.left.len() <= left_shape.len() + 1) else {
            return mismatch();
        };
        let expand = |labels: &[char]| -> Vec<char> {
            labels
                .iter()
                .flat_map(|&label| match label {
                    ELLIPSIS => ('0'..='9').take(hidden).collect(),
                    label => vec![label],
                })
                .collect()
        };
        let (left, right) = (expand(&self.left), expand(&self.right));
        let output = expand(&self.output);
        let extent = |label: &char| {
            let find = |labels: &[char], shape: &[usize]| {
                let position = labels.iter().position(|other| other == label)?;
                shape.get(position).copied()
            };
            find(&left, left_shape).or_else(|| find(&right, right_shape))
        };
        let consistent = left.len() == left_shape.len()
            && right.len() == right_shape.len()
            && left
                .iter()
                .zip(left_shape)
                .chain(right.iter().zip(right_shape))
                .all(|(label, &size)| extent(label) == Some(size))
            && output.iter().all(|label| extent(label).is_some());
        if !consistent {
            return mismatch();
        }
        let shared = |label: &&char| right.contains(label) && left.contains(label);
        let batch: Vec<char> = output.iter().filter(shared).copied().collect();
        let inner: Vec<char> = left
            .iter()
            .filter(|label| right.contains(label) && !output.contains(label))
            .copied()
            .collect();
        let free = |own: &[char], other: &[char]| -> Vec<char> {
            let kept = output.iter().filter(|label| own.contains(label));
            kept.filter(|label| !other.contains(label))
                .copied()
                .collect()
        };
        let (rows, columns) = (free(&left, &right), free(&right, &left));
        let complete = left.len() == batch.len() + rows.len() + inner.len()
            && right.len() == batch.len() + columns.len() + inner.len();
        if !complete {
            return unsupported("its equation sums over an axis of one operand only");
        }
        let order = |own: &[char], groups: [&[char]; 3]| -> Vec<usize> {
            let labels = groups.into_iter().flatten();
            labels
                .filter_map(|label| own.iter().position(|other| other == label))
                .collect()
        };
        let product = [batch.as_slice(), &rows, &columns].concat();
        let size = |labels: &[char]| -> usize {
            let extents = labels.iter().filter_map(extent);
            extents.fold(1, usize::saturating_mul)
        };
        Ok(Plan {
            left: order(&left, [&batch, &rows, &inner]),
            right: order(&right, [&batch, &columns, &inner]),
            batch: size(&batch),
            rows: size(&rows),
            columns: size(&columns),
            inner: size(&inner),
            product: product.iter().filter_map(extent).collect(),
            output: inverse_order(&product, &output),
        })
    }
}

/// For each label of `to` its position in `from`.
fn inverse_order(from: &[char], to: &[char]) -> Vec<usize> {
    let forth: Vec<usize> = from
        .iter()
        .filter_map(|label| to.iter().position(|other| other == label))
        .collect();
    inverse(&forth)
}

/// An Einstein sum as a product of matrices: both operands are permuted and reshaped to
/// `[batch, rows or columns, inner]`.
pub(in crate::layers) struct Plan {
    /// Permutation of the first operand.
    pub(in crate::layers) left: Vec<usize>,
    /// Permutation of the second operand.
    pub(in crate::layers) right: Vec<usize>,
    pub(in crate::layers) batch: usize,
    pub(in crate::layers) rows: usize,
    pub(in crate::layers) columns: usize,
    pub(in crate::layers) inner: usize,
    /// Extents of batch, rows and columns.
    product: Vec<usize>,
    /// Permutation of those to the output.
    output: Vec<usize>,
}

impl Plan {
    /// Permutes an operand and gives it a shape.
    pub(in crate::layers) fn arrange<const N: usize>(
        &self,
        scope: &mut Scope<'_>,
        part: &str,
        x: TensorId,
        permutation: &[usize],
        shape: [usize; N],
    ) -> Result<TensorId, LayerProblem> {
        let permutation = permutation.to_vec();
        let permuted = scope.node(
            &format!("{part}/permuted"),
            Op::Transpose { permutation },
            &[x],
        )?;
        let shape = shape.to_vec();
        scope.node(
            &format!("{part}/matrix"),
            Op::Reshape { shape },
            &[permuted],
        )
    }

    /// Adds the sum of two tensors.
    pub(in crate::layers) fn product_of_tensors(
        &self,
        scope: &mut Scope<'_>,
        x: TensorId,
        y: TensorId,
    ) -> Result<TensorId, LayerProblem> {
        let shape = [self.batch, self.rows, self.inner];
        let x = self.arrange(scope, "x", x, &self.left, shape)?;
        let shape = [self.batch, self.columns, self.inner];
        let y = self.arrange(scope, "y", y, &self.right, shape)?;
        let op = Op::BatchMatMul { transpose_b: true };
        let product = scope.node("product", op, &[x, y])?;
        self.finish(scope, "", product)
    }

    /// Brings the product of the matrices into the form of the output.
    pub(in crate::layers) fn finish(
        &self,
        scope: &mut Scope<'_>,
        part: &str,
        product: TensorId,
    ) -> Result<TensorId, LayerProblem> {
        let name = match part {
            "" => "product/axes".to_owned(),
            part => format!("{part}/axes"),
        };
        let shape = self.product.clone();
        let axes = scope.node(&name, Op::Reshape { shape }, &[product])?;
        let permutation = self.output.clone();
        scope.node(part, Op::Transpose { permutation }, &[axes])
    }
}
