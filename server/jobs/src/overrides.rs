//! Settings of single layers, one node at a time.

use std::collections::BTreeMap;

use configuration::target::Capabilities;
use configuration::{LayerOverride, QuantizationSettings};
use graph::{Graph, Node};
use localization::{Text, phrase, text};
use quantization::{LayerChanges, Options, Precision, QuantizationError, has_int16_kernel};

use crate::error::JobError;
use crate::layers::LayerNames;

/// Puts the settings of single layers into the options. Returns what the user should know.
///
/// # Errors
/// [`JobError::NoSuchLayer`] when a name matches no layer, [`JobError::NotOnTarget`] when a layer
/// that is named without wildcards shall be what the target does not allow.
pub(crate) fn apply(
    settings: &QuantizationSettings,
    target: &Capabilities,
    names: &LayerNames,
    graph: &Graph,
    options: &mut Options,
) -> Result<Vec<Text>, JobError> {
    let mut merged: BTreeMap<String, LayerOverride> = BTreeMap::new();
    let mut warnings = Vec::new();
    for entry in &settings.overrides {
        for pattern in &entry.layers {
            let nodes = names.matching(pattern)?;
            if nodes.is_empty() {
                warnings.push(text!(
                    "nothing is left of the layers \"{pattern}\" in quantization.overrides, because they change no value"
                ));
            }
            for node in nodes {
                let entry = allowed(entry, pattern, node, target, graph, options)?;
                merge(merged.entry(node.to_owned()).or_default(), &entry);
            }
        }
    }
    for (node, changes) in merged {
        if let Some(precision) = precision(&changes)
            && graph.nodes().iter().any(|known| known.name == node)
        {
            options.precisions.insert(node.clone(), precision);
        }
        options
            .layers
            .insert(node, layer_changes(&changes, settings));
    }
    Ok(warnings)
}

/// Keeps in float what has no int8 kernel. Returns what the user should know.
///
/// # Errors
/// [`JobError::NotOnTarget`] where the target does not allow that.
pub(crate) fn keep_in_float(
    target: &Capabilities,
    graph: &Graph,
    options: &mut Options,
) -> Result<Vec<Text>, JobError> {
    let found = quantization::without_int8_kernel(graph, options);
    let nodes: Vec<Node> = found.cloned().collect();
    let mut warnings = Vec::new();
    for node in nodes {
        let (layer, op) = (&node.name, node.op.name());
        if !options.layer(&node).float {
            return Err(JobError::NotOnTarget {
                target: target.name.clone(),
                layer: layer.clone(),
                op,
                wanted: phrase!("stay in float"),
            });
        }
        warnings.push(text!(
            "layer \"{layer}\" stays in float, because it needs {op}, for which TFLite has no int8 kernel"
        ));
        options.precisions.insert(layer.clone(), Precision::Float);
    }
    Ok(warnings)
}

/// The part of an entry that the target allows for a node. Wildcards pass over what it does not
/// allow, a name in full does not.
fn allowed(
    entry: &LayerOverride,
    pattern: &str,
    name: &str,
    target: &Capabilities,
    graph: &Graph,
    options: &Options,
) -> Result<LayerOverride, JobError> {
    let mut entry = entry.clone();
    let Some(node) = graph.nodes().iter().find(|node| node.name == name) else {
        return Ok(entry);
    };
    let settings = options.layer(node);
    let (float, wide) = (entry.float == Some(true), entry.activation_bits == Some(16));
    let by_name = !pattern.contains(['*', '?']);
    let refused = match (float, wide) {
        (true, _) if !settings.float => Some(phrase!("stay in float")),
        (false, true) if !settings.int16 => Some(phrase!("have activations of 16 bits")),
        _ => None,
    };
    let Some(wanted) = refused else {
        if wide && !float && !has_int16_kernel(graph, node) {
            if by_name {
                let (layer, op) = (name.to_owned(), node.op.name());
                return Err(QuantizationError::NoInt16 { layer, op }.into());
            }
            entry.activation_bits = None;
        }
        return Ok(entry);
    };
    if by_name {
        return Err(JobError::NotOnTarget {
            target: target.name.clone(),
            layer: name.to_owned(),
            op: node.op.name(),
            wanted,
        });
    }
    entry.float = None;
    entry.activation_bits = None;
    Ok(entry)
}

/// What a layer computes in, where that is said.
fn precision(changes: &LayerOverride) -> Option<Precision> {
    match (changes.float, changes.activation_bits) {
        (Some(true), _) => Some(Precision::Float),
        (_, Some(16)) => Some(Precision::Int16),
        (_, Some(_)) => Some(Precision::Int8),
        _ => None,
    }
}

/// Later entries win.
fn merge(into: &mut LayerOverride, entry: &LayerOverride) {
    into.activation_error_method = entry
        .activation_error_method
        .or(into.activation_error_method);
    into.weights_error_method = entry.weights_error_method.or(into.weights_error_method);
    into.z_threshold = entry.z_threshold.or(into.z_threshold);
    into.percentile = entry.percentile.or(into.percentile);
    into.activation_bits = entry.activation_bits.or(into.activation_bits);
    into.float = entry.float.or(into.float);
}

fn layer_changes(changes: &LayerOverride, settings: &QuantizationSettings) -> LayerChanges {
    let percentile = changes.percentile.unwrap_or(settings.percentile);
    let method = changes
        .activation_error_method
        .or(settings.activation_error_method)
        .unwrap_or_default();
    let changed = changes.activation_error_method.is_some() || changes.percentile.is_some();
    LayerChanges {
        activation_error_method: changed.then(|| settings.error_method(method, percentile)),
        weights_error_method: changes
            .weights_error_method
            .map(|method| settings.error_method(method, percentile)),
        z_threshold: changes.z_threshold,
    }
}

