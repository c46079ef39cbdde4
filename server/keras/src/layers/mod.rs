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

use serde_json::Value;

use crate::draft::ValueId;
use crate::problem::{LayerProblem, unsupported};
use crate::settings::{Arguments, Settings};
pub(crate) use scope::{Called, Notes, Progress, Scope};
pub(crate) use variable::{LayerId, Variable, VariableId, WeightProblem, WeightSource};

/// A layer that can be converted.
pub(crate) trait Layer: Send {
    /// Variables, trainable ones first, in the order in which Keras creates them.
    fn variables(&self) -> &[Variable] {
        &[]
    }

    /// Whether the layer computes something else when it is called with `training=True`.
    fn depends_on_training(&self) -> bool {
        false
    }

    /// Refuses a call that asks for what the layer cannot do, before anything is built.
    fn check_call(&self, arguments: &Arguments) -> Result<(), LayerProblem> {
        if arguments.has_constants() {
            return unsupported("it is called with arguments other than tensors");
        }
        Ok(())
    }

    /// Adds the operators of one call and returns its output. There is at least one input;
    /// [`Scope::arguments`] tells what the layer is called with besides.
    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem>;

    /// [`build`](Layer::build) for layers that can have several outputs.
    fn build_outputs(
        &self,
        scope: &mut Scope<'_>,
        inputs: &[ValueId],
    ) -> Result<Vec<ValueId>, LayerProblem> {
        Ok(vec![self.build(scope, inputs)?])
    }
}

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
pub(crate) fn parse(
    class: &str,
    origin: Origin,
    settings: &Settings,
) -> Result<Box<dyn Layer>, LayerProblem> {
    match origin {
        Origin::Custom => return unsupported("it is a custom class"),
        Origin::Operation => {
            return Ok(Box::new(operation::Operation::parse_class(
                class, settings,
            )?));
        }
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
            inner => Ok(Box::new(channels_first::ChannelsFirst { inner })),
        };
    }
    parse_layer(class, settings)
}

