use graph::{Op, Padding, Window};

use super::activation::parse_function;
use super::{Layer, Variable};
use crate::draft::{Layout, ValueId};
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
    variables: Vec<Variable>,
    bias: bool,
}

impl Common {
    fn parse(
        settings: &Settings,
        dimensions: usize,
        kernels: &[Variable],
    ) -> Result<Self, LayerProblem> {
        let Some(kernel) = settings.pair("kernel_size")? else {
            return invalid("\"kernel_size\" is missing");
        };
        let bias = settings.flag("use_bias", true)?;
        let mut variables = kernels.to_vec();
        variables.extend(bias.then_some(BIAS));
        Ok(Self {
            dimensions,
            kernel,
            window: Window {
                stride: settings.pair("strides")?.unwrap_or([1, 1]),
                dilation: settings.pair("dilation_rate")?.unwrap_or([1, 1]),
                padding: parse_padding(settings)?,
            },
            activation: parse_function(settings, "activation")?,
            variables,
            bias,
        })
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

    /// Adds the convolution and what follows it; the bias is the last variable.
    fn build(
        &self,
        scope: &mut Scope<'_>,
        op: Op,
        mut inputs: Vec<ValueId>,
        filters: usize,
    ) -> Result<ValueId, LayerProblem> {
        if self.bias {
            inputs.push(scope.weight(self.variables.len() - 1, &[filters], Layout::Keras)?);
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
        Some(other) => unsupported(format!("its padding is \"{other}\"")),
    }
}

/// Channels of a feature map `[batch, height, width, channels]`.
fn channels(scope: &Scope<'_>, x: ValueId) -> Result<usize, LayerProblem> {
    match *scope.draft.shape(x) {
        [_, _, _, channels] if channels > 0 => Ok(channels),
        ref shape => invalid(format!("its input has shape {shape:?} instead of an image")),
    }
}

fn multiply(a: usize, b: usize) -> Result<usize, LayerProblem> {
    match a.checked_mul(b) {
        Some(product) => Ok(product),
        None => invalid("its number of channels is out of range"),
    }
}

/// Two-dimensional convolution, possibly grouped.
pub(super) struct Conv2D {
    common: Common,
    filters: usize,
    groups: usize,
}

impl Conv2D {
    pub(super) fn parse(settings: &Settings, dimensions: usize) -> Result<Self, LayerProblem> {
        Ok(Self {
            common: Common::parse(settings, dimensions, &[KERNEL])?,
            filters: settings.count("filters")?,
            groups: settings.count_or("groups", 1)?,
        })
    }
}

impl Layer for Conv2D {
    fn variables(&self) -> &[Variable] {
        &self.common.variables
    }

    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let x = scope.only(inputs)?;
        let channels = channels(scope, x)?;
        if !channels.is_multiple_of(self.groups) || !self.filters.is_multiple_of(self.groups) {
            return invalid(format!(
                "{channels} input and {} output channels do not divide into {} groups",
                self.filters, self.groups
            ));
        }
        let [height, width] = self.common.kernel;
        let shape = [height, width, channels / self.groups, self.filters];
        let kernel = self.common.kernel(scope, 0, shape, Layout::Convolution)?;
        let op = Op::Conv2d {
            window: self.common.window,
            groups: self.groups,
        };
        self.common.build(scope, op, vec![x, kernel], self.filters)
    }
}

/// Convolution of each channel by itself.
pub(super) struct DepthwiseConv2D {
    common: Common,
    multiplier: usize,
}

impl DepthwiseConv2D {
    pub(super) fn parse(settings: &Settings, dimensions: usize) -> Result<Self, LayerProblem> {
        Ok(Self {
            common: Common::parse(settings, dimensions, &[DEPTHWISE_KERNEL])?,
            multiplier: settings.count_or("depth_multiplier", 1)?,
        })
    }
}

impl Layer for DepthwiseConv2D {
    fn variables(&self) -> &[Variable] {
        &self.common.variables
    }

    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let x = scope.only(inputs)?;
        let channels = channels(scope, x)?;
        let filters = multiply(channels, self.multiplier)?;
        let [height, width] = self.common.kernel;
        let shape = [height, width, channels, self.multiplier];
        let kernel = self.common.kernel(scope, 0, shape, Layout::Depthwise)?;
        let op = Op::DepthwiseConv2d {
            window: self.common.window,
            multiplier: self.multiplier,
        };
        self.common.build(scope, op, vec![x, kernel], filters)
    }
}

