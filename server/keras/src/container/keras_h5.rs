//! Whole-model .h5 files: `model_config` at the root, weights in `model_weights/<layer>/<name>`.
//!
//! The layout is that of `keras/saving/legacy/hdf5_format.py` in Keras 2 and of
//! `legacy_h5_format.py` in Keras 3, which write the same groups.

use std::collections::HashMap;
use std::rc::Rc;

use super::Container;
use super::datasets::DatasetWeights;
use super::hdf5::{Hdf5, PureHdf5, StringAttributes};
use super::legacy_order::stored_order;
use super::section::Section;
use crate::definition::{Content, LayerDefinition, ModelDefinition};
use crate::error::ErrorKind;
use crate::layers::{Variable, VariableId, WeightSource};
use crate::output_kind;

const WEIGHTS: &str = "model_weights";

/// An open .h5 file.
pub(super) struct KerasH5 {
    hdf5: Rc<dyn Hdf5>,
    configuration: String,
    keras_version: Option<String>,
    loss: Option<String>,
}

impl KerasH5 {
    pub(super) fn open(file: Section) -> Result<Self, ErrorKind> {
        Self::new(Rc::new(PureHdf5::open(file)?))
    }

    fn new(hdf5: Rc<dyn Hdf5>) -> Result<Self, ErrorKind> {
        let mut root = hdf5.string_attributes("")?.unwrap_or_default();
        let Some(configuration) = take_one(&mut root, "model_config") else {
            return Err(if holds_weights_only(hdf5.as_ref(), &root)? {
                ErrorKind::WeightsOnly
            } else {
                ErrorKind::NoModelConfiguration
            });
        };
        let keras_version = match take_one(&mut root, "keras_version") {
            Some(version) => Some(version),
            None => hdf5
                .string_attributes(WEIGHTS)?
                .and_then(|mut attributes| take_one(&mut attributes, "keras_version")),
        };
        let compiled = take_one(&mut root, "training_config");
        let loss = compiled
            .and_then(|compiled| serde_json::from_str(&compiled).ok())
            .and_then(|compiled| output_kind::loss(&compiled));
        Ok(Self {
            hdf5,
            configuration,
            keras_version,
            loss,
        })
    }
}

fn take_one(attributes: &mut StringAttributes, name: &str) -> Option<String> {
    attributes.remove(name).and_then(|mut values| values.pop())
}

/// `save_weights` puts at the root what is in `model_weights` otherwise; in Keras 3 it writes the
/// groups of the .keras format.
fn holds_weights_only(hdf5: &dyn Hdf5, root: &StringAttributes) -> Result<bool, ErrorKind> {
    if root.contains_key("layer_names") || root.contains_key("layer_names0") {
        return Ok(true);
    }
    for group in ["layers", "_layer_checkpoint_dependencies"] {
        if hdf5.string_attributes(group)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Container for KerasH5 {
    fn format(&self) -> &'static str {
        "Keras HDF5 (.h5)"
    }

    fn keras_version(&self) -> Option<&str> {
        self.keras_version.as_deref()
    }

    fn configuration(&self) -> &str {
        &self.configuration
    }

    fn loss(&self) -> Option<String> {
        self.loss.clone()
    }

    fn weights<'a>(
        &'a self,
        model: &ModelDefinition,
    ) -> Result<Box<dyn WeightSource + 'a>, ErrorKind> {
        let mut datasets = HashMap::new();
        for layer in &model.layers {
            let order = stored_order(layer, model.generation);
            if order.is_empty() {
                continue;
            }
            let group = format!("{WEIGHTS}/{}", layer.name);
            let names = match self.hdf5.string_attributes(&group)? {
                Some(attributes) => weight_names(attributes),
                None => Vec::new(),
            };
            for (variable, position) in assign(layer, &order, &names) {
                if let Some(name) = names.get(position) {
                    datasets.insert(variable, format!("{group}/{name}"));
                }
            }
        }
        Ok(Box::new(DatasetWeights::new(
            Rc::clone(&self.hdf5),
            datasets,
        )))
    }
}

/// The list `weight_names`, which is cut into `weight_names0`, `weight_names1`, … when it is too
/// long for one attribute.
fn weight_names(mut attributes: StringAttributes) -> Vec<String> {
    if let Some(names) = attributes.remove("weight_names") {
        return names;
    }
    (0..)
        .map_while(|part| attributes.remove(&format!("weight_names{part}")))
        .flatten()
        .collect()
}

