//! Keras layers: what their settings mean and which operators compute them.
//!
//! Each layer is parsed from its settings alone, so that a model's unsupported layers are known
//! before anything is built, and then builds its operators for the input shapes it meets.

mod activation;
mod attention;
mod channels_first;
mod contraction;
mod convolution;
mod dense;
mod layer;
mod merging;
mod normalization;
mod one_dimensional;
mod operation;
mod padding;
mod pooling;
mod preprocessing;
mod rectifier;
mod reshaping;
mod resizing;
mod scaling;
mod scope;
mod variable;

use graph::{BinaryOp, ReduceOp};
use localization::{phrase, text};
use serde_json::Value;

use crate::problem::{LayerProblem, unsupported};
use crate::settings::Settings;
use activation::{of_function, parse_function, softmax_function};
pub(crate) use layer::Layer;
use layer::Parsed;
use merging::merge;
use one_dimensional::sequence;
use operation::Operation;
pub(crate) use scope::{Called, Notes, Progress, Scope};
pub(crate) use variable::{LayerId, Variable, VariableId, WeightProblem, WeightSource};

/// Where a saved class comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A layer of Keras.
    Keras,
    /// An operation on tensors that Keras 3 saves like a layer.
    Operation,
    /// A class of the user or of another package.
    Custom,
}

/// Parses the settings of a layer.
pub(crate) fn parse(class: &str, origin: Origin, settings: &Settings) -> Parsed {
    match origin {
        Origin::Custom => return unsupported(phrase!("it is a custom class")),
        Origin::Operation => return Ok(Operation::parse_class(class, settings)?.into_layer()),
        Origin::Keras => {}
    }
    check_common(class, settings)?;
    if settings.text("data_format") == Some("channels_first") {
        let mut values = settings.values.clone();
        values.remove("data_format");
        let last = Settings {
            values,
            generation: settings.generation,
        };
        return match parse_layer(class, &last)? {
            // What hands its input on does not ask for an order of axes.
            inner if is_random(class) => Ok(inner),
            inner => Ok(channels_first::channels_first(inner)),
        };
    }
    parse_layer(class, settings)
}

fn parse_layer(class: &str, settings: &Settings) -> Parsed {
    let known = LAYERS.iter().find(|(names, _)| names.contains(&class));
    match known {
        Some((_, parse)) => parse(settings),
        None if is_random(class) => Ok(reshaping::identity().unlike_training()),
        None if CATEGORICAL.contains(&class) => {
            unsupported(phrase!("it works on categories, not on images"))
        }
        None if RECURRENT.contains(&class) => {
            unsupported(phrase!("recurrent layers are not supported"))
        }
        None => unsupported(phrase!("this program does not know its class")),
    }
}

/// Names of a class, and what reads its settings.
type Row = (&'static [&'static str], fn(&Settings) -> Parsed);

