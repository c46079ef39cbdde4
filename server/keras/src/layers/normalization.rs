use graph::{BinaryOp, Op};

use super::{Layer, Variable};
use crate::draft::{Layout, ValueId};
use crate::layers::scope::Scope;
use crate::operations::function::over_last_axis;
use crate::operations::reduction::{standardize, unit_length};
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
            return invalid("\"epsilon\" is negative");
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
            return unsupported(format!("it normalizes axes {:?} together", self.axes));
        };
        match scope.axis(x, axis)? {
            0 => unsupported("it normalizes the batch axis"),
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

    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let x = scope.only(inputs)?;
        let axis = self.affine.axis(scope, x)?;
        over_last_axis(scope, "", x, axis, |scope, part, x| {
            let channels = [scope.draft.channels(x)?];
            // Statistics first: they are always stored, so that a damaged number of channels shows
            // before ones and zeros are made for it.
            let statistics = self.variables.len() - 2;
            let mean = scope.weight(statistics, &channels, Layout::Keras)?;
            let variance = scope.weight(statistics + 1, &channels, Layout::Keras)?;
            let gamma = self.affine.gamma(scope, &channels)?;
            let beta = self.affine.beta(scope, &channels)?;
            let op = Op::BatchNormalization {
                epsilon: self.affine.epsilon,
            };
            scope
                .draft
                .node(part, op, &[x, gamma, beta, mean, variance])
        })
    }
}

/// Layer normalization as a chain of operators, over one axis or several at the end.
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

    /// Normalizes axes that are the last ones.
    fn over(
        &self,
        scope: &mut Scope<'_>,
        part: &str,
        x: ValueId,
        axes: Vec<usize>,
    ) -> Result<ValueId, LayerProblem> {
        let shape = scope.draft.shape(x);
        let shape = shape.iter().skip(shape.len() - axes.len());
        let shape: Vec<usize> = shape.copied().collect();
        let epsilon = self.affine.epsilon;
        self.affine.build(scope, part, &shape, |scope, part| {
            standardize(scope.draft, part, x, axes, epsilon)
        })
    }
}

impl Layer for LayerNormalization {
    fn variables(&self) -> &[Variable] {
        &self.variables
    }

    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let x = scope.only(inputs)?;
        if self.affine.axes.len() == 1 {
            let axis = self.affine.axis(scope, x)?;
            return over_last_axis(scope, "", x, axis, |scope, part, x| {
                let last = scope.draft.shape(x).len() - 1;
                self.over(scope, part, x, vec![last])
            });
        }
        let rank = scope.draft.shape(x).len();
        let mut axes = self
            .affine
            .axes
            .iter()
            .map(|&axis| scope.axis(x, axis))
            .collect::<Result<Vec<_>, _>>()?;
        axes.sort_unstable();
        let first = rank.saturating_sub(axes.len());
        if first == 0 || !axes.iter().copied().eq(first..rank) {
            return unsupported(format!(
                "it normalizes axes {:?} together",
                self.affine.axes
            ));
        }
        self.over(scope, "", x, axes)
    }
}

/// Group normalization (Wu and He, Group Normalization, 2018).
pub(super) struct GroupNormalization {
    affine: Affine,
    /// Number of groups; -1 makes a group of each channel.
    groups: i64,
    variables: Vec<Variable>,
}

/// Number of groups when the settings do not say.
const DEFAULT_GROUPS: i64 = 32;

impl GroupNormalization {
    pub(super) fn parse(settings: &Settings) -> Result<Self, LayerProblem> {
        let affine = Affine::parse(settings)?;
        let groups = match settings.integers("groups")?.as_deref() {
            None => DEFAULT_GROUPS,
            Some(&[groups]) => groups,
            Some(_) => return invalid("\"groups\" should be one integer"),
        };
        Ok(Self {
            groups,
            variables: affine.variables(),
            affine,
        })
    }
}

impl Layer for GroupNormalization {
    fn variables(&self) -> &[Variable] {
        &self.variables
    }

    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let x = scope.only(inputs)?;
        let axis = self.affine.axis(scope, x)?;
        over_last_axis(scope, "", x, axis, |scope, part, x| {
            let shape = scope.draft.shape(x).to_vec();
            let &[_, ref positions @ .., channels] = shape.as_slice() else {
                return invalid("its input has no channels");
            };
            let groups = match self.groups {
                -1 => channels,
                groups => usize::try_from(groups).unwrap_or(0),
            };
            if groups == 0 || !channels.is_multiple_of(groups) {
                let groups = self.groups;
                return invalid(format!(
                    "{channels} channels do not divide into {groups} groups"
                ));
            }
            let grouped = vec![1, positions.iter().product(), groups, channels / groups];
            let epsilon = self.affine.epsilon;
            self.affine.build(scope, part, &[channels], |scope, part| {
                let grouped = scope
                    .draft
                    .node("groups", Op::Reshape { shape: grouped }, &[x])?;
                let axes = vec![1, 3];
                let normalized = standardize(scope.draft, "standardized", grouped, axes, epsilon)?;
                scope.draft.node(
                    part,
                    Op::Reshape {
                        shape: shape.clone(),
                    },
                    &[normalized],
                )
            })
        })
    }
}

/// Scales vectors along axes to length one.
pub(super) struct UnitNormalization {
    axes: Vec<i64>,
    least: f32,
}

impl UnitNormalization {
    pub(super) fn parse(settings: &Settings) -> Result<Self, LayerProblem> {
        Ok(Self {
            axes: settings.integers("axis")?.unwrap_or_else(|| vec![-1]),
            // Keras 2 bounds the square of the length by 1e-12, Keras 3 the length.
            least: match settings.generation {
                Generation::Keras2 => 1e-12,
                Generation::Keras3 => 1e-24,
            },
        })
    }
}

impl Layer for UnitNormalization {
    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let x = scope.only(inputs)?;
        let mut axes = self
            .axes
            .iter()
            .map(|&axis| scope.axis(x, axis))
            .collect::<Result<Vec<_>, _>>()?;
        axes.sort_unstable();
        if axes.contains(&0) {
            return unsupported("it normalizes the batch axis");
        }
        unit_length(scope.draft, "", x, axes, self.least)
    }
}
