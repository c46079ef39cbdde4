//! `.keras` files: a zip archive of `config.json`, `metadata.json` and `model.weights.h5`, or a
//! folder of these.
//!
//! The layout is that of `saving_lib.py` in Keras 2.12 to 2.15 and in Keras 3. A layer's variables
//! lie in `layers/<class>/vars/0`, `1`, …, where the class is in snake case and has a number from
//! its second layer in the same model on; layers of a nested model lie in `layers` of its group.

use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

use localization::{Phrase, Text, phrase, text};
use serde::Deserialize;
use serde_json::Value;

use super::Container;
use super::datasets::DatasetWeights;
use super::hdf5::{Hdf5, PureHdf5};
use super::members::Members;
use super::section::Section;
use super::zip::Archive;
use crate::definition::{Content, LayerDefinition, ModelDefinition};
use crate::error::ErrorKind;
use crate::layers::{VariableId, WeightSource};
use crate::limits;
use crate::output_kind;

const CONFIGURATION: &str = "config.json";
const METADATA: &str = "metadata.json";
const WEIGHTS: &str = "model.weights.h5";

/// Other forms of weights that Keras can write.
const OTHER_WEIGHTS: [(&str, Phrase); 3] = [
    ("model.weights.json", phrase!("cut into shards")),
    ("model.weights.npz", phrase!("stored as NumPy arrays")),
    (
        "variables.h5",
        phrase!("stored as a preview of Keras 2.11 had it"),
    ),
];

/// Whether a folder has the files of an archive in it.
pub(crate) fn is_unzipped(folder: &Path) -> bool {
    [CONFIGURATION, METADATA]
        .iter()
        .all(|name| folder.join(name).is_file())
}

/// An open .keras file, or a folder with what would be in one.
pub(super) struct KerasArchive {
    members: Members,
    configuration: String,
    keras_version: String,
}

impl KerasArchive {
    pub(super) fn open(file: Section) -> Result<Self, ErrorKind> {
        Self::of(Members::Archive(Archive::open(file)?))
    }

    pub(super) fn open_folder(folder: &Path) -> Result<Self, ErrorKind> {
        Self::of(Members::Folder(folder.to_owned()))
    }

    fn of(members: Members) -> Result<Self, ErrorKind> {
        if !members.contains(WEIGHTS) {
            let other = OTHER_WEIGHTS
                .iter()
                .find(|(name, _)| members.contains(name));
            return Err(match other {
                Some((_, form)) => ErrorKind::OtherWeights(*form),
                None => ErrorKind::MissingMember(WEIGHTS.to_owned()),
            });
        }
        let metadata = members.text(METADATA, limits::METADATA_BYTES)?;
        let keras_version = serde_json::from_str(&metadata)
            .ok()
            .and_then(|metadata: Value| Some(metadata.get("keras_version")?.as_str()?.to_owned()))
            .ok_or_else(|| ErrorKind::InvalidConfiguration {
                place: Text::verbatim(METADATA),
                problem: text!("it has no \"keras_version\""),
            })?;
        Ok(Self {
            configuration: members.text(CONFIGURATION, limits::CONFIGURATION_BYTES as u64)?,
            members,
            keras_version,
        })
    }
}

impl Container for KerasArchive {
    fn format(&self) -> &'static str {
        match self.members {
            Members::Archive(_) => "Keras archive (.keras)",
            Members::Folder(_) => "Keras archive (.keras), unzipped",
        }
    }

    fn keras_version(&self) -> Option<&str> {
        Some(&self.keras_version)
    }

    fn configuration(&self) -> &str {
        &self.configuration
    }

    fn loss(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Compiled {
            compile_config: Value,
        }
        let compiled: Compiled = serde_json::from_str(&self.configuration).ok()?;
        output_kind::loss(&compiled.compile_config)
    }

    fn weights<'a>(
        &'a self,
        model: &ModelDefinition,
    ) -> Result<Box<dyn WeightSource + 'a>, ErrorKind> {
        let file = self.members.contents(WEIGHTS, u64::MAX)?;
        let hdf5: Rc<dyn Hdf5> = Rc::new(PureHdf5::open(file)?);
        let doubled = hdf5.string_attributes(Scheme::Doubled.layers())?.is_some();
        let scheme = if doubled {
            Scheme::Doubled
        } else {
            Scheme::Plain
        };
        let mut groups = collect_groups(model, scheme);
        if scheme == Scheme::Plain && !all_exist(hdf5.as_ref(), &groups)? {
            let unrepeated = collect_groups(model, Scheme::Unrepeated);
            if all_exist(hdf5.as_ref(), &unrepeated)? {
                groups = unrepeated;
            }
        }
        let mut datasets = HashMap::new();
        for (index, (layer, group)) in groups.iter().enumerate() {
            let mut group = group.clone();
            if hdf5.string_attributes(&group)?.is_none() {
                group = shared_group(hdf5.as_ref(), &groups, index)?.unwrap_or(group);
            }
            check_name(hdf5.as_ref(), layer, &group)?;
            let mut counts: HashMap<&[&str], usize> = HashMap::new();
            for index in stored_order(layer) {
                let parts = layer.variables().get(index).map_or(&[][..], |it| it.parts);
                let position = counts.entry(parts).or_default();
                let group = match parts {
                    [] => group.clone(),
                    parts => part_group(hdf5.as_ref(), &group, parts)?,
                };
                let variable = VariableId {
                    layer: layer.id,
                    index,
                };
                datasets.insert(variable, format!("{group}/{position}"));
                *position += 1;
            }
        }
        Ok(Box::new(DatasetWeights::new(hdf5, datasets)))
    }
}

