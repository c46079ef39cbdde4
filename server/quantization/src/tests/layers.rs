//! Settings of single operators and layers.

use graph::{Activation, BinaryOp};

use super::rules::{Model, options, parameters, quantized};
use crate::{
    ActivationMethod, ErrorMethod, LayerChanges, OperatorRule, Options, QuantizedModel,
    WeightMethod,
};
use tflite::Encoding;

/// Two layers, the first with an activation behind it that has a large range.
fn model() -> Model {
    let mut model = Model::new();
    let first = model.conv("first", model.input, 3.0);
    let bent = model.activation("bent", Activation::LeakyRelu { alpha: 0.1 }, first);
    model.conv("second", bent, 1.0);
    model
}

fn quantize(options: &Options) -> QuantizedModel {
    quantized(&model().graph, options).unwrap()
}

fn is_power_of_two(scale: f32) -> bool {
    scale.log2().fract() == 0.0
}

/// Scales of the kernel of the node of this name.
fn kernel_scales(model: &QuantizedModel, name: &str) -> Vec<f32> {
    let mut nodes = model.graph.nodes().iter();
    let node = nodes.find(|node| node.name == name).unwrap();
    match model.encodings.get(node.inputs[1]) {
        Encoding::Quantized(constant) => constant.scales.clone(),
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn rules_of_a_target_hold_for_their_operators() {
    let rule = |operator: &str| OperatorRule {
        operators: vec![operator.to_owned()],
        ..OperatorRule::default()
    };
    let mut options = options(ActivationMethod::PowerOfTwo);
    options.operators = vec![
        OperatorRule {
            weight_method: Some(WeightMethod::PowerOfTwo),
            per_channel: Some(false),
            ..rule("Conv2D")
        },
        OperatorRule {
            activation_method: Some(ActivationMethod::Symmetric),
            int16: Some(false),
            ..rule("LeakyRelu")
        },
        OperatorRule {
            activation_method: Some(ActivationMethod::Uniform),
            float: Some(false),
            ..rule("LeakyRelu")
        },
    ];
    let found = quantize(&options);
    for name in ["first", "second"] {
        assert!(is_power_of_two(parameters(&found, name).0), "{name}");
        let scales = kernel_scales(&found, name);
        assert_eq!(scales.len(), 1, "{name}");
        assert!(is_power_of_two(scales[0]), "{name}: {scales:?}");
    }
    let (scale, zero_point) = parameters(&found, "bent");
    assert!(!is_power_of_two(scale), "{scale}");
    assert!(![0, -128].contains(&zero_point), "{zero_point}");

    let model = model();
    let allowed = |index: usize| {
        let settings = options.layer(&model.graph.nodes()[index]);
        (settings.int16, settings.float)
    };
    assert_eq!(allowed(0), (true, true));
    assert_eq!(allowed(1), (false, false));
}

#[test]
fn changes_hold_for_one_layer() {
    let plain = quantize(&options(ActivationMethod::Symmetric));
    let mut options = options(ActivationMethod::Symmetric);
    let half = LayerChanges {
        activation_error_method: Some(ErrorMethod::Percentile(60.0)),
        weights_error_method: Some(ErrorMethod::NoClipping),
        ..LayerChanges::default()
    };
    let near = LayerChanges {
        z_threshold: Some(1.0),
        ..LayerChanges::default()
    };
    options.layers = [("first", half), ("input", near)]
        .map(|(name, changes)| (name.to_owned(), changes))
        .into();
    let found = quantize(&options);
    let ratio = |name: &str| parameters(&found, name).0 / parameters(&plain, name).0;
    // Six of ten values of a nearly normal distribution lie within 0.84 deviations.
    assert!((0.1..0.5).contains(&ratio("first")), "{}", ratio("first"));
    assert_eq!(ratio("second"), 1.0);
    assert_eq!(
        kernel_scales(&found, "second"),
        kernel_scales(&plain, "second")
    );
    assert_ne!(
        kernel_scales(&found, "first"),
        kernel_scales(&plain, "first")
    );
    let input = |model: &QuantizedModel| {
        let tensor = model.graph.inputs()[0];
        match *model.encodings.get(tensor) {
            Encoding::Affine { scale, .. } => scale,
            ref other => panic!("{other:?}"),
        }
    };
    assert!(
        input(&found) < input(&plain) / 2.0,
        "{} {}",
        input(&found),
        input(&plain)
    );
}

/// The last word is the rule of operators that want equal scales, not a layer's own.
#[test]
fn operands_of_a_maximum_share_a_scale_whatever_is_said_of_them() {
    let mut model = model();
    let last = model.graph.nodes()[2].output;
    let first = model.graph.nodes()[0].output;
    model.add(
        "largest",
        graph::Op::Binary(BinaryOp::Maximum),
        &[first, last],
    );
    let mut options = options(ActivationMethod::Symmetric);
    let half = LayerChanges {
        activation_error_method: Some(ErrorMethod::Percentile(60.0)),
        ..LayerChanges::default()
    };
    options.layers = [("second".to_owned(), half)].into();
    let found = quantized(&model.graph, &options).unwrap();
    assert_eq!(parameters(&found, "second"), parameters(&found, "largest"));
}
