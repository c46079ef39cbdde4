use graph::{Activation, BinaryOp, Op, ReduceOp, TensorId};

use super::{Layer, LayerProblem, Settings, Variable, invalid, unsupported};
use crate::assembly::{Layout, Scope};

const DEFAULT_EPSILON: f32 = 1e-3;
const GAMMA: Variable = Variable::trained(&["gamma"]);
const BETA: Variable = Variable::trained(&["beta"]);
const MEAN: Variable = Variable::fixed(&["moving_mean"]);
const VARIANCE: Variable = Variable::fixed(&["moving_variance"]);

/// The axis a normalization works on and its optional factor and summand.
struct Affine {
    axis: i64,
    epsilon: f32,
    scale: bool,
    center: bool,
}

impl Affine {
    fn parse(settings: &Settings) -> Result<Self, LayerProblem> {
        let axis = match settings.integers("axis")?.as_deref() {
            None => -1,
            Some(&[axis]) => axis,
            Some(axes) => return unsupported(format!("it normalizes axes {axes:?} together")),
        };
        let epsilon = settings.number("epsilon")?.unwrap_or(DEFAULT_EPSILON);
        if epsilon < 0.0 {
            return invalid("\"epsilon\" is negative");
        }
        Ok(Self {
            axis,
            epsilon,
            scale: settings.flag("scale", true)?,
            center: settings.flag("center", true)?,
        })
    }

    fn variables(&self) -> Vec<Variable> {
        let gamma = self.scale.then_some(GAMMA);
        let beta = self.center.then_some(BETA);
        gamma.into_iter().chain(beta).collect()
    }

    /// Number of channels; they have to be on the last axis.
    fn channels(&self, scope: &Scope<'_>, x: TensorId) -> Result<usize, LayerProblem> {
        let axis = scope.axis(x, self.axis)?;
        match scope.shape(x) {
            [_, .., channels] if axis + 1 == scope.shape(x).len() => Ok(*channels),
            shape => unsupported(format!(
                "it normalizes axis {axis} of {} axes, only the last is supported",
                shape.len()
            )),
        }
    }

    /// The trained factor, or ones.
    fn gamma(&self, scope: &mut Scope<'_>, channels: usize) -> Result<TensorId, LayerProblem> {
        if self.scale {
            scope.weight(0, &[channels], Layout::Keras)
        } else {
            scope.filled("gamma", 1.0, channels)
        }
    }

    /// The trained summand, or zeros.
    fn beta(&self, scope: &mut Scope<'_>, channels: usize) -> Result<TensorId, LayerProblem> {
        if self.center {
            scope.weight(usize::from(self.scale), &[channels], Layout::Keras)
        } else {
            scope.filled("beta", 0.0, channels)
        }
    }
}

/// Batch normalization with its moving statistics.
pub(super) struct BatchNormalization {
    affine: Affine,
    variables: Vec<Variable>,
}

impl BatchNormalization {
    pub(super) fn parse(settings: &Settings) -> Result<Self, LayerProblem> {
        if settings.flag("renorm", false)? {
            return unsupported("it uses batch renormalization");
        }
        let affine = Affine::parse(settings)?;
        let mut variables = affine.variables();
        variables.extend([MEAN, VARIANCE]);
        Ok(Self { affine, variables })
    }
}

impl Layer for BatchNormalization {
    fn variables(&self) -> &[Variable] {
        &self.variables
    }

    fn depends_on_training(&self) -> bool {
        true
    }

    fn build(&self, scope: &mut Scope<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerProblem> {
        let x = scope.only(inputs)?;
        let channels = self.affine.channels(scope, x)?;
        // Statistics first: they are always stored, so that a damaged number of channels shows
        // before ones and zeros are made for it.
        let statistics = self.variables.len() - 2;
        let mean = scope.weight(statistics, &[channels], Layout::Keras)?;
        let variance = scope.weight(statistics + 1, &[channels], Layout::Keras)?;
        let gamma = self.affine.gamma(scope, channels)?;
        let beta = self.affine.beta(scope, channels)?;
        let op = Op::BatchNormalization {
            epsilon: self.affine.epsilon,
        };
        scope.node("", op, &[x, gamma, beta, mean, variance])
    }
}

/// Layer normalization over the last axis, as a chain of operators.
pub(super) struct LayerNormalization {
    affine: Affine,
    variables: Vec<Variable>,
}

impl LayerNormalization {
    pub(super) fn parse(settings: &Settings) -> Result<Self, LayerProblem> {
        if settings.flag("rms_scaling", false)? {
            return unsupported("it uses rms_scaling");
        }
        let affine = Affine::parse(settings)?;
        let variables = affine.variables();
        Ok(Self { affine, variables })
    }
}

impl Layer for LayerNormalization {
    fn variables(&self) -> &[Variable] {
        &self.variables
    }

    fn build(&self, scope: &mut Scope<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerProblem> {
        let x = scope.only(inputs)?;
        let channels = self.affine.channels(scope, x)?;
        let mean_over_channels = Op::Reduce {
            kind: ReduceOp::Mean,
            axes: vec![scope.shape(x).len() - 1],
            keep_dims: true,
        };
        let mean = scope.node("mean", mean_over_channels.clone(), &[x])?;
        let centered = scope.node("centered", Op::Binary(BinaryOp::Subtract), &[x, mean])?;
        let squared = scope.node("squared", Op::Activation(Activation::Square), &[centered])?;
        let variance = scope.node("variance", mean_over_channels, &[squared])?;
        let epsilon = scope.scalar("epsilon", self.affine.epsilon)?;
        let shifted = scope.node(
            "variance/shifted",
            Op::Binary(BinaryOp::Add),
            &[variance, epsilon],
        )?;
        let inverse = scope.node(
            "inverse_deviation",
            Op::Activation(Activation::Rsqrt),
            &[shifted],
        )?;
        let Affine { scale, center, .. } = self.affine;
        let part = if scale || center { "normalized" } else { "" };
        let mut output = scope.node(part, Op::Binary(BinaryOp::Multiply), &[centered, inverse])?;
        if scale {
            let gamma = self.affine.gamma(scope, channels)?;
            let part = if center { "scaled" } else { "" };
            output = scope.node(part, Op::Binary(BinaryOp::Multiply), &[output, gamma])?;
        }
        if center {
            let beta = self.affine.beta(scope, channels)?;
            output = scope.node("", Op::Binary(BinaryOp::Add), &[output, beta])?;
        }
        Ok(output)
    }
}