/// How the groups of a model's layers are named.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Scheme {
    /// As at the head of this module.
    Plain,
    /// Likewise, but a layer that an earlier nested model has too is passed over, as Keras 2.14 and
    /// 2.15 do.
    Unrepeated,
    /// Keras 2.12 and 2.13 list a layer that has weights twice, so it takes two numbers.
    Doubled,
}

impl Scheme {
    fn layers(self) -> &'static str {
        match self {
            Scheme::Plain | Scheme::Unrepeated => "layers",
            Scheme::Doubled => "_layer_checkpoint_dependencies",
        }
    }
}

/// A layer with variables and its `vars` group.
type LayerGroup<'a> = (&'a LayerDefinition, String);

/// Finds the `vars` group of every layer with variables, in nested models too.
fn collect_groups(model: &ModelDefinition, scheme: Scheme) -> Vec<LayerGroup<'_>> {
    let mut collector = Collector {
        scheme,
        seen: HashMap::new(),
        groups: Vec::new(),
    };
    collector.collect(model, "");
    collector.groups
}

struct Collector<'a> {
    scheme: Scheme,
    /// Path of each layer so far by its name and class.
    seen: HashMap<(&'a str, &'a str), String>,
    groups: Vec<LayerGroup<'a>>,
}

impl<'a> Collector<'a> {
    fn collect(&mut self, model: &'a ModelDefinition, prefix: &str) {
        let mut counts: HashMap<String, usize> = HashMap::new();
        for layer in &model.layers {
            let key = (layer.name.as_str(), layer.class.as_str());
            let earlier = self.seen.get(&key).cloned();
            let path = match earlier.filter(|_| self.scheme == Scheme::Unrepeated) {
                Some(path) => path,
                None => {
                    let class = snake_case(&layer.class);
                    let count = counts.entry(class.clone()).or_insert(0);
                    let name = match *count {
                        0 => class,
                        number => format!("{class}_{number}"),
                    };
                    *count += match self.scheme {
                        Scheme::Doubled if has_variables(layer) => 2,
                        _ => 1,
                    };
                    let path = format!("{prefix}{}/{name}", self.scheme.layers());
                    self.seen.insert(key, path.clone());
                    path
                }
            };
            match &layer.content {
                Content::Model(inner) => self.collect(inner, &format!("{path}/")),
                _ if has_variables(layer) => self.groups.push((layer, format!("{path}/vars"))),
                _ => {}
            }
        }
    }
}

