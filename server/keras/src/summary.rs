/// What a model file holds, without its weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// File format, for people.
    pub format: &'static str,
    /// Version of Keras that wrote the file.
    pub keras_version: Option<String>,
    /// Version of TensorFlow that wrote the file, for SavedModels.
    pub tensorflow_version: Option<String>,
    /// Name of the model.
    pub name: String,
    /// Name of the input layer.
    pub input_name: String,
    /// Input shape with the batch axis, which is 1; `None` where the file leaves an extent open.
    pub input_shape: Vec<Option<usize>>,
    /// Name of the layer that makes the output.
    pub output_name: String,
    /// Output shape with the batch axis, when it is known.
    pub output_shape: Option<Vec<usize>>,
    /// Extent of the last axis of the output.
    pub classes: Option<usize>,
    /// Layers in execution order; a layer that is called again has a row for each call.
    pub layers: Vec<LayerSummary>,
    /// Number of weights, trainable or not; shared layers count once.
    pub parameters: u64,
    /// Layers that cannot be converted. While there are any, `layers`, shapes and counts are empty.
    pub unsupported: Vec<UnsupportedLayer>,
    /// Rescaling and Normalization layers that see the input image, in order.
    pub input_normalizations: Vec<InputNormalization>,
}

/// One call of a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerSummary {
    /// Name; `outer/inner` inside a nested model, `name:1` for the second call.
    pub name: String,
    /// Keras class name.
    pub class: String,
    /// Output shape with the batch axis; `None` when the input size of the model is open.
    pub output_shape: Option<Vec<usize>>,
    /// Number of weights; zero for a later call of a shared layer.
    pub parameters: u64,
    /// Multiplications of weights or kernels with data; `None` when the input size is open.
    pub macs: Option<u64>,
}

/// A layer that cannot be converted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsupportedLayer {
    /// Name, with the names of the models around it.
    pub layer: String,
    /// Keras class name.
    pub class: String,
    /// Why, as a phrase.
    pub reason: String,
}

/// A built-in layer that maps pixel values, `scale * x + offset`.
#[derive(Debug, Clone, PartialEq)]
pub struct InputNormalization {
    /// Name of the layer.
    pub layer: String,
    /// `Rescaling` or `Normalization`.
    pub class: String,
    /// Factor, when it is known and the same for all channels.
    pub scale: Option<f32>,
    /// Summand, when it is known and the same for all channels.
    pub offset: Option<f32>,
}
