use graph::{Op, Padding, Window};
use localization::{phrase, text};

use super::activation::parse_function;
use super::layer::{Layer, Parsed};
use super::variable::Variable;
use crate::draft::{Draft, Layout, ValueId};
use crate::layers::scope::Scope;
use crate::operations::function::Function;
use crate::problem::{LayerProblem, invalid, unsupported};
use crate::settings::Settings;

const KERNEL: Variable = Variable::trained(&["kernel"]);
const DEPTHWISE_KERNEL: Variable = Variable::trained(&["depthwise_kernel", "kernel"]);
const POINTWISE_KERNEL: Variable = Variable::trained(&["pointwise_kernel"]);
const BIAS: Variable = Variable::trained(&["bias"]);

/// What all convolutions share.
struct Common {
    /// Axes of the stored kernels: one less than in the graph over sequences.
    dimensions: usize,
    kernel: [usize; 2],
    window: Window,
    activation: Function,
    /// Number of the variable that is the bias.
    bias: Option<usize>,
}

impl Common {
    fn parse(
        settings: &Settings,
        dimensions: usize,
        kernels: &[Variable],
    ) -> Result<(Self, Vec<Variable>), LayerProblem> {
        let Some(kernel) = settings.pair("kernel_size")? else {
            return invalid(phrase!("\"kernel_size\" is missing"));
        };
        let bias = settings.flag("use_bias", true)?;
        let mut variables = kernels.to_vec();
        variables.extend(bias.then_some(BIAS));
        let common = Self {
            dimensions,
            kernel,
            window: Window {
                stride: settings.pair("strides")?.unwrap_or([1, 1]),
                dilation: settings.pair("dilation_rate")?.unwrap_or([1, 1]),
                padding: parse_padding(settings)?,
            },
            activation: parse_function(settings, "activation")?,
            bias: bias.then_some(kernels.len()),
        };
        Ok((common, variables))
    }

    /// Shape of a kernel between two numbers of channels.
    fn shape(&self, a: usize, b: usize) -> [usize; 4] {
        let [height, width] = self.kernel;
        [height, width, a, b]
    }

    /// Keras' `deconv_output_length`, for inferred or given output padding.
    fn transposed_length(
        &self,
        input: usize,
        axis: usize,
        extra: Option<[usize; 2]>,
    ) -> Option<usize> {
        let (kernel, stride) = (self.kernel[axis], self.window.stride[axis]);
        let (padding, scaled) = (self.window.padding, input.checked_mul(stride)?);
        match (padding, extra) {
            (Padding::Same, None) => Some(scaled),
            (Padding::Valid, None) => scaled.checked_add(kernel.saturating_sub(stride)),
            (padding, Some(extra)) => {
                let lost = match padding {
                    Padding::Same => kernel / 2 * 2,
                    Padding::Valid => 0,
                };
                let reach = input.checked_sub(1)?.checked_mul(stride)?;
                reach.checked_add(kernel + extra[axis])?.checked_sub(lost)
            }
        }
    }

    /// The constant of a kernel `[height, width, a, b]`.
    fn kernel(
        &self,
        scope: &mut Scope<'_>,
        index: usize,
        shape: [usize; 4],
        layout: Layout,
    ) -> Result<ValueId, LayerProblem> {
        let stored = shape.get(2 - self.dimensions..).unwrap_or(&shape);
        scope.reshaped_weight(index, stored, &shape, layout)
    }

    /// Adds the convolution and what follows it.
    fn build(
        &self,
        scope: &mut Scope<'_>,
        op: Op,
        mut inputs: Vec<ValueId>,
        filters: usize,
    ) -> Result<ValueId, LayerProblem> {
        if let Some(bias) = self.bias {
            inputs.push(scope.weight(bias, &[filters], Layout::Keras)?);
        }
        let output = scope.draft.node("", op, &inputs)?;
        self.activation.build(scope.draft, "activation", output)
    }
}

/// Reads `padding` of a convolution or pooling layer.
pub(super) fn parse_padding(settings: &Settings) -> Result<Padding, LayerProblem> {
    match settings.text("padding") {
        None | Some("valid") => Ok(Padding::Valid),
        Some("same") => Ok(Padding::Same),
        Some(other) => unsupported(text!("its padding is \"{other}\"")),
    }
}

/// Channels of a feature map `[batch, height, width, channels]`.
fn channels(draft: &Draft, x: ValueId) -> Result<usize, LayerProblem> {
    match *draft.shape(x) {
        [_, _, _, channels] if channels > 0 => Ok(channels),
        ref shape => invalid(text!("its input has shape {shape:?} instead of an image")),
    }
}

fn multiply(a: usize, b: usize) -> Result<usize, LayerProblem> {
    match a.checked_mul(b) {
        Some(product) => Ok(product),
        None => invalid(phrase!("its number of channels is out of range")),
    }
}