fn all_exist(hdf5: &dyn Hdf5, groups: &[LayerGroup<'_>]) -> Result<bool, ErrorKind> {
    for (_, group) in groups {
        if hdf5.string_attributes(group)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The group of a layer that is in two nested models: Keras writes its variables in the first.
fn shared_group(
    hdf5: &dyn Hdf5,
    groups: &[LayerGroup<'_>],
    index: usize,
) -> Result<Option<String>, ErrorKind> {
    let Some((layer, _)) = groups.get(index) else {
        return Ok(None);
    };
    for (other, group) in groups.iter().take(index) {
        let same = other.name == layer.name && other.class == layer.class;
        if same && hdf5.string_attributes(group)?.is_some() {
            return Ok(Some(group.clone()));
        }
    }
    Ok(None)
}

/// The `vars` group of a part of a layer whose own `vars` group is given; versions name parts
/// differently.
fn part_group(hdf5: &dyn Hdf5, group: &str, parts: &[&str]) -> Result<String, ErrorKind> {
    let layer = group.strip_suffix("/vars").unwrap_or(group);
    for part in parts {
        let candidate = format!("{layer}/{part}/vars");
        if hdf5.string_attributes(&candidate)?.is_some() {
            return Ok(candidate);
        }
    }
    let first = parts.first().copied().unwrap_or_default();
    Ok(format!("{layer}/{first}/vars"))
}

fn has_variables(layer: &LayerDefinition) -> bool {
    match &layer.content {
        Content::Model(model) => model.layers.iter().any(has_variables),
        _ => !layer.variables().is_empty(),
    }
}

/// Positions of a layer's variables in the order in which they are numbered: those that training
/// changes come first, also when the layer is frozen.
fn stored_order(layer: &LayerDefinition) -> Vec<usize> {
    let variables = layer.variables();
    let mut order: Vec<usize> = (0..variables.len()).collect();
    order.sort_by_key(|&index| variables.get(index).is_none_or(|it| !it.trainable));
    order
}

/// Compares the name of a layer with the one that Keras 3 notes beside its variables.
fn check_name(hdf5: &dyn Hdf5, layer: &LayerDefinition, group: &str) -> Result<(), ErrorKind> {
    let noted = hdf5
        .string_attributes(group)?
        .and_then(|mut attributes| attributes.remove("name")?.pop());
    match noted {
        Some(name) if name != layer.name => Err(ErrorKind::Damaged {
            place: Text::verbatim(group),
            problem: text!(
                "the weights are those of layer \"{other}\" instead of \"{name}\"",
                other = name.escape_debug(),
                name = layer.name
            ),
        }),
        _ => Ok(()),
    }
}

/// Writes a class name as Keras does: `Conv2D` becomes `conv2d`, `PReLU` `p_re_lu`.
///
/// A word begins at a capital that lower-case letters or digits follow, and at one behind a
/// lower-case letter.
fn snake_case(class: &str) -> String {
    let letters: Vec<char> = class
        .chars()
        .filter(|letter| letter.is_alphanumeric() || *letter == '_')
        .collect();
    let mut name = String::new();
    let mut previous = None;
    for (index, &letter) in letters.iter().enumerate() {
        if let Some(previous) = previous
            && letter.is_ascii_uppercase()
        {
            let next: Option<&char> = letters.get(index + 1);
            let starts_word = next.is_some_and(char::is_ascii_lowercase);
            let follows_word = char::is_ascii_lowercase(&previous);
            if starts_word || follows_word {
                name.push('_');
            }
        }
        name.extend(letter.to_lowercase());
        previous = Some(letter);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_written_in_snake_case() {
        let check = |class: &str, expected: &str| assert_eq!(snake_case(class), expected);
        check("Dense", "dense");
        check("Conv2D", "conv2d");
        check("DepthwiseConv2D", "depthwise_conv2d");
        check("Conv2DTranspose", "conv2d_transpose");
        check("SeparableConv2D", "separable_conv2d");
        check("BatchNormalization", "batch_normalization");
        check("PReLU", "p_re_lu");
        check("LeakyReLU", "leaky_re_lu");
        check("ELU", "elu");
        check("TFOpLambda", "tf_op_lambda");
        check("MaxPooling2D", "max_pooling2d");
    }

    /// A Dense layer, a nested model with another, an activation, and a Dense layer behind it.
    const CONFIGURATION: &str = r#"{"class_name": "Sequential", "config": {"layers": [
        {"class_name": "Dense", "config": {"name": "zz", "units": 2}},
        {"class_name": "Sequential", "config": {"name": "inner", "layers": [
            {"class_name": "BatchNormalization", "config": {"name": "n", "scale": false}},
            {"class_name": "Dense", "config": {"name": "mm", "units": 2}}]}},
        {"class_name": "Sequential", "config": {"name": "bare", "layers": [
            {"class_name": "ReLU", "config": {"name": "r"}}]}},
        {"class_name": "Sequential", "config": {"name": "last", "layers": [
            {"class_name": "Dense", "config": {"name": "kk", "units": 2}}]}},
        {"class_name": "Dense", "config": {"name": "aa", "units": 2}}]}}"#;

    #[test]
    fn layers_are_counted_by_class_in_each_model() {
        let model = ModelDefinition::parse(CONFIGURATION, Some("2.15.0")).unwrap();
        let check = |scheme: Scheme, expected: &[(&str, &str)]| {
            let groups = collect_groups(&model, scheme);
            let found: Vec<(&str, String)> = groups
                .iter()
                .map(|(layer, group)| {
                    let group = group.replace(scheme.layers(), "*");
                    (layer.name.as_str(), group)
                })
                .collect();
            let expected: Vec<(&str, String)> = expected
                .iter()
                .map(|&(layer, group)| (layer, group.to_owned()))
                .collect();
            assert_eq!(found, expected);
        };
        check(
            Scheme::Plain,
            &[
                ("zz", "*/dense/vars"),
                ("n", "*/sequential/*/batch_normalization/vars"),
                ("mm", "*/sequential/*/dense/vars"),
                ("kk", "*/sequential_2/*/dense/vars"),
                ("aa", "*/dense_1/vars"),
            ],
        );
        check(
            Scheme::Doubled,
            &[
                ("zz", "*/dense/vars"),
                ("n", "*/sequential/*/batch_normalization/vars"),
                ("mm", "*/sequential/*/dense/vars"),
                ("kk", "*/sequential_3/*/dense/vars"),
                ("aa", "*/dense_2/vars"),
            ],
        );
    }
}
