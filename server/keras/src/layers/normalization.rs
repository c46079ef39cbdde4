use graph::{BinaryOp, Op};
use localization::{phrase, text};

use super::layer::{Layer, Parsed};
use super::variable::Variable;
use crate::draft::{Layout, ValueId};
use crate::layers::scope::Scope;
use crate::operations::function::over_last_axis;
use crate::operations::reduction::{standardize, unit_length};
use crate::operations::shapes;
use crate::problem::{LayerProblem, invalid, unsupported};
use crate::settings::{Generation, Settings};

const DEFAULT_EPSILON: f32 = 1e-3;
const GAMMA: Variable = Variable::trained(&["gamma"]);
const BETA: Variable = Variable::trained(&["beta"]);
const MEAN: Variable = Variable::fixed(&["moving_mean"]);
const VARIANCE: Variable = Variable::fixed(&["moving_variance"]);

/// The axes a normalization works on and its optional factor and summand.
struct Affine {
    axes: Vec<i64>,
    epsilon: f32,
    scale: bool,
    center: bool,
}

impl Affine {
    fn parse(settings: &Settings) -> Result<Self, LayerProblem> {
        let epsilon = settings.number("epsilon")?.unwrap_or(DEFAULT_EPSILON);
        if epsilon < 0.0 {
            return invalid(phrase!("\"epsilon\" is negative"));
        }
        Ok(Self {
            axes: settings.integers("axis")?.unwrap_or_else(|| vec![-1]),
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

    /// The axis of the channels.
    fn axis(&self, scope: &Scope<'_>, x: ValueId) -> Result<usize, LayerProblem> {
        let &[axis] = self.axes.as_slice() else {
            return unsupported(text!(
                "it normalizes axes {axes:?} together",
                axes = self.axes
            ));
        };
        match scope.axis(x, axis)? {
            0 => unsupported(phrase!("it normalizes the batch axis")),
            axis => Ok(axis),
        }
    }

    /// The trained factor, or ones.
    fn gamma(&self, scope: &mut Scope<'_>, shape: &[usize]) -> Result<ValueId, LayerProblem> {
        if self.scale {
            scope.weight(0, shape, Layout::Keras)
        } else {
            scope.draft.filled("gamma", 1.0, shape.iter().product())
        }
    }

    /// The trained summand, or zeros.
    fn beta(&self, scope: &mut Scope<'_>, shape: &[usize]) -> Result<ValueId, LayerProblem> {
        if self.center {
            scope.weight(usize::from(self.scale), shape, Layout::Keras)
        } else {
            scope.draft.filled("beta", 0.0, shape.iter().product())
        }
    }

    /// Normalizes all axes from `first` on.
    fn over_end(
        &self,
        scope: &mut Scope<'_>,
        part: &str,
        x: ValueId,
        first: usize,
    ) -> Result<ValueId, LayerProblem> {
        let shape: Vec<usize> = scope.draft.shape(x).iter().skip(first).copied().collect();
        let axes = (first..scope.draft.rank(x)).collect();
        self.build(scope, part, &shape, |scope, part| {
            standardize(scope.draft, part, x, axes, self.epsilon)
        })
    }

    /// Adds what follows the normalization itself, which `normalize` names after a part.
    fn build(
        &self,
        scope: &mut Scope<'_>,
        part: &str,
        shape: &[usize],
        normalize: impl FnOnce(&mut Scope<'_>, &str) -> Result<ValueId, LayerProblem>,
    ) -> Result<ValueId, LayerProblem> {
        let normalized = if self.scale || self.center {
            "normalized"
        } else {
            part
        };
        let mut output = normalize(scope, normalized)?;
        if self.scale {
            let gamma = self.gamma(scope, shape)?;
            let part = if self.center { "scaled" } else { part };
            output = scope
                .draft
                .binary(part, BinaryOp::Multiply, output, gamma)?;
        }
        if self.center {
            let beta = self.beta(scope, shape)?;
            output = scope.draft.binary(part, BinaryOp::Add, output, beta)?;
        }
        Ok(output)
    }
}

/// Batch normalization with its moving statistics.
pub(super) fn batch_normalization(settings: &Settings) -> Parsed {
    if settings.flag("renorm", false)? {
        return unsupported(phrase!("it uses batch renormalization"));
    }
    let affine = Affine::parse(settings)?;
    let mut variables = affine.variables();
    let statistics = variables.len();
    variables.extend([MEAN, VARIANCE]);
    let layer = Layer::of_one(variables, move |scope, x| {
        let axis = affine.axis(scope, x)?;
        over_last_axis(scope, "", x, axis, |scope, part, x| {
            let channels = [scope.draft.channels(x)?];
            // Statistics first: they are always stored, so that a damaged number of channels shows
            // before ones and zeros are made for it.
            let mean = scope.weight(statistics, &channels, Layout::Keras)?;
            let variance = scope.weight(statistics + 1, &channels, Layout::Keras)?;
            let gamma = affine.gamma(scope, &channels)?;
            let beta = affine.beta(scope, &channels)?;
            let op = Op::BatchNormalization {
                epsilon: affine.epsilon,
            };
            let inputs = [x, gamma, beta, mean, variance];
            scope.draft.node(part, op, &inputs)
        })
    });
    Ok(layer.unlike_training())
}

/// Layer normalization as a chain of operators, over one axis or several at the end.
pub(super) fn layer_normalization(settings: &Settings) -> Parsed {
    if settings.flag("rms_scaling", false)? {
        return unsupported(phrase!("it uses rms_scaling"));
    }
    let affine = Affine::parse(settings)?;
    Ok(Layer::of_one(affine.variables(), move |scope, x| {
        let rank = scope.draft.rank(x);
        if affine.axes.len() == 1 {
            let axis = affine.axis(scope, x)?;
            return over_last_axis(scope, "", x, axis, |scope, part, x| {
                affine.over_end(scope, part, x, rank - 1)
            });
        }
        let axes = shapes::axes(&affine.axes, rank)?;
        match rank.checked_sub(axes.len()) {
            Some(first) if first > 0 && axes.iter().copied().eq(first..rank) => {
                affine.over_end(scope, "", x, first)
            }
            _ => unsupported(text!(
                "it normalizes axes {axes:?} together",
                axes = affine.axes
            )),
        }
    }))
}

/// Number of groups when the settings do not say.
const DEFAULT_GROUPS: i64 = 32;

/// Group normalization (Wu and He, Group Normalization, 2018); -1 makes a group of each channel.
pub(super) fn group_normalization(settings: &Settings) -> Parsed {
    let affine = Affine::parse(settings)?;
    let groups = match settings.integers("groups")?.as_deref() {
        None => DEFAULT_GROUPS,
        Some(&[groups]) => groups,
        Some(_) => return invalid(phrase!("\"groups\" should be one integer")),
    };
    Ok(Layer::of_one(affine.variables(), move |scope, x| {
        let axis = affine.axis(scope, x)?;
        over_last_axis(scope, "", x, axis, |scope, part, x| {
            let shape = scope.draft.shape(x).to_vec();
            let &[_, ref positions @ .., channels] = shape.as_slice() else {
                return invalid(phrase!("its input has no channels"));
            };
            let count = match groups {
                -1 => Some(channels),
                groups => usize::try_from(groups).ok(),
            };
            let count = count.filter(|&it| it > 0 && channels.is_multiple_of(it));
            let Some(count) = count else {
                return invalid(text!(
                    "{channels} channels do not divide into {groups} groups"
                ));
            };
            let grouped = vec![1, positions.iter().product(), count, channels / count];
            affine.build(scope, part, &[channels], |scope, part| {
                let draft = &mut *scope.draft;
                let grouped = draft.reshape("groups", x, grouped)?;
                let axes = vec![1, 3];
                let normalized = standardize(draft, "standardized", grouped, axes, affine.epsilon)?;
                draft.reshape(part, normalized, shape.clone())
            })
        })
    }))
}

/// Scales vectors along axes to length one.
pub(super) fn unit_normalization(settings: &Settings) -> Parsed {
    let axes = settings.integers("axis")?.unwrap_or_else(|| vec![-1]);
    // Keras 2 bounds the square of the length by 1e-12, Keras 3 the length.
    let least = match settings.generation {
        Generation::Keras2 => 1e-12,
        Generation::Keras3 => 1e-24,
    };
    Ok(Layer::of_operation(move |draft, x| {
        let axes = shapes::axes(&axes, draft.rank(x))?;
        match axes.contains(&0) {
            true => unsupported(phrase!("it normalizes the batch axis")),
            false => unit_length(draft, "", x, axes, least),
        }
    }))
}
