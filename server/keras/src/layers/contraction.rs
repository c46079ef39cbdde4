//! Layers that contract axes by Einstein's convention.

use graph::BinaryOp;
use localization::{phrase, text};

use super::activation::parse_function;
use super::layer::{Layer, Parsed};
use super::variable::Variable;
use crate::draft::{Layout, ValueId};
use crate::layers::scope::Scope;
use crate::operations::einsum::Equation;
use crate::operations::function::Function;
use crate::operations::reduction::unit_length;
use crate::operations::shapes;
use crate::problem::{LayerProblem, invalid, unsupported};
use crate::settings::Settings;

/// A dense layer whose product is given by an equation such as `abc,cde->abde`.
struct EinsumDense {
    equation: String,
    parsed: Equation,
    /// Extents of the output without the batch axis; `None` where the input tells.
    output_shape: Vec<Option<usize>>,
    bias_axes: Option<String>,
    activation: Function,
}

/// Reads the layer.
pub(super) fn einsum_dense(settings: &Settings) -> Parsed {
    let Some(equation) = settings.text("equation") else {
        return invalid(phrase!("\"equation\" is missing"));
    };
    let output_shape = settings.extents("output_shape")?;
    let bias_axes = settings.text("bias_axes").map(str::to_owned);
    let mut variables = vec![Variable::trained(&["kernel"])];
    variables.extend(bias_axes.as_ref().map(|_| Variable::trained(&["bias"])));
    let layer = EinsumDense {
        parsed: Equation::parse(equation)?,
        equation: equation.replace(' ', ""),
        output_shape,
        bias_axes,
        activation: parse_function(settings, "activation")?,
    };
    Ok(Layer::of_one(variables, move |scope, x| {
        layer.build(scope, x)
    }))
}

impl EinsumDense {
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

    fn build(&self, scope: &mut Scope<'_>, x: ValueId) -> Result<ValueId, LayerProblem> {
        let shape = scope.draft.shape(x).to_vec();
        let Some(kernel_shape) = self.kernel_shape(&shape) else {
            return invalid(text!(
                "its equation \"{equation}\" does not fit an input of shape {shape:?}",
                equation = self.equation
            ));
        };
        let contraction = self.parsed.contraction(&shape, &kernel_shape)?;
        if !contraction.is_dense() {
            return unsupported(phrase!("its equation has a kernel for each position"));
        }
        let (permutation, matrix) = contraction.kernel()?;
        let kernel = scope.permuted_weight(0, &kernel_shape, &permutation, &matrix)?;
        let mut output = contraction.with_kernel(scope.draft, x, kernel)?;
        if let Some(axes) = &self.bias_axes {
            let Some(shape) = self.bias_shape(&shape, axes) else {
                return invalid(text!("\"bias_axes\" \"{axes}\" does not fit its equation"));
            };
            let bias = scope.weight(1, &shape, Layout::Keras)?;
            output = scope.draft.binary("biased", BinaryOp::Add, output, bias)?;
        }
        self.activation.build(scope.draft, "activation", output)
    }
}

/// Least sum of squares that `Dot(normalize=True)` divides by.
const LEAST_SQUARE: f32 = 1e-12;

/// Product of two tensors along an axis of each.
pub(super) fn dot(settings: &Settings) -> Parsed {
    let axes = match settings.integers("axes")?.as_deref() {
        Some(&[axis]) => [axis, axis],
        Some(&[a, b]) => [a, b],
        _ => return invalid(phrase!("\"axes\" should be one integer or two")),
    };
    let normalize = settings.flag("normalize", false)?;
    Ok(Layer::of_two(move |draft, mut x, mut y| {
        let axes = [
            shapes::axis(axes[0], draft.rank(x))?,
            shapes::axis(axes[1], draft.rank(y))?,
        ];
        if axes.contains(&0) {
            return unsupported(phrase!("it contracts the batch axis"));
        }
        if normalize {
            x = unit_length(draft, "x", x, vec![axes[0]], LEAST_SQUARE)?;
            y = unit_length(draft, "y", y, vec![axes[1]], LEAST_SQUARE)?;
        }
        let [left, right] = [x, y].map(|it| draft.shape(it).to_vec());
        if left.len() > 8 || right.len() > 8 {
            return unsupported(phrase!("its inputs have many axes"));
        }
        let equation = dot_equation([left.len(), right.len()], axes)?;
        let contraction = equation.contraction(&left, &right)?;
        let product = contraction.of_tensors(draft, x, y)?;
        if left.len() == 2 && right.len() == 2 {
            return draft.reshape("", product, vec![1, 1]);
        }
        Ok(product)
    }))
}

/// The batch is "a"; the contracted axis is "z".
fn dot_equation(ranks: [usize; 2], axes: [usize; 2]) -> Result<Equation, LayerProblem> {
    let labels = |rank: usize, axis: usize, first: u8| -> String {
        (0..rank)
            .map(|index| match index {
                0 => 'a',
                index if index == axis => 'z',
                index => char::from(first + index as u8),
            })
            .collect()
    };
    let left = labels(ranks[0], axes[0], b'b');
    let right = labels(ranks[1], axes[1], b'm');
    let free = |text: &str| text.replace(['a', 'z'], "");
    let output = format!("a{}{}", free(&left), free(&right));
    Equation::parse(&format!("{left},{right}->{output}"))
}
