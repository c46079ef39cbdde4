//! The written form of a preprocessing, with everything optional that has a default.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    ChannelOrder, Fit, Interpolation, Normalization, Preprocessing, PreprocessingError, Preset,
    Resize,
};

/// The name of a preset or an object.
pub(super) enum Written {
    Preset(Preset),
    Object(Fields),
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    resize: Option<Resize>,
    normalization: Option<Normalization>,
    channel_order: Option<ChannelOrder>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResizeFields {
    #[serde(default)]
    fit: FitName,
    #[serde(skip_serializing_if = "Option::is_none")]
    scale: Option<f64>,
    #[serde(default)]
    interpolation: Interpolation,
    #[serde(default)]
    antialias: bool,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum FitName {
    #[default]
    Crop,
    Stretch,
    Pad,
}

impl TryFrom<Written> for Preprocessing {
    type Error = PreprocessingError;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let fields = match written {
            Written::Preset(preset) => return Ok(preset.into()),
            Written::Object(fields) => fields,
        };
        let default = Self::default();
        Ok(Self {
            resize: fields.resize.unwrap_or(default.resize),
            normalization: fields.normalization.unwrap_or(default.normalization),
            channel_order: fields.channel_order.unwrap_or(default.channel_order),
        })
    }
}

impl From<Preprocessing> for Written {
    fn from(preprocessing: Preprocessing) -> Self {
        if let Some(preset) = preprocessing.preset() {
            return Self::Preset(preset);
        }
        Self::Object(Fields {
            resize: Some(preprocessing.resize),
            normalization: Some(preprocessing.normalization),
            channel_order: Some(preprocessing.channel_order),
        })
    }
}

impl TryFrom<ResizeFields> for Resize {
    type Error = PreprocessingError;

    fn try_from(fields: ResizeFields) -> Result<Self, Self::Error> {
        let fit = match (fields.fit, fields.scale) {
            (FitName::Crop, None) => Fit::default(),
            (FitName::Crop, Some(scale)) => Fit::crop(scale)?,
            (FitName::Stretch, None) => Fit::Stretch,
            (FitName::Pad, None) => Fit::Pad,
            (FitName::Stretch | FitName::Pad, Some(_)) => {
                return Err(PreprocessingError::ScaleWithoutCrop);
            }
        };
        Ok(Self {
            fit,
            interpolation: fields.interpolation,
            antialias: fields.antialias,
        })
    }
}

impl From<Resize> for ResizeFields {
    fn from(resize: Resize) -> Self {
        let (fit, scale) = match resize.fit {
            Fit::Crop { scale } => (FitName::Crop, Some(scale)),
            Fit::Stretch => (FitName::Stretch, None),
            Fit::Pad => (FitName::Pad, None),
        };
        Self {
            fit,
            scale,
            interpolation: resize.interpolation,
            antialias: resize.antialias,
        }
    }
}

impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Preset(preset) => serializer.serialize_str(preset.name()),
            Self::Object(fields) => fields.serialize(serializer),
        }
    }
}

// Written by hand because serde's untagged enums do not say what is wrong inside the object.
impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WrittenVisitor)
    }
}

struct WrittenVisitor;

impl<'de> Visitor<'de> for WrittenVisitor {
    type Value = Written;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of a preprocessing preset or an object")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Written, E> {
        Preset::from_name(name).map(Written::Preset).ok_or_else(|| {
            E::custom(PreprocessingError::UnknownPreset {
                name: name.to_owned(),
            })
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Written, A::Error> {
        Fields::deserialize(MapAccessDeserializer::new(map)).map(Written::Object)
    }
}