#[cfg(test)]
mod tests {
    use configuration::{ErrorMethod, Target};
    use graph::{Activation, Constant, Op, Window, passes};
    use quantization::OperatorRule;

    use super::*;

    /// Two convolutions, the second with an exponential behind it.
    fn model() -> Graph {
        let mut graph = Graph::new("model");
        let mut last = graph.add_input("image", &[1, 4, 4, 2]).unwrap();
        let kernel = graph.add_constant("k", Constant::ones(vec![2, 1, 1, 2]));
        for name in ["first", "second"] {
            let conv = Op::Conv2d {
                window: Window::UNIT,
                groups: 1,
            };
            last = graph.add_node(name, conv, &[last, kernel]).unwrap();
            last = graph
                .add_node(
                    format!("{name}_elu"),
                    Op::Activation(Activation::Elu),
                    &[last],
                )
                .unwrap();
        }
        graph.set_outputs(&[last]);
        graph
    }

    fn applied(overrides: &[LayerOverride], options: &mut Options) -> Result<Vec<Text>, JobError> {
        let original = model();
        let prepared = passes::prepare(&original);
        let layers = [
            "image",
            "first",
            "first_elu",
            "second",
            "second_elu",
            "gone",
        ];
        let names = LayerNames::new(&layers.map(str::to_owned), &original, &prepared);
        let settings = QuantizationSettings {
            overrides: overrides.to_vec(),
            ..QuantizationSettings::default()
        };
        let target = Target::Imx500.capabilities().unwrap();
        apply(&settings, &target, &names, &prepared, options)
    }

    fn entry(layers: &str) -> LayerOverride {
        LayerOverride {
            layers: vec![layers.to_owned()],
            ..LayerOverride::default()
        }
    }

    #[test]
    fn later_entries_win() {
        let mut options = Options::default();
        let entries = [
            LayerOverride {
                activation_error_method: Some(ErrorMethod::Percentile),
                z_threshold: Some(4.0),
                ..entry("*")
            },
            LayerOverride {
                percentile: Some(90.0),
                ..entry("first")
            },
            LayerOverride {
                activation_error_method: Some(ErrorMethod::Mae),
                weights_error_method: Some(ErrorMethod::Kl),
                ..entry("sec*nd")
            },
        ];
        assert_eq!(applied(&entries, &mut options).unwrap(), Vec::<Text>::new());
        let changes = |activations, weights| LayerChanges {
            activation_error_method: Some(activations),
            weights_error_method: weights,
            z_threshold: Some(4.0),
        };
        let method = quantization::ErrorMethod::Percentile;
        let expected = [
            ("first", changes(method(90.0), None)),
            ("first_elu", changes(method(99.99), None)),
            ("image", changes(method(99.99), None)),
            (
                "second",
                changes(
                    quantization::ErrorMethod::Mae,
                    Some(quantization::ErrorMethod::Kl),
                ),
            ),
            ("second_elu", changes(method(99.99), None)),
        ];
        let expected = expected.map(|(name, changes)| (name.to_owned(), changes));
        assert_eq!(options.layers, expected.into());
    }

    #[test]
    fn what_the_target_does_not_allow_is_refused_by_name_and_passed_over_by_wildcards() {
        let wide = |layers: &str| LayerOverride {
            activation_bits: Some(16),
            ..entry(layers)
        };
        let mut options = Options {
            operators: vec![OperatorRule {
                operators: vec!["Elu".to_owned()],
                int16: Some(false),
                ..OperatorRule::default()
            }],
            ..Options::default()
        };
        applied(&[wide("f*"), wide("second")], &mut options).unwrap();
        let wide_ones = ["first", "second"].map(|name| (name.to_owned(), Precision::Int16));
        assert_eq!(options.precisions, wide_ones.into());
        let error = applied(&[wide("first_elu")], &mut options).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the target \"imx500\" does not let the layer \"first_elu\" (Elu) have activations of 16 bits; change quantization.overrides or the target"
        );
        let mut any = Options::default();
        let error = applied(&[wide("first_elu")], &mut any).unwrap_err();
        assert!(error.to_string().contains("first_elu"), "{error}");
        let float = |layers: &str, float| LayerOverride {
            float: Some(float),
            ..entry(layers)
        };
        let entries = [float("*", true), float("second*", false), wide("*")];
        applied(&entries, &mut any).unwrap();
        let expected = [
            ("first", Precision::Float),
            ("first_elu", Precision::Float),
            ("second", Precision::Int16),
        ];
        let expected = expected.map(|(name, precision)| (name.to_owned(), precision));
        assert_eq!(any.precisions, expected.into());
        options.float = false;
        let error = applied(&[float("first", true)], &mut options).unwrap_err();
        assert!(error.to_string().contains("stay in float"), "{error}");
    }

    #[test]
    fn names_that_mean_nothing_are_told() {
        let mut options = Options::default();
        let warnings = applied(&[entry("gone")], &mut options).unwrap();
        assert!(warnings[0].contains("\"gone\""), "{warnings:?}");
        let error = applied(&[entry("frist")], &mut options).unwrap_err();
        assert!(matches!(error, JobError::NoSuchLayer { .. }), "{error}");
    }
}