fn parse_layer(class: &str, settings: &Settings) -> Result<Box<dyn Layer>, LayerProblem> {
    if let Some(class) = class.strip_suffix("1D")
        && let Some(parse) = sequence_layer(class)
    {
        let layer = one_dimensional::OneDimensional::parse(settings, parse)?;
        return Ok(Box::new(layer));
    }
    Ok(match class {
        "Conv2D" | "Convolution2D" => Box::new(convolution::Conv2D::parse(settings, 2)?),
        "DepthwiseConv2D" => Box::new(convolution::DepthwiseConv2D::parse(settings, 2)?),
        "SeparableConv2D" | "SeparableConvolution2D" => {
            Box::new(convolution::SeparableConv2D::parse(settings, 2)?)
        }
        "Conv2DTranspose" | "Convolution2DTranspose" => {
            Box::new(convolution::Conv2DTranspose::parse(settings)?)
        }
        "Dense" => Box::new(dense::Dense::parse(settings)?),
        "EinsumDense" => Box::new(contraction::EinsumDense::parse(settings)?),
        "Dot" => Box::new(contraction::Dot::parse(settings)?),
        "MultiHeadAttention" => Box::new(attention::MultiHeadAttention::parse(settings)?),
        "BatchNormalization"
        | "BatchNormalizationV1"
        | "BatchNormalizationV2"
        | "SyncBatchNormalization" => Box::new(normalization::BatchNormalization::parse(settings)?),
        "LayerNormalization" => Box::new(normalization::LayerNormalization::parse(settings)?),
        "GroupNormalization" => Box::new(normalization::GroupNormalization::parse(settings)?),
        "UnitNormalization" => Box::new(normalization::UnitNormalization::parse(settings)?),
        "LayerScale" if settings.get("projection_dim").is_some() => Box::new(scaling::LayerScale),
        "CustomScaleLayer" | "Custom>CustomScaleLayer" => {
            Box::new(scaling::ScaledSum::parse(settings)?)
        }
        "Activation" => Box::new(activation::Activation::parse(settings)?),
        "ReLU" => Box::new(rectifier::parse_relu(settings)?),
        "ThresholdedReLU" => Box::new(rectifier::parse_thresholded_relu(settings)?),
        "LeakyReLU" => Box::new(rectifier::parse_leaky_relu(settings)?),
        "ELU" => Box::new(rectifier::parse_elu(settings)?),
        "Softmax" => Box::new(activation::parse_softmax(settings)?),
        "PReLU" => Box::new(rectifier::PReLU::parse(settings)?),
        "Add" | "Subtract" | "Multiply" | "Average" | "Maximum" | "Minimum" => {
            Box::new(merging::Merge::parse(class)?)
        }
        "Concatenate" => Box::new(merging::Concatenate::parse(settings)?),
        "MaxPooling2D" | "AveragePooling2D" | "MaxPool2D" | "AvgPool2D" => {
            Box::new(pooling::Pooling2D::parse(class, settings)?)
        }
        "GlobalAveragePooling2D"
        | "GlobalMaxPooling2D"
        | "GlobalAvgPool2D"
        | "GlobalMaxPool2D"
        | "GlobalAveragePooling1D"
        | "GlobalMaxPooling1D"
        | "GlobalAvgPool1D"
        | "GlobalMaxPool1D" => Box::new(pooling::GlobalPooling::parse(class, settings)?),
        "ZeroPadding2D" => Box::new(padding::ZeroPadding2D::parse(settings)?),
        "Cropping2D" => Box::new(padding::Cropping2D::parse(settings)?),
        "UpSampling2D" => Box::new(resizing::UpSampling2D::parse(settings)?),
        "Resizing" => Box::new(resizing::Resizing::parse(settings)?),
        "CenterCrop" => Box::new(resizing::CenterCrop::parse(settings)?),
        "RandomCrop" => Box::new(resizing::RandomCrop::parse(settings)?),
        "Flatten" => Box::new(reshaping::Flatten),
        "Reshape" => Box::new(reshaping::Reshape::parse(settings)?),
        "Permute" => Box::new(reshaping::Permute::parse(settings)?),
        "RepeatVector" => Box::new(reshaping::RepeatVector::parse(settings)?),
        "Rescaling" => Box::new(preprocessing::Rescaling::parse(settings)?),
        "Normalization" => Box::new(preprocessing::Normalization::parse(settings)?),
        "Identity" | "ActivityRegularization" => Box::new(reshaping::Identity { random: false }),
        class if is_random(class) => Box::new(reshaping::Identity { random: true }),
        "TFOpLambda" | "SlicingOpLambda" => {
            Box::new(operation::Operation::parse_function(settings)?)
        }
        "TensorFlowOpLayer" => Box::new(operation::Operation::parse_node(settings)?),
        "Lambda" => match scaling::ScaledSum::of_lambda(settings) {
            Some(layer) => Box::new(layer),
            None => return unsupported("it runs Python code of its own"),
        },
        "Discretization" | "Hashing" | "CategoryEncoding" | "StringLookup" | "IntegerLookup"
        | "TextVectorization" | "Embedding" => {
            return unsupported("it works on categories, not on images");
        }
        "LSTM" | "GRU" | "SimpleRNN" | "RNN" | "ConvLSTM2D" | "Bidirectional"
        | "TimeDistributed" => return unsupported("recurrent layers are not supported"),
        _ => return unsupported("this program does not know its class"),
    })
}

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

/// Parses the layer over images that a layer over sequences is a case of.
type ParseSequence = fn(&Settings) -> Result<Box<dyn Layer>, LayerProblem>;

fn sequence_layer(class: &str) -> Option<ParseSequence> {
    Some(match class {
        "Conv" | "Convolution" => |it| Ok(Box::new(convolution::Conv2D::parse(it, 1)?)),
        "DepthwiseConv" => |it| Ok(Box::new(convolution::DepthwiseConv2D::parse(it, 1)?)),
        "SeparableConv" | "SeparableConvolution" => {
            |it| Ok(Box::new(convolution::SeparableConv2D::parse(it, 1)?))
        }
        "MaxPooling" | "MaxPool" => |it| Ok(Box::new(pooling::Pooling2D::parse("Max", it)?)),
        "AveragePooling" | "AvgPool" => {
            |it| Ok(Box::new(pooling::Pooling2D::parse("Average", it)?))
        }
        "ZeroPadding" => |it| Ok(Box::new(padding::ZeroPadding2D::parse(it)?)),
        "Cropping" => |it| Ok(Box::new(padding::Cropping2D::parse(it)?)),
        "UpSampling" => |it| Ok(Box::new(resizing::UpSampling2D::parse(it)?)),
        _ => return None,
    })
}

/// Refuses what any layer may ask for and none supports.
fn check_common(class: &str, settings: &Settings) -> Result<(), LayerProblem> {
    if settings.get("quantization_config").is_some() {
        return unsupported("its weights are quantized, save the model before quantize()");
    }
    if settings.get("lora_rank").is_some() {
        return unsupported("it has LoRA weights beside its own");
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
        return unsupported(format!(
            "its dtype policy {policy} quantizes it, save the model before quantize()"
        ));
    }
    Ok(())
}
