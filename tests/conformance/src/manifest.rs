//! What the generator says of a model, and what TensorFlow computed.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::row::Facts;

/// `manifest.json` in the folder of a model.
#[derive(Debug, Deserialize)]
pub(crate) struct Manifest {
    /// Number of images that TensorFlow computed.
    pub(crate) images: usize,
    /// Height, width and channels.
    pub(crate) input_shape: [usize; 3],
    /// Number of outputs for an image.
    pub(crate) outputs: usize,
    /// Number of weights.
    pub(crate) parameters: u64,
    /// What it was made with.
    pub(crate) versions: Versions,
    /// The formats that Keras was asked to write.
    pub(crate) formats: Vec<Written>,
}

/// Versions of the packages that make and run a model.
#[derive(Debug, Deserialize)]
pub(crate) struct Versions {
    pub(crate) tensorflow: String,
    pub(crate) keras: String,
}

/// A format of a model.
#[derive(Debug, Deserialize)]
pub(crate) struct Written {
    /// `h5`, `keras` or `saved_model`.
    pub(crate) format: String,
    /// File or folder beside the manifest.
    #[serde(default)]
    pub(crate) path: Option<String>,
    /// Why Keras itself could not write it.
    #[serde(default)]
    pub(crate) problem: Option<String>,
}

/// Images, and what TensorFlow computes from each.
pub(crate) struct Reference {
    pub(crate) images: Vec<Vec<f32>>,
    pub(crate) outputs: Vec<Vec<f32>>,
    /// What enters the softmax at the end; the outputs, where there is none.
    pub(crate) logits: Vec<Vec<f32>>,
}

impl Manifest {
    /// # Errors
    /// A sentence when the file cannot be read or is not what the generator writes.
    pub(crate) fn read(folder: &Path) -> Result<Self, String> {
        let path = folder.join("manifest.json");
        let text = read(&path)?;
        serde_json::from_slice(&text)
            .map_err(|error| format!("{} is damaged: {error}", path.display()))
    }

    /// What the table tells of the model.
    pub(crate) fn facts(&self) -> Facts {
        Facts {
            input_shape: self.input_shape,
            parameters: self.parameters,
            versions: format!(
                "TensorFlow {} with Keras {}",
                self.versions.tensorflow, self.versions.keras
            ),
        }
    }

    /// # Errors
    /// A sentence when a file cannot be read or has another length.
    pub(crate) fn reference(&self, folder: &Path) -> Result<Reference, String> {
        let values = |stem: &str, length: usize| {
            let path = folder.join(format!("{stem}.bin"));
            let bytes = read(&path)?;
            if bytes.len() != 4 * length * self.images || bytes.is_empty() {
                return Err(format!("{} has another length", path.display()));
            }
            let values: Vec<f32> = bytes
                .chunks_exact(4)
                .filter_map(|bytes| bytes.try_into().ok().map(f32::from_le_bytes))
                .collect();
            Ok(values.chunks(length).map(<[f32]>::to_vec).collect())
        };
        Ok(Reference {
            images: values("input", self.input_shape.iter().product())?,
            outputs: values("output", self.outputs)?,
            logits: values("logits", self.outputs)?,
        })
    }
}

impl Reference {
    /// Whether the model ends with a softmax, so that outputs and logits differ.
    pub(crate) fn has_softmax(&self) -> bool {
        self.outputs != self.logits
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}
