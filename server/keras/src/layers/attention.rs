use graph::{BinaryOp, Op};
use localization::{phrase, text};

use super::layer::{Layer, Parsed};
use super::variable::Variable;
use crate::draft::{Layout, ValueId};
use crate::layers::scope::Scope;
use crate::problem::{LayerProblem, invalid, unsupported};
use crate::settings::{Argument, Arguments, Settings};

/// Multi-head attention (Vaswani et al., Attention Is All You Need, 2017) of a tensor to itself or
/// to another one.
struct MultiHeadAttention {
    heads: usize,
    key_size: usize,
    value_size: usize,
    /// Features of the output; those of the query when it is open.
    output_size: Option<usize>,
    /// Axes of the positions; all between batch and features when they are open.
    axes: Option<Vec<i64>>,
    bias: bool,
}

/// The four projections in the order in which Keras creates them.
#[derive(Debug, Clone, Copy)]
enum Projection {
    Query,
    Key,
    Value,
    Output,
}

const KERNELS: [Variable; 4] = [
    Variable::of_part(&["query/kernel"], &["query_dense", "_query_dense"]),
    Variable::of_part(&["key/kernel"], &["key_dense", "_key_dense"]),
    Variable::of_part(&["value/kernel"], &["value_dense", "_value_dense"]),
    Variable::of_part(
        &["attention_output/kernel"],
        &["output_dense", "_output_dense"],
    ),
];

const BIASES: [Variable; 4] = [
    Variable::of_part(&["query/bias"], &["query_dense", "_query_dense"]),
    Variable::of_part(&["key/bias"], &["key_dense", "_key_dense"]),
    Variable::of_part(&["value/bias"], &["value_dense", "_value_dense"]),
    Variable::of_part(
        &["attention_output/bias"],
        &["output_dense", "_output_dense"],
    ),
];

/// Reads the layer.
pub(super) fn multi_head_attention(settings: &Settings) -> Parsed {
    if settings.flag("use_gate", false)? {
        return unsupported(phrase!("it sets use_gate"));
    }
    if settings.get("sliding_window").is_some() {
        return unsupported(phrase!("it sets sliding_window"));
    }
    let key_size = settings.count("key_dim")?;
    let bias = settings.flag("use_bias", true)?;
    let output_size = match settings.integers("output_shape")?.as_deref() {
        None => None,
        Some(&[size]) => match usize::try_from(size) {
            Ok(size) if size > 0 => Some(size),
            _ => return invalid(phrase!("\"output_shape\" should be positive")),
        },
        Some(_) => return unsupported(phrase!("its output_shape has several axes")),
    };
    let variables = KERNELS.into_iter().zip(BIASES);
    let variables = variables.flat_map(|(kernel, own)| [Some(kernel), bias.then_some(own)]);
    let layer = MultiHeadAttention {
        heads: settings.count("num_heads")?,
        key_size,
        value_size: settings.count_or("value_dim", key_size)?,
        output_size,
        axes: settings.integers("attention_axes")?,
        bias,
    };
    let build = move |scope: &mut Scope<'_>, inputs: &[ValueId]| {
        layer.build(scope, inputs).map(|output| vec![output])
    };
    Ok(Layer::of_many(variables.flatten().collect(), build).checked_by(check_call))
}

/// Arguments that Keras may pass along with values that change nothing.
const WITHOUT_EFFECT: &[&str] = &["training", "use_causal_mask", "return_attention_scores"];

fn check_call(arguments: &Arguments) -> Result<(), LayerProblem> {
    for (name, argument) in &arguments.named {
        let role = matches!(name.as_str(), "query" | "value" | "key");
        let off = *argument == Argument::Constant(false.into());
        let harmless = WITHOUT_EFFECT.contains(&name.as_str()) && off;
        if !role && !harmless && !argument.is_null() {
            return unsupported(text!("it is called with {name}"));
        }
    }
    if arguments.positional.len() > 3 {
        return unsupported(phrase!("it is called with a mask"));
    }
    for (position, name) in ["query", "value", "key"].into_iter().enumerate() {
        match arguments.get(position, name) {
            Some(Argument::Tensor(_)) => {}
            None if name == "key" => {}
            _ => return unsupported(text!("its {name} is not a tensor")),
        }
    }
    Ok(())
}

impl MultiHeadAttention {
    /// A dense layer over the last axis; `kernel` is the shape in which Keras stores the weights
    /// of `inputs` features.
    fn project(
        &self,
        scope: &mut Scope<'_>,
        projection: Projection,
        x: ValueId,
        kernel: &[usize],
        inputs: usize,
    ) -> Result<ValueId, LayerProblem> {
        let first = projection as usize * (1 + usize::from(self.bias));
        let elements = kernel
            .iter()
            .try_fold(1usize, |product, &extent| product.checked_mul(extent));
        let Some(outputs) = elements.map(|elements| elements / inputs.max(1)) else {
            return invalid(phrase!("its weights are out of range"));
        };
        let layout = Layout::Transposed;
        let weights = scope.reshaped_weight(first, kernel, &[inputs, outputs], layout)?;
        let mut operands = vec![x, weights];
        if self.bias {
            let shape = match projection {
                Projection::Output => &kernel[2..],
                _ => &kernel[1..],
            };
            let layout = Layout::Keras;
            operands.push(scope.reshaped_weight(first + 1, shape, &[outputs], layout)?);
        }
        let part = match projection {
            Projection::Query => "query",
            Projection::Key => "key",
            Projection::Value => "value",
            Projection::Output => "attention_output",
        };
        scope.draft.node(part, Op::FullyConnected, &operands)
    }

