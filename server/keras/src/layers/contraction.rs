//! Layers that contract axes by Einstein's convention.

use graph::{BinaryOp, Op};

use super::activation::parse_function;
use super::{Layer, Variable};
use crate::draft::{Layout, ValueId};
use crate::layers::scope::Scope;
use crate::operations::einsum::Equation;
use crate::operations::function::Function;
use crate::operations::reduction::unit_length;
use crate::problem::{LayerProblem, invalid, unsupported};
use crate::settings::Settings;

/// A dense layer whose product is given by an equation such as `abc,cde->abde`.
pub(super) struct EinsumDense {
    equation: String,
    parsed: Equation,
    /// Extents of the output without the batch axis; `None` where the input tells.
    output_shape: Vec<Option<usize>>,
    bias_axes: Option<String>,
    activation: Function,
    variables: Vec<Variable>,
}

impl EinsumDense {
    pub(super) fn parse(settings: &Settings) -> Result<Self, LayerProblem> {
        let Some(equation) = settings.text("equation") else {
            return invalid("\"equation\" is missing");
        };
        let output_shape = settings.extents("output_shape")?;
        let bias_axes = settings.text("bias_axes").map(str::to_owned);
        let mut variables = vec![Variable::trained(&["kernel"])];
        variables.extend(bias_axes.as_ref().map(|_| Variable::trained(&["bias"])));
        Ok(Self {
            parsed: Equation::parse(equation)?,
            equation: equation.replace(' ', ""),
            output_shape,
            bias_axes,
            activation: parse_function(settings, "activation")?,
            variables,
        })
    }

    /// The extent of each letter, as far as input and settings tell.
    fn extent(&self, shape: &[usize], letter: char) -> Option<usize> {
        let (input, rest) = self.equation.split_once(',')?;
        let (_, output) = rest.split_once("->")?;
        let from_end = |labels: &str| {
            labels
                .chars()
                .rev()
                .take_while(|&other| other != '.')
                .position(|other| other == letter)
        };
        let from_start = |labels: &str| {
            labels
                .chars()
                .take_while(|&other| other != '.')
                .position(|other| other == letter)
        };
        let of_input = from_start(input)
            .and_then(|position| shape.get(position))
            .or_else(|| shape.iter().rev().nth(from_end(input)?));
        let of_output = || {
            from_end(output).and_then(|position| *self.output_shape.iter().rev().nth(position)?)
        };
        of_input.copied().or_else(of_output)
    }

    fn kernel_shape(&self, shape: &[usize]) -> Option<Vec<usize>> {
        let (_, rest) = self.equation.split_once(',')?;
        let (kernel, _) = rest.split_once("->")?;
        let letters = kernel.chars();
        letters.map(|letter| self.extent(shape, letter)).collect()
    }

    /// Ones stand for axes of the output behind the first that the bias lacks.
    fn bias_shape(&self, shape: &[usize], axes: &str) -> Option<Vec<usize>> {
        let (_, output) = self.equation.split_once("->")?;
        output
            .chars()
            .skip_while(|&letter| !axes.contains(letter))
            .map(|letter| match axes.contains(letter) {
                true => self.extent(shape, letter),
                false => Some(1),
            })
            .collect()
    }
}

impl Layer for EinsumDense {
    fn variables(&self) -> &[Variable] {
        &self.variables
    }

    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let x = scope.only(inputs)?;
        let shape = scope.draft.shape(x).to_vec();
        let Some(kernel_shape) = self.kernel_shape(&shape) else {
            return invalid(format!(
                "its equation \"{}\" does not fit an input of shape {shape:?}",
                self.equation
            ));
        };
        let contraction = self.parsed.contraction(&shape, &kernel_shape)?;
        if !contraction.is_dense() {
            return unsupported("its equation has a kernel for each position");
        }
        let (permutation, matrix) = contraction.kernel()?;
        let kernel = scope.permuted_weight(0, &kernel_shape, &permutation, &matrix)?;
        let mut output = contraction.with_kernel(scope.draft, x, kernel)?;
        if let Some(axes) = &self.bias_axes {
            let Some(shape) = self.bias_shape(&shape, axes) else {
                return invalid(format!(
                    "\"bias_axes\" \"{axes}\" does not fit its equation"
                ));
            };
            let bias = scope.weight(1, &shape, Layout::Keras)?;
            output = scope.draft.binary("biased", BinaryOp::Add, output, bias)?;
        }
        self.activation.build(scope.draft, "activation", output)
    }
}

/// Product of two tensors along an axis of each.
pub(super) struct Dot {
    axes: [i64; 2],
    normalize: bool,
}

impl Dot {
    pub(super) fn parse(settings: &Settings) -> Result<Self, LayerProblem> {
        let axes = match settings.integers("axes")?.as_deref() {
            Some(&[axis]) => [axis, axis],
            Some(&[a, b]) => [a, b],
            _ => return invalid("\"axes\" should be one integer or two"),
        };
        Ok(Self {
            axes,
            normalize: settings.flag("normalize", false)?,
        })
    }
}

/// Least sum of squares that `Dot(normalize=True)` divides by.
const LEAST_SQUARE: f32 = 1e-12;

impl Layer for Dot {
    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let &[mut x, mut y] = inputs else {
            return invalid(format!("it has {} inputs instead of two", inputs.len()));
        };
        let axes = [scope.axis(x, self.axes[0])?, scope.axis(y, self.axes[1])?];
        if axes.contains(&0) {
            return unsupported("it contracts the batch axis");
        }
        if self.normalize {
            x = unit_length(scope.draft, "x", x, vec![axes[0]], LEAST_SQUARE)?;
            y = unit_length(scope.draft, "y", y, vec![axes[1]], LEAST_SQUARE)?;
        }
        let (left, right) = (scope.draft.shape(x).to_vec(), scope.draft.shape(y).to_vec());
        // The batch is "a"; the contracted axis is "z".
        let labels = |rank: usize, axis: usize, first: u8| -> String {
            (0..rank)
                .map(|index| match index {
                    0 => 'a',
                    index if index == axis => 'z',
                    index => char::from(first + index as u8),
                })
                .collect()
        };
        if left.len() > 8 || right.len() > 8 {
            return unsupported("its inputs have many axes");
        }
        let left_labels = labels(left.len(), axes[0], b'b');
        let right_labels = labels(right.len(), axes[1], b'm');
        let free = |text: &str| text.replace(['a', 'z'], "");
        let output = format!("a{}{}", free(&left_labels), free(&right_labels));
        let equation = Equation::parse(&format!("{left_labels},{right_labels}->{output}"))?;
        let contraction = equation.contraction(&left, &right)?;
        let product = contraction.of_tensors(scope.draft, x, y)?;
        if left.len() == 2 && right.len() == 2 {
            let shape = vec![1, 1];
            return scope.draft.node("", Op::Reshape { shape }, &[product]);
        }
        Ok(product)
    }
}
