/// How a convolution or pooling window treats the border.
///
/// `Same` pads `max((ceil(in / stride) - 1) * stride + effective_kernel - in, 0)` in total, the
/// smaller half before. Explicit amounts are an [`Op::Pad`] in front of a `Valid` operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Padding {
    /// No padding.
    Valid,
    /// The output has `ceil(in / stride)` positions.
    Same,
}

/// Stride, dilation and padding of a convolution; `[height, width]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// Step between output positions.
    pub stride: [usize; 2],
    /// Step between kernel taps.
    pub dilation: [usize; 2],
    /// Border treatment.
    pub padding: Padding,
}

impl Window {
    /// Stride 1, dilation 1, no padding.
    pub const UNIT: Self = Self {
        stride: [1, 1],
        dilation: [1, 1],
        padding: Padding::Valid,
    };
}

/// Kernel, stride and padding of a pooling operator; `[height, width]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pool {
    /// Extent of the pooling window.
    pub kernel: [usize; 2],
    /// Step between output positions.
    pub stride: [usize; 2],
    /// Border treatment; padded positions never count.
    pub padding: Padding,
}

/// Element-wise functions of one tensor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Activation {
    /// `max(x, 0)`
    Relu,
    /// `min(max(x, 0), 6)`
    Relu6,
    /// `x` if positive, else `alpha * x`
    LeakyRelu {
        /// Slope of the negative side.
        alpha: f32,
    },
    /// `x` if positive, else `exp(x) - 1`
    Elu,
    /// `1 / (1 + exp(-x))`
    Sigmoid,
    /// Hyperbolic tangent.
    Tanh,
    /// `x * sigmoid(x)`, also called SiLU.
    Swish,
    /// `x * relu6(x + 3) / 6`
    HardSwish,
    /// `x * Phi(x)`, or its tanh approximation.
    Gelu {
        /// Use `0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`.
        approximate: bool,
    },
    /// `exp(x)`
    Exp,
    /// Natural logarithm of positive `x`.
    Log,
    /// `sqrt(x)`
    Sqrt,
    /// `1 / sqrt(x)`
    Rsqrt,
    /// `-x`
    Negate,
    /// `|x|`
    Abs,
    /// `x * x`
    Square,
}

/// Element-wise functions of two tensors, with NumPy broadcasting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `a + b`
    Add,
    /// `a - b`
    Subtract,
    /// `a * b`
    Multiply,
    /// `a / b`
    Divide,
    /// `max(a, b)`
    Maximum,
    /// `min(a, b)`
    Minimum,
}

/// Reductions over axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReduceOp {
    /// Arithmetic mean.
    Mean,
    /// Sum.
    Sum,
    /// Largest element.
    Max,
    /// Smallest element.
    Min,
}

/// How a resize looks up source pixels. Both use half-pixel centres as Keras does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResizeMethod {
    /// The pixel whose area holds the centre: `floor((i + 0.5) * in / out)`.
    Nearest,
    /// Weighted mean of the four pixels around the centre.
    Bilinear,
}

/// A clamp that TFLite operators apply to their own output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum FusedActivation {
    /// No clamp.
    #[default]
    None,
    /// `[0, inf)`
    Relu,
    /// `[0, 6]`
    Relu6,
}

/// What a node computes. Feature maps are `[1, height, width, channels]`.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// Inputs: `x`, kernel `[out, kh, kw, in / groups]`, optional bias `[out]`.
    Conv2d {
        /// Stride, dilation, padding.
        window: Window,
        /// Number of channel groups; divides both channel counts.
        groups: usize,
    },
    /// Inputs: `x`, kernel `[1, kh, kw, channels * multiplier]`, optional bias. Output channel
    /// `c * multiplier + m` sees input channel `c`.
    DepthwiseConv2d {
        /// Stride, dilation, padding.
        window: Window,
        /// Output channels for each input channel.
        multiplier: usize,
    },
    /// Inputs: `x`, depthwise kernel `[1, kh, kw, channels * multiplier]`, pointwise kernel
    /// `[out, 1, 1, channels * multiplier]`, optional bias `[out]`.
    SeparableConv2d {
        /// Stride, dilation, padding of the depthwise step.
        window: Window,
        /// Depthwise channels for each input channel.
        multiplier: usize,
    },
    /// Inputs: `x`, kernel `[out, kh, kw, in]`, optional bias `[out]`. Gradient of a convolution
    /// that maps `output_size` to the size of `x`.
    TransposeConv2d {
        /// Stride `[height, width]`.
        stride: [usize; 2],
        /// Padding of the forward convolution.
        padding: Padding,
        /// Output `[height, width]`.
        output_size: [usize; 2],
    },
    /// Inputs: `x` of any rank, kernel `[out, in]`, optional bias `[out]`. Contracts the last axis.
    FullyConnected,
    /// Inputs: `a [.., m, k]`, `b [.., k, n]`; leading axes are equal.
    BatchMatMul {
        /// `b` is given as `[.., n, k]`.
        transpose_b: bool,
    },
    /// Inputs: `x`, gamma, beta, mean, variance, each `[channels]`:
    /// `gamma * (x - mean) / sqrt(variance + epsilon) + beta` on the last axis.
    BatchNormalization {
        /// Added to the variance.
        epsilon: f32,
    },
    /// Element-wise function.
    Activation(Activation),
    /// Inputs: `x`, alpha broadcast against `x` without the batch axis.
    PRelu,
    /// Softmax over the last axis.
    Softmax,
    /// Element-wise function of two tensors.
    Binary(BinaryOp),
    /// Joins two or more tensors along an axis.
    Concatenate {
        /// Axis, counted from the front.
        axis: usize,
    },
    /// Largest element in each window.
    MaxPool2d(Pool),
    /// Mean of each window, without padded positions.
    AveragePool2d(Pool),
    /// Reduces axes.
    Reduce {
        /// Reduction.
        kind: ReduceOp,
        /// Axes, ascending.
        axes: Vec<usize>,
        /// Keep reduced axes with extent 1.
        keep_dims: bool,
    },
    /// Adds constant elements around a tensor.
    Pad {
        /// Elements before each axis.
        before: Vec<usize>,
        /// Elements after each axis.
        after: Vec<usize>,
        /// Their value.
        value: f32,
    },
    /// Cuts a box out of a tensor.
    Slice {
        /// First element of each axis.
        begin: Vec<usize>,
        /// Extent along each axis.
        size: Vec<usize>,
    },
    /// Changes height and width.
    Resize {
        /// Output `[height, width]`.
        size: [usize; 2],
        /// Interpolation.
        method: ResizeMethod,
    },
    /// Same elements, another shape.
    Reshape {
        /// Whole shape with batch.
        shape: Vec<usize>,
    },
    /// Output axis `i` is input axis `permutation[i]`.
    Transpose {
        /// Source axis of each output axis.
        permutation: Vec<usize>,
    },
    /// Same values in another encoding (quantize, requantize or dequantize in a file); identity
    /// on real numbers.
    Convert,
}