    /// `[1, positions, heads * size]` becomes `[1, heads, positions, size]`.
    fn split_heads(
        &self,
        scope: &mut Scope<'_>,
        part: &str,
        x: ValueId,
        size: usize,
    ) -> Result<ValueId, LayerProblem> {
        let shape = vec![1, scope.draft.extent(x, 1)?, self.heads, size];
        let x = scope
            .draft
            .node(&format!("{part}/heads"), Op::Reshape { shape }, &[x])?;
        let permutation = vec![0, 2, 1, 3];
        let part = format!("{part}/heads_first");
        scope.draft.node(&part, Op::Transpose { permutation }, &[x])
    }

    /// Joins the axes of the positions.
    fn flatten(
        &self,
        scope: &mut Scope<'_>,
        part: &str,
        x: ValueId,
    ) -> Result<(ValueId, usize), LayerProblem> {
        let shape = scope.draft.shape(x).to_vec();
        let &[_, ref positions @ .., features] = shape.as_slice() else {
            return invalid(text!("it has an input of shape {shape:?}"));
        };
        let all: Vec<usize> = (1..=positions.len()).collect();
        let axes = match &self.axes {
            None => all.clone(),
            Some(axes) => axes
                .iter()
                .map(|&axis| scope.axis(x, axis))
                .collect::<Result<_, _>>()?,
        };
        if axes != all || axes.is_empty() {
            return unsupported(text!(
                "its attention_axes {axes:?} are not all of an input of shape {shape:?}"
            ));
        }
        let positions = positions.iter().product();
        if all.len() == 1 {
            return Ok((x, features));
        }
        let shape = vec![1, positions, features];
        let x = scope
            .draft
            .node(&format!("{part}/positions"), Op::Reshape { shape }, &[x])?;
        Ok((x, features))
    }

    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let arguments = scope.arguments();
        let tensor = |position, name| match arguments.get(position, name) {
            Some(Argument::Tensor(index)) => inputs.get(*index).copied(),
            _ => None,
        };
        let (Some(query), Some(value)) = (tensor(0, "query"), tensor(1, "value")) else {
            return invalid(phrase!("it is called without query and value"));
        };
        let key = tensor(2, "key").unwrap_or(value);
        let outer = scope.draft.shape(query).to_vec();
        let (query, query_features) = self.flatten(scope, "query", query)?;
        let (value, value_features) = self.flatten(scope, "value", value)?;
        let (key, key_features) = self.flatten(scope, "key", key)?;

        let (heads, size) = (self.heads, self.key_size);
        let kernel = [query_features, heads, size];
        let query = self.project(scope, Projection::Query, query, &kernel, query_features)?;
        let scale = (size as f32).sqrt().recip();
        let query = scope
            .draft
            .with_number("query/scaled", BinaryOp::Multiply, query, scale)?;
        let query = self.split_heads(scope, "query", query, size)?;
        let kernel = [key_features, heads, size];
        let key = self.project(scope, Projection::Key, key, &kernel, key_features)?;
        let key = self.split_heads(scope, "key", key, size)?;
        let kernel = [value_features, heads, self.value_size];
        let value = self.project(scope, Projection::Value, value, &kernel, value_features)?;
        let value = self.split_heads(scope, "value", value, self.value_size)?;

        let product = Op::BatchMatMul { transpose_b: true };
        let scores = scope.draft.node("scores", product, &[query, key])?;
        let weights = scope.draft.node("softmax", Op::Softmax, &[scores])?;
        let product = Op::BatchMatMul { transpose_b: false };
        let attended = scope.draft.node("attended", product, &[weights, value])?;
        let permutation = vec![0, 2, 1, 3];
        let op = Op::Transpose { permutation };
        let attended = scope
            .draft
            .node("attended/positions_first", op, &[attended])?;
        let positions = scope.draft.extent(query, 2)?;
        let joined = heads.saturating_mul(self.value_size);
        let shape = vec![1, positions, joined];
        let attended = scope
            .draft
            .node("attended/joined", Op::Reshape { shape }, &[attended])?;
        let features = self.output_size.unwrap_or(query_features);
        let kernel = [heads, self.value_size, features];
        let output = self.project(scope, Projection::Output, attended, &kernel, joined)?;
        let mut shape = outer;
        if let Some(last) = shape.last_mut() {
            *last = features;
        }
        scope.draft.node("", Op::Reshape { shape }, &[output])
    }
}
