use graph::Op;
use serde_json::{Value, json};

use super::{Layer, Variable};
use crate::draft::ValueId;
use crate::layers::scope::Scope;
use crate::problem::{LayerProblem, invalid};
use crate::settings::Settings;

/// A layer over sequences `[batch, positions, features]`, as the layer of the same kind over
/// images with one row.
pub(super) struct OneDimensional {
    inner: Box<dyn Layer>,
    /// Zeros in front of the sequence.
    before: usize,
}

/// Settings that have one number for each axis of the positions.
const BY_AXIS: &[&str] = &[
    "kernel_size",
    "strides",
    "dilation_rate",
    "pool_size",
    "size",
];

/// Settings that have a pair for each axis of the positions.
const PAIR_BY_AXIS: &[&str] = &["cropping"];

impl OneDimensional {
    /// Parses with the parser of the two-dimensional layer.
    pub(super) fn parse(
        settings: &Settings,
        parse: impl FnOnce(&Settings) -> Result<Box<dyn Layer>, LayerProblem>,
    ) -> Result<Self, LayerProblem> {
        let mut flat = Settings {
            values: settings.values.clone(),
            generation: settings.generation,
        };
        for &key in BY_AXIS {
            if let Some([first, ..]) = settings.integers(key)?.as_deref() {
                flat.values.insert(key.to_owned(), json!([1, first]));
            }
        }
        for &key in PAIR_BY_AXIS.iter().chain(&["padding"]) {
            match settings.integers(key).unwrap_or_default().as_deref() {
                Some(&[both]) => {
                    flat.values
                        .insert(key.to_owned(), json!([[0, 0], [both, both]]));
                }
                Some(&[before, after]) => {
                    let pairs = json!([[0, 0], [before, after]]);
                    flat.values.insert(key.to_owned(), pairs);
                }
                _ => {}
            }
        }
        let mut before = 0;
        if settings.text("padding") == Some("causal") {
            let one = |key: &str| -> Result<i64, LayerProblem> {
                let numbers = settings.integers(key)?;
                Ok(numbers
                    .and_then(|numbers| numbers.first().copied())
                    .unwrap_or(1))
            };
            let reach = (one("kernel_size")? - 1).checked_mul(one("dilation_rate")?);
            before = match reach.and_then(|reach| usize::try_from(reach).ok()) {
                Some(reach) => reach,
                None => return invalid("\"dilation_rate\" is out of range"),
            };
            flat.values
                .insert("padding".to_owned(), Value::from("valid"));
        }
        Ok(Self {
            inner: parse(&flat)?,
            before,
        })
    }
}

impl Layer for OneDimensional {
    fn variables(&self) -> &[Variable] {
        self.inner.variables()
    }

    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let mut x = scope.only(inputs)?;
        let &[batch, positions, features] = scope.draft.shape(x) else {
            return invalid(format!(
                "its input has shape {:?} instead of a sequence",
                scope.draft.shape(x)
            ));
        };
        let shape = vec![batch, 1, positions, features];
        x = scope.draft.node("row", Op::Reshape { shape }, &[x])?;
        if self.before > 0 {
            let op = Op::Pad {
                before: vec![0, 0, self.before, 0],
                after: vec![0; 4],
                value: 0.0,
            };
            x = scope.draft.node("padded", op, &[x])?;
        }
        let output = self.inner.build(scope, &[x])?;
        let &[batch, _, positions, features] = scope.draft.shape(output) else {
            return Ok(output);
        };
        let shape = vec![batch, positions, features];
        scope
            .draft
            .node("sequence", Op::Reshape { shape }, &[output])
    }
}
