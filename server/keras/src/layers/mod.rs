//! Keras layers: what their settings mean and which operators compute them.
//!
//! Each layer is parsed from its settings alone, so that a model's unsupported layers are known
//! before anything is built, and then builds its operators for the input shapes it meets.

mod activation;
mod convolution;
mod dense;
mod merging;
mod normalization;
mod padding;
mod pooling;
mod preprocessing;
mod rectifier;
mod reshaping;
mod resizing;

use graph::{GraphError, TensorId};
use serde_json::Value;

use crate::assembly::Scope;
use crate::definition::Settings;
use crate::error::ErrorKind;

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

    /// Adds the operators of one call and returns its output. There is at least one input.
    fn build(&self, scope: &mut Scope<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerProblem>;
}

/// A variable of a layer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Variable {
    /// Names that versions of Keras store it under; the first one is for messages.
    pub(crate) names: &'static [&'static str],
    /// Whether training changes it while the layer is trainable.
    pub(crate) trainable: bool,
}

impl Variable {
    const fn trained(names: &'static [&'static str]) -> Self {
        Self {
            names,
            trainable: true,
        }
    }

    const fn fixed(names: &'static [&'static str]) -> Self {
        Self {
            names,
            trainable: false,
        }
    }

    /// Name for messages and for tensors.
    pub(crate) fn name(&self) -> &'static str {
        self.names.first().copied().unwrap_or("weight")
    }
}

/// Why a layer cannot be converted.
#[derive(Debug)]
pub(crate) enum LayerProblem {
    /// Keras can do it, this program cannot; a phrase.
    Unsupported(String),
    /// Keras would not have written it; a phrase.
    Invalid(String),
    /// A problem that is not the layer's.
    Other(ErrorKind),
}

impl From<GraphError> for LayerProblem {
    fn from(error: GraphError) -> Self {
        LayerProblem::Other(error.into())
    }
}

fn unsupported<T>(reason: impl Into<String>) -> Result<T, LayerProblem> {
    Err(LayerProblem::Unsupported(reason.into()))
}

fn invalid<T>(problem: impl Into<String>) -> Result<T, LayerProblem> {
    Err(LayerProblem::Invalid(problem.into()))
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
        Origin::Operation => return merging::parse_operation(class),
        Origin::Keras => {}
    }
    check_common(class, settings)?;
    Ok(match class {
        "Conv2D" | "Convolution2D" => Box::new(convolution::Conv2D::parse(settings)?),
        "DepthwiseConv2D" => Box::new(convolution::DepthwiseConv2D::parse(settings)?),
        "SeparableConv2D" | "SeparableConvolution2D" => {
            Box::new(convolution::SeparableConv2D::parse(settings)?)
        }
        "Conv2DTranspose" | "Convolution2DTranspose" => {
            Box::new(convolution::Conv2DTranspose::parse(settings)?)
        }
        "Dense" => Box::new(dense::Dense::parse(settings)?),
        "BatchNormalization"
        | "BatchNormalizationV1"
        | "BatchNormalizationV2"
        | "SyncBatchNormalization" => Box::new(normalization::BatchNormalization::parse(settings)?),
        "LayerNormalization" => Box::new(normalization::LayerNormalization::parse(settings)?),
        "Activation" => Box::new(activation::Activation::parse(settings)?),
        "ReLU" => Box::new(rectifier::parse_relu(settings)?),
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
        "GlobalAveragePooling2D" | "GlobalMaxPooling2D" | "GlobalAvgPool2D" | "GlobalMaxPool2D" => {
            Box::new(pooling::GlobalPooling2D::parse(class, settings)?)
        }
        "ZeroPadding2D" => Box::new(padding::ZeroPadding2D::parse(settings)?),
        "Cropping2D" => Box::new(padding::Cropping2D::parse(settings)?),
        "UpSampling2D" => Box::new(resizing::UpSampling2D::parse(settings)?),
        "Resizing" => Box::new(resizing::Resizing::parse(settings)?),
        "Flatten" => Box::new(reshaping::Flatten),
        "Reshape" => Box::new(reshaping::Reshape::parse(settings)?),
        "Permute" => Box::new(reshaping::Permute::parse(settings)?),
        "Rescaling" => Box::new(preprocessing::Rescaling::parse(settings)?),
        "Normalization" => Box::new(preprocessing::Normalization::parse(settings)?),
        "Identity" | "ActivityRegularization" => Box::new(reshaping::Identity { random: false }),
        // RandomCrop is missing on purpose: it crops to the middle or resizes at inference.
        "Dropout" | "SpatialDropout2D" | "GaussianNoise" | "GaussianDropout" | "AlphaDropout"
        | "RandomFlip" | "RandomRotation" | "RandomZoom" | "RandomContrast"
        | "RandomTranslation" | "RandomBrightness" => {
            Box::new(reshaping::Identity { random: true })
        }
        "TFOpLambda" | "SlicingOpLambda" | "TensorFlowOpLayer" => {
            let function = settings.text("function").unwrap_or("unnamed");
            return unsupported(format!(
                "the TensorFlow operation {function} is used as a layer, use Keras layers instead"
            ));
        }
        "Lambda" => return unsupported("it runs Python code of its own"),
        _ => return unsupported("this program does not know its class"),
    })
}

/// Refuses what any layer may ask for and none supports.
fn check_common(class: &str, settings: &Settings) -> Result<(), LayerProblem> {
    if settings.text("data_format") == Some("channels_first") {
        return unsupported("it uses channels_first, use data_format=\"channels_last\"");
    }
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