/// The layers of Keras.
const LAYERS: &[Row] = &[
    // Kernels.
    (&["Conv2D", "Convolution2D"], |it| {
        convolution::conv2d(it, 2)
    }),
    (&["Conv1D", "Convolution1D"], |it| {
        sequence(it, |it| convolution::conv2d(it, 1))
    }),
    (&["DepthwiseConv2D"], |it| {
        convolution::depthwise_conv2d(it, 2)
    }),
    (&["DepthwiseConv1D"], |it| {
        sequence(it, |it| convolution::depthwise_conv2d(it, 1))
    }),
    (&["SeparableConv2D", "SeparableConvolution2D"], |it| {
        convolution::separable_conv2d(it, 2)
    }),
    (&["SeparableConv1D", "SeparableConvolution1D"], |it| {
        sequence(it, |it| convolution::separable_conv2d(it, 1))
    }),
    (
        &["Conv2DTranspose", "Convolution2DTranspose"],
        convolution::conv2d_transpose,
    ),
    (&["Dense"], dense::dense),
    (&["EinsumDense"], contraction::einsum_dense),
    (&["MultiHeadAttention"], attention::multi_head_attention),
    // Normalization.
    (
        &[
            "BatchNormalization",
            "BatchNormalizationV1",
            "BatchNormalizationV2",
            "SyncBatchNormalization",
        ],
        normalization::batch_normalization,
    ),
    (&["LayerNormalization"], normalization::layer_normalization),
    (&["GroupNormalization"], normalization::group_normalization),
    (&["UnitNormalization"], normalization::unit_normalization),
    (&["Normalization"], preprocessing::normalization),
    (&["Rescaling"], preprocessing::rescaling),
    // Functions.
    (&["Activation"], |it| {
        parse_function(it, "activation").map(of_function)
    }),
    (&["ReLU"], |it| {
        rectifier::relu_function(it).map(of_function)
    }),
    (&["ThresholdedReLU"], |it| {
        rectifier::thresholded_relu_function(it).map(of_function)
    }),
    (&["LeakyReLU"], |it| {
        rectifier::leaky_relu_function(it).map(of_function)
    }),
    (&["ELU"], |it| rectifier::elu_function(it).map(of_function)),
    (&["Softmax"], |it| softmax_function(it).map(of_function)),
    (&["PReLU"], rectifier::prelu),
    // Several inputs.
    (&["Add"], |_| Ok(merge(BinaryOp::Add))),
    (&["Subtract"], |_| Ok(merge(BinaryOp::Subtract))),
    (&["Multiply"], |_| Ok(merge(BinaryOp::Multiply))),
    (&["Maximum"], |_| Ok(merge(BinaryOp::Maximum))),
    (&["Minimum"], |_| Ok(merge(BinaryOp::Minimum))),
    (&["Average"], |_| Ok(merging::average())),
    (&["Concatenate"], merging::concatenate),
    (&["Dot"], contraction::dot),
    // Windows.
    (&["MaxPooling2D", "MaxPool2D"], pooling::max_pooling),
    (&["MaxPooling1D", "MaxPool1D"], |it| {
        sequence(it, pooling::max_pooling)
    }),
    (&["AveragePooling2D", "AvgPool2D"], pooling::average_pooling),
    (&["AveragePooling1D", "AvgPool1D"], |it| {
        sequence(it, pooling::average_pooling)
    }),
    (&["GlobalAveragePooling2D", "GlobalAvgPool2D"], |it| {
        pooling::global_pooling(it, ReduceOp::Mean, 4)
    }),
    (&["GlobalMaxPooling2D", "GlobalMaxPool2D"], |it| {
        pooling::global_pooling(it, ReduceOp::Max, 4)
    }),
    (&["GlobalAveragePooling1D", "GlobalAvgPool1D"], |it| {
        pooling::global_pooling(it, ReduceOp::Mean, 3)
    }),
    (&["GlobalMaxPooling1D", "GlobalMaxPool1D"], |it| {
        pooling::global_pooling(it, ReduceOp::Max, 3)
    }),
    // Positions and shapes.
    (&["ZeroPadding2D"], padding::zero_padding),
    (&["ZeroPadding1D"], |it| sequence(it, padding::zero_padding)),
    (&["Cropping2D"], padding::cropping),
    (&["Cropping1D"], |it| sequence(it, padding::cropping)),
    (&["UpSampling2D"], resizing::up_sampling),
    (&["UpSampling1D"], |it| sequence(it, resizing::up_sampling)),
    (&["Resizing"], resizing::resizing),
    (&["CenterCrop"], resizing::center_crop),
    (&["RandomCrop"], resizing::random_crop),
    (&["Flatten"], |_| Ok(reshaping::flatten())),
    (&["Reshape"], reshaping::reshape),
    (&["Permute"], reshaping::permute),
    (&["RepeatVector"], reshaping::repeat_vector),
    (&["Identity", "ActivityRegularization"], |_| {
        Ok(reshaping::identity())
    }),
    // Of applications.
    (&["LayerScale"], |it| match it.get("projection_dim") {
        Some(_) => Ok(scaling::layer_scale()),
        None => unsupported(phrase!("this program does not know its class")),
    }),
    (
        &["CustomScaleLayer", "Custom>CustomScaleLayer"],
        scaling::scaled_sum,
    ),
    (&["Lambda"], |it| match scaling::scaled_sum_of_lambda(it) {
        Some(layer) => Ok(layer),
        None => unsupported(phrase!("it runs Python code of its own")),
    }),
    // Operations on tensors.
    (&["TFOpLambda", "SlicingOpLambda"], |it| {
        Ok(Operation::parse_function(it)?.into_layer())
    }),
    (&["TensorFlowOpLayer"], |it| {
        Ok(Operation::parse_node(it)?.into_layer())
    }),
];

const CATEGORICAL: &[&str] = &[
    "Discretization",
    "Hashing",
    "CategoryEncoding",
    "StringLookup",
    "IntegerLookup",
    "TextVectorization",
    "Embedding",
];

const RECURRENT: &[&str] = &[
    "LSTM",
    "GRU",
    "SimpleRNN",
    "RNN",
    "ConvLSTM2D",
    "Bidirectional",
    "TimeDistributed",
];

/// Layers that hand their input on at inference. RandomCrop is none of them.
fn is_random(class: &str) -> bool {
    matches!(
        class,
        "Dropout"
            | "SpatialDropout1D"
            | "SpatialDropout2D"
            | "GaussianNoise"
            | "GaussianDropout"
            | "AlphaDropout"
            | "StochasticDepth"
            | "RandomFlip"
            | "RandomRotation"
            | "RandomZoom"
            | "RandomContrast"
            | "RandomTranslation"
            | "RandomBrightness"
            | "RandomHeight"
            | "RandomWidth"
            | "RandomColorDegeneration"
            | "RandomColorJitter"
            | "RandomErasing"
            | "RandomGaussianBlur"
            | "RandomGrayscale"
            | "RandomHue"
            | "RandomInvert"
            | "RandomPerspective"
            | "RandomPosterization"
            | "RandomSaturation"
            | "RandomSharpness"
            | "RandomShear"
            | "RandAugment"
            | "AugMix"
            | "CutMix"
            | "MixUp"
    )
}

/// Refuses what any layer may ask for and none supports.
fn check_common(class: &str, settings: &Settings) -> Result<(), LayerProblem> {
    if settings.get("quantization_config").is_some() {
        return unsupported(phrase!(
            "its weights are quantized, save the model before quantize()"
        ));
    }
    if settings.get("lora_rank").is_some() {
        return unsupported(phrase!("it has LoRA weights beside its own"));
    }
    let Some(policy) = settings.get("dtype") else {
        return Ok(());
    };
    let (kind, name) = match policy {
        Value::Object(policy) => {
            let text =
                |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or("").to_owned();
            let name = policy.get("config").and_then(|config| config.get("name"));
            (text(policy.get("class_name")), text(name))
        }
        policy => (String::new(), policy.as_str().unwrap_or("").to_owned()),
    };
    let quantized = kind.starts_with("Quantized")
        || ["int", "float8", "gptq", "awq"]
            .iter()
            .any(|prefix| name.starts_with(prefix));
    if quantized && class != "InputLayer" {
        let policy = if name.is_empty() { kind } else { name };
        return unsupported(text!(
            "its dtype policy {policy} quantizes it, save the model before quantize()"
        ));
    }
    Ok(())
}