/// Two-dimensional convolution, possibly grouped.
pub(super) fn conv2d(settings: &Settings, dimensions: usize) -> Parsed {
    let (common, variables) = Common::parse(settings, dimensions, &[KERNEL])?;
    let filters = settings.count("filters")?;
    let groups = settings.count_or("groups", 1)?;
    Ok(Layer::of_one(variables, move |scope, x| {
        let channels = channels(scope.draft, x)?;
        if !channels.is_multiple_of(groups) || !filters.is_multiple_of(groups) {
            return invalid(text!(
                "{channels} input and {filters} output channels do not divide into {groups} groups"
            ));
        }
        let shape = common.shape(channels / groups, filters);
        let kernel = common.kernel(scope, 0, shape, Layout::Convolution)?;
        let window = common.window;
        let op = Op::Conv2d { window, groups };
        common.build(scope, op, vec![x, kernel], filters)
    }))
}

/// Convolution of each channel by itself.
pub(super) fn depthwise_conv2d(settings: &Settings, dimensions: usize) -> Parsed {
    let (common, variables) = Common::parse(settings, dimensions, &[DEPTHWISE_KERNEL])?;
    let multiplier = settings.count_or("depth_multiplier", 1)?;
    Ok(Layer::of_one(variables, move |scope, x| {
        let channels = channels(scope.draft, x)?;
        let filters = multiply(channels, multiplier)?;
        let shape = common.shape(channels, multiplier);
        let kernel = common.kernel(scope, 0, shape, Layout::Depthwise)?;
        let window = common.window;
        let op = Op::DepthwiseConv2d { window, multiplier };
        common.build(scope, op, vec![x, kernel], filters)
    }))
}

/// Depthwise convolution followed by a pointwise one.
pub(super) fn separable_conv2d(settings: &Settings, dimensions: usize) -> Parsed {
    let kernels = [DEPTHWISE_KERNEL, POINTWISE_KERNEL];
    let (common, variables) = Common::parse(settings, dimensions, &kernels)?;
    let filters = settings.count("filters")?;
    let multiplier = settings.count_or("depth_multiplier", 1)?;
    Ok(Layer::of_one(variables, move |scope, x| {
        let channels = channels(scope.draft, x)?;
        let middle = multiply(channels, multiplier)?;
        let shape = common.shape(channels, multiplier);
        let depthwise = common.kernel(scope, 0, shape, Layout::Depthwise)?;
        let shape = [1, 1, middle, filters];
        let pointwise = common.kernel(scope, 1, shape, Layout::Convolution)?;
        let window = common.window;
        let op = Op::SeparableConv2d { window, multiplier };
        common.build(scope, op, vec![x, depthwise, pointwise], filters)
    }))
}

/// Rows and columns that the output of a transposed convolution has beyond the least.
fn output_padding(settings: &Settings) -> Result<Option<[usize; 2]>, LayerProblem> {
    if settings.get("output_padding").is_none() {
        return Ok(None);
    }
    let [[rows, _], [columns, _]] = settings.borders("output_padding")?;
    Ok(Some([rows, columns]))
}

/// Transposed convolution.
pub(super) fn conv2d_transpose(settings: &Settings) -> Parsed {
    let (common, variables) = Common::parse(settings, 2, &[KERNEL])?;
    if common.window.dilation != [1, 1] {
        return unsupported(phrase!("its dilation_rate is not 1"));
    }
    if settings.count_or("groups", 1)? != 1 {
        return unsupported(phrase!("it has several groups"));
    }
    let filters = settings.count("filters")?;
    let extra = output_padding(settings)?;
    Ok(Layer::of_one(variables, move |scope, x| {
        let channels = channels(scope.draft, x)?;
        let [_, rows, columns, _] = scope.draft.image(x)?;
        let size = common
            .transposed_length(rows, 0, extra)
            .zip(common.transposed_length(columns, 1, extra));
        let Some((rows, columns)) = size else {
            return invalid(phrase!("its output size is out of range"));
        };
        let shape = common.shape(filters, channels);
        let kernel = scope.weight(0, &shape, Layout::TransposeConvolution)?;
        let op = Op::TransposeConv2d {
            stride: common.window.stride,
            padding: common.window.padding,
            output_size: [rows, columns],
        };
        common.build(scope, op, vec![x, kernel], filters)
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::settings::Generation;

    #[test]
    fn transposed_lengths_are_those_of_keras() {
        let check = |padding: &str, extra: serde_json::Value, expected: Option<usize>| {
            let values = json!({"kernel_size": 3, "strides": 2, "padding": padding, "output_padding": extra});
            let settings = Settings {
                values: values.as_object().unwrap().clone(),
                generation: Generation::Keras3,
            };
            let (common, _) = Common::parse(&settings, 2, &[KERNEL]).unwrap();
            let extra = output_padding(&settings).ok();
            let length = extra.and_then(|extra| common.transposed_length(5, 1, extra));
            assert_eq!(length, expected, "{padding} {extra:?}");
        };
        check("same", json!(null), Some(10));
        check("valid", json!(null), Some(11));
        check("same", json!(1), Some(10));
        check("same", json!([1, 0]), Some(9));
        check("valid", json!([0, 1]), Some(12));
        check("valid", json!(-1), None);
    }
}