/// Depthwise convolution followed by a pointwise one.
pub(super) struct SeparableConv2D {
    common: Common,
    filters: usize,
    multiplier: usize,
}

impl SeparableConv2D {
    pub(super) fn parse(settings: &Settings, dimensions: usize) -> Result<Self, LayerProblem> {
        Ok(Self {
            common: Common::parse(settings, dimensions, &[DEPTHWISE_KERNEL, POINTWISE_KERNEL])?,
            filters: settings.count("filters")?,
            multiplier: settings.count_or("depth_multiplier", 1)?,
        })
    }
}

impl Layer for SeparableConv2D {
    fn variables(&self) -> &[Variable] {
        &self.common.variables
    }

    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let x = scope.only(inputs)?;
        let channels = channels(scope, x)?;
        let middle = multiply(channels, self.multiplier)?;
        let [height, width] = self.common.kernel;
        let depthwise = [height, width, channels, self.multiplier];
        let depthwise = self.common.kernel(scope, 0, depthwise, Layout::Depthwise)?;
        let pointwise = [1, 1, middle, self.filters];
        let pointwise = self
            .common
            .kernel(scope, 1, pointwise, Layout::Convolution)?;
        let op = Op::SeparableConv2d {
            window: self.common.window,
            multiplier: self.multiplier,
        };
        self.common
            .build(scope, op, vec![x, depthwise, pointwise], self.filters)
    }
}

/// Transposed convolution.
pub(super) struct Conv2DTranspose {
    common: Common,
    filters: usize,
}

impl Conv2DTranspose {
    pub(super) fn parse(settings: &Settings) -> Result<Self, LayerProblem> {
        let common = Common::parse(settings, 2, &[KERNEL])?;
        if common.window.dilation != [1, 1] {
            return unsupported("its dilation_rate is not 1");
        }
        if settings.get("output_padding").is_some() {
            return unsupported("it sets output_padding");
        }
        if settings.count_or("groups", 1)? != 1 {
            return unsupported("it has several groups");
        }
        Ok(Self {
            common,
            filters: settings.count("filters")?,
        })
    }

    /// Keras' `deconv_output_length` for inferred output padding.
    fn output_length(&self, input: usize, axis: usize) -> Option<usize> {
        let (kernel, stride) = (self.common.kernel[axis], self.common.window.stride[axis]);
        let scaled = input.checked_mul(stride)?;
        match self.common.window.padding {
            Padding::Same => Some(scaled),
            Padding::Valid => scaled.checked_add(kernel.saturating_sub(stride)),
        }
    }
}

impl Layer for Conv2DTranspose {
    fn variables(&self) -> &[Variable] {
        &self.common.variables
    }

    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let x = scope.only(inputs)?;
        let channels = channels(scope, x)?;
        let &[_, rows, columns, _] = scope.draft.shape(x) else {
            return invalid("its input is not an image");
        };
        let size = self
            .output_length(rows, 0)
            .zip(self.output_length(columns, 1));
        let Some((rows, columns)) = size else {
            return invalid("its output size is out of range");
        };
        let [height, width] = self.common.kernel;
        let shape = [height, width, self.filters, channels];
        let kernel = scope.weight(0, &shape, Layout::TransposeConvolution)?;
        let op = Op::TransposeConv2d {
            stride: self.common.window.stride,
            padding: self.common.window.padding,
            output_size: [rows, columns],
        };
        self.common.build(scope, op, vec![x, kernel], self.filters)
    }
}