/// Finds the position of each variable among the stored names.
///
/// Names say which layer a weight belongs to, and decide when they are complete and unambiguous.
/// Otherwise (a layer was renamed after it was built) the order decides, as it does in Keras.
fn assign(
    layer: &LayerDefinition,
    order: &[VariableId],
    names: &[String],
) -> Vec<(VariableId, usize)> {
    let mut expected = HashMap::new();
    collect_variables(layer, &mut expected);
    let mut positions: HashMap<(&str, &str), Option<usize>> = HashMap::new();
    for (position, name) in names.iter().enumerate() {
        // Weights of a part of a layer have the name of the part in front of their own.
        for segments in 1..=2 {
            // A pair that occurs twice tells nothing.
            positions
                .entry(split_name(name, segments))
                .and_modify(|entry| *entry = None)
                .or_insert(Some(position));
        }
    }
    let by_name: Option<Vec<_>> = order
        .iter()
        .map(|id| {
            let (owner, variable) = expected.get(id)?;
            let position = variable
                .names
                .iter()
                .find_map(|kind| positions.get(&(*owner, *kind)).copied().flatten())?;
            Some((*id, position))
        })
        .collect();
    if let Some(found) = by_name {
        return found;
    }
    if names.len() != order.len() {
        return Vec::new();
    }
    let same_kinds = order.iter().zip(names).all(|(id, name)| {
        expected.get(id).is_some_and(|(_, variable)| {
            let fits = |kind: &&str| split_name(name, kind.split('/').count()).1 == *kind;
            is_unnamed(split_name(name, 1).1) || variable.names.iter().any(fits)
        })
    });
    if same_kinds {
        order.iter().copied().zip(0..).collect()
    } else {
        Vec::new()
    }
}

/// Layer names and variables of a layer and of those nested in it.
fn collect_variables<'a>(
    layer: &'a LayerDefinition,
    found: &mut HashMap<VariableId, (&'a str, Variable)>,
) {
    if let Content::Model(model) = &layer.content {
        for inner in &model.layers {
            collect_variables(inner, found);
        }
        return;
    }
    let own_name = layer.name.rsplit('/').next().unwrap_or(&layer.name);
    for (index, variable) in layer.variables().iter().enumerate() {
        let id = VariableId {
            layer: layer.id,
            index,
        };
        found.insert(id, (own_name, *variable));
    }
}

/// Whether Keras 3 has made a name up, `variable` or `variable_7`, because its layer gave none.
fn is_unnamed(kind: &str) -> bool {
    kind.strip_prefix("variable").is_some_and(|rest| {
        rest.trim_start_matches('_')
            .chars()
            .all(|letter| letter.is_ascii_digit())
    })
}

/// Splits `outer/conv/kernel:0` into `conv` and `kernel`, or before the last two segments into
/// `outer` and `conv/kernel`.
fn split_name(name: &str, segments: usize) -> (&str, &str) {
    let name = match name.rsplit_once(':') {
        Some((name, _)) => name,
        None => name,
    };
    let slash = name.rmatch_indices('/').nth(segments.saturating_sub(1));
    match slash.and_then(|(slash, _)| name.split_at_checked(slash)) {
        Some((path, kind)) => (
            path.rsplit('/').next().unwrap_or(path),
            kind.trim_start_matches('/'),
        ),
        None => ("", name),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::path::Path;

    use super::*;
    use crate::container;

    #[test]
    fn names_are_split_into_layer_and_kind() {
        let check = |name, segments, expected| assert_eq!(split_name(name, segments), expected);
        check("conv/kernel:0", 1, ("conv", "kernel"));
        check("outer/conv/kernel", 1, ("conv", "kernel"));
        check("kernel:0", 1, ("", "kernel"));
        check("model/mha/query/kernel:0", 2, ("mha", "query/kernel"));
        check("conv/kernel:0", 2, ("", "conv/kernel"));
    }

    #[test]
    fn lists_that_were_cut_are_joined() {
        let attributes = |pairs: &[(&str, &[&str])]| -> StringAttributes {
            pairs
                .iter()
                .map(|(name, values)| {
                    let values = values.iter().map(|&value| value.to_owned()).collect();
                    ((*name).to_owned(), values)
                })
                .collect()
        };
        let cut = attributes(&[
            ("weight_names1", &["c"]),
            ("weight_names0", &["a", "b"]),
            ("weight_names3", &["lost"]),
        ]);
        assert_eq!(weight_names(cut), ["a", "b", "c"]);
        assert_eq!(weight_names(attributes(&[("weight_names", &["a"])])), ["a"]);
        assert!(weight_names(attributes(&[])).is_empty());
    }

    /// The order that this program computes is the order in which Keras wrote the names.
    #[test]
    fn weights_are_stored_in_the_computed_order() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/keras");
        let mut compared = 0;
        for file in [
            "keras2/functional.h5",
            "keras2/normalization.h5",
            "keras2/nested_twice.h5",
            "keras2/partly_trainable.h5",
            "keras2/transfer.h5",
            "keras3/functional.h5",
            "keras3/normalization.h5",
            "keras3/nested_twice.h5",
            "keras3/partly_trainable.h5",
            "keras3/transfer.h5",
        ] {
            let path = fixtures.join(file);
            let container = container::open(&path).unwrap();
            let configuration = container.configuration();
            let model = ModelDefinition::parse(configuration, container.keras_version()).unwrap();
            let hdf5 = PureHdf5::open(Section::file(File::open(&path).unwrap()).unwrap()).unwrap();
            for layer in &model.layers {
                let order = stored_order(layer, model.generation);
                let group = format!("{WEIGHTS}/{}", layer.name);
                let Some(attributes) = hdf5.string_attributes(&group).unwrap() else {
                    assert!(order.is_empty(), "{file}: {}", layer.name);
                    continue;
                };
                let names = weight_names(attributes);
                let expected: Vec<_> = order.iter().copied().zip(0..).collect();
                assert_eq!(assign(layer, &order, &names), expected, "{file}: {names:?}");
                compared += names.len();
            }
        }
        assert!(compared > 100, "only {compared} names compared");
    }
}
