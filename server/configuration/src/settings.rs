//! A valid configuration as typed values.

mod error_method;
mod input_size;
mod overrides;
mod quantization;

use crate::paths;
use crate::schema::{defaults, is_comment_key};
use crate::syntax::{Node, integer};
use crate::target::Target;
use images::Preprocessing;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::path::{Path, PathBuf};

pub use error_method::ErrorMethod;
pub use input_size::{input_size, written_size};
pub use overrides::LayerOverride;
pub use quantization::{
    BudgetPrecision, Choice, Effort, QuantizationSettings, UnsupportedOperators,
};

/// A configuration that satisfies the schema, every key of which is a field. All paths are absolute;
/// nothing is said about what they lead to.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The Keras model to quantize.
    pub source_keras_model: PathBuf,
    /// Folder of calibration images.
    pub dataset_image_dir: PathBuf,
    /// Calibration images in one iteration, 1 or more.
    pub batch_size: usize,
    /// Height and width of the model's input in pixels, each 1 to 4096.
    #[serde(deserialize_with = "input_size::sides")]
    pub input_tensor_size: [usize; 2],
    /// Calibration iterations, 1 or more.
    pub iteration_count: usize,
    /// Folder for the two TFLite models, the quantization report and the runs that are kept.
    pub output_dir: PathBuf,
    /// Folder of labelled images, one subfolder a class.
    pub evaluate_image_dir: PathBuf,
    /// Extension of the images to evaluate, without a dot.
    #[serde(deserialize_with = "without_dot")]
    pub evaluate_image_extension: String,
    /// JSON file of class names and output numbers.
    pub evaluate_label_file: PathBuf,
    /// Folder for `results.json` and the evaluation report.
    pub evaluate_result_dir: PathBuf,
    /// How calibration images become the model's input.
    pub preprocessing: Preprocessing,
    /// How evaluation images become the model's input.
    pub evaluate_preprocessing: Preprocessing,
    /// The device that the model is quantized for.
    pub target: Target,
    /// Details of quantization.
    #[serde(default, deserialize_with = "quantization::with_defaults")]
    pub quantization: QuantizationSettings,
    /// The members that decide what Quantize makes, as they were written.
    #[serde(skip)]
    pub written: Value,
}

impl Settings {
    /// The settings of a configuration in `folder`; `None` where it does not satisfy the schema.
    pub(crate) fn of(root: &Node, folder: &Path) -> Option<Settings> {
        let Value::Object(written) = plain(root.to_json()?) else {
            return None;
        };
        let mut members = defaults(&[]);
        members.extend(written);
        members.remove("$schema");
        let preprocessing = members.get("preprocessing")?.clone();
        members
            .entry("evaluate_preprocessing")
            .or_insert(preprocessing);
        let mut settings: Settings = serde_json::from_value(Value::Object(members)).ok()?;
        for path in settings.paths() {
            *path = paths::absolute(folder, &*path);
        }
        settings.written = read_by_quantize(root);
        Some(settings)
    }

    fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let target = match &mut self.target {
            Target::File(path) => Some(path),
            Target::Imx500 | Target::Tflite => None,
        };
        let all = [
            &mut self.source_keras_model,
            &mut self.dataset_image_dir,
            &mut self.output_dir,
            &mut self.evaluate_image_dir,
            &mut self.evaluate_label_file,
            &mut self.evaluate_result_dir,
        ];
        all.into_iter().chain(target)
    }
}

/// Keys that decide what Quantize makes and advises.
const READ_BY_QUANTIZE: [&str; 10] = [
    "source_keras_model",
    "dataset_image_dir",
    "batch_size",
    "input_tensor_size",
    "iteration_count",
    "evaluate_image_dir",
    "evaluate_image_extension",
    "preprocessing",
    "target",
    "quantization",
];

/// The members that decide what Quantize makes, as they were written, without comments.
pub(crate) fn read_by_quantize(root: &Node) -> Value {
    let member = |key: &str| {
        let mut value = root.get(key)?.to_json()?;
        remove_comments(&mut value);
        Some((key.to_owned(), value))
    };
    READ_BY_QUANTIZE.into_iter().filter_map(member).collect()
}

/// The preprocessing under `key`, where there is one, or why it is not possible.
pub(crate) fn preprocessing(root: &Node, key: &str) -> Option<Result<Preprocessing, String>> {
    let value = plain(root.get(key)?.to_json()?);
    Some(serde_json::from_value(value).map_err(|error| error.to_string()))
}

/// A value as the types behind it want it: without comments, which are allowed at every level, and
/// with whole numbers as such, however they are written.
fn plain(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(key, _)| !is_comment_key(key))
            .map(|(key, value)| (key, plain(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::Number(number) => match integer(&number) {
            Some(integer) => Value::from(integer),
            None => Value::Number(number),
        },
        other => other,
    }
}

/// An extension without the dot that may stand before it.
pub(crate) fn extension(written: &str) -> String {
    written.strip_prefix('.').unwrap_or(written).to_owned()
}

fn without_dot<'de, D: Deserializer<'de>>(written: D) -> Result<String, D::Error> {
    String::deserialize(written).map(|written| extension(&written))
}

fn remove_comments(value: &mut Value) {
    if let Some(object) = value.as_object_mut() {
        object.retain(|key, _| !is_comment_key(key));
        object.values_mut().for_each(remove_comments);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::parse;
    use ::quantization::InputType;
    use images::{Fit, Preset};

    const TEXT: &str = r#"{
      "source_keras_model": "./a/model.h5", "dataset_image_dir": "/data", "batch_size": 5e1,
      "input_tensor_size": 96, "iteration_count": 10.0, "output_dir": "output",
      "evaluate_image_dir": "../validation", "evaluate_image_extension": ".JPG",
      "evaluate_label_file": "labels.json", "evaluate_result_dir": "."
    "#;

    fn settings(more: &str) -> Settings {
        let parsed = parse(&format!("{TEXT}{more}}}"));
        assert_eq!(parsed.errors, []);
        Settings::of(&parsed.root.unwrap(), Path::new("/p")).unwrap()
    }

    #[test]
    fn required_values() {
        let settings = settings("");
        let paths = [
            (&settings.source_keras_model, "/p/a/model.h5"),
            (&settings.dataset_image_dir, "/data"),
            (&settings.output_dir, "/p/output"),
            (&settings.evaluate_image_dir, "/p/../validation"),
            (&settings.evaluate_label_file, "/p/labels.json"),
            (&settings.evaluate_result_dir, "/p"),
        ];
        for (path, expected) in paths {
            assert_eq!(path, Path::new(expected));
        }
        assert_eq!((settings.batch_size, settings.iteration_count), (50, 10));
        assert_eq!(settings.input_tensor_size, [96, 96]);
        assert_eq!(settings.evaluate_image_extension, "JPG");
    }

    #[test]
    fn optional_values() {
        let default = settings("");
        assert_eq!(default.preprocessing, Preset::Mobilenet.into());
        assert_eq!(default.evaluate_preprocessing, default.preprocessing);
        assert_eq!(default.quantization, QuantizationSettings::default());
        assert_eq!(default.target, Target::Imx500);
        let own = settings(r#", "target": "../devices/mine.json""#).target;
        assert_eq!(own, Target::File("/p/../devices/mine.json".into()));

        let changed = settings(
            r#", "preprocessing": {"//": "x", "resize": {"// y": "z", "fit": "stretch"}},
               "quantization": {"inference_input_type": "int8", "seed": 7, "weights_bias_correction": false}"#,
        );
        assert_eq!(changed.preprocessing.resize.fit, Fit::Stretch);
        assert_eq!(changed.evaluate_preprocessing, changed.preprocessing);
        let quantization = changed.quantization;
        assert_eq!(quantization.inference_input_type, InputType::Int8);
        assert_eq!(quantization.seed, 7);
        assert_eq!(quantization.weights_bias_correction, Choice::Off);

        let both = settings(r#", "preprocessing": "none", "evaluate_preprocessing": "unit""#);
        assert_eq!(both.preprocessing, Preset::None.into());
        assert_eq!(both.evaluate_preprocessing, Preset::Unit.into());
    }

    /// What the schema allows, the types behind it must take.
    #[test]
    fn presets_and_defaults_of_the_schema_are_those_of_the_images() {
        let help = crate::key_help(&["preprocessing"]).unwrap();
        let names: Vec<&str> = help
            .values
            .iter()
            .map(|value| value.value.as_str())
            .collect();
        assert_eq!(names, Preset::names());
        let written = |text: &str| {
            let parsed = parse(&format!("{{\"preprocessing\": {text}}}"));
            preprocessing(&parsed.root.unwrap(), "preprocessing")
                .unwrap()
                .unwrap()
        };
        for name in names {
            assert_eq!(
                written(&format!("\"{name}\"")),
                Preset::from_name(name).unwrap().into()
            );
        }
        let part = |path: &[&str]| {
            let members = crate::keys(path).into_iter().map(|help| {
                let value = help.default.unwrap();
                format!("\"{}\": {value}", help.key)
            });
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        };
        let resize = part(&["preprocessing", "resize"]);
        let normalization = part(&["preprocessing", "normalization"]);
        let all = format!(
            "{{\"resize\": {resize}, \"normalization\": {normalization}, \"channel_order\": \"rgb\"}}"
        );
        assert_eq!(written(&all), Preprocessing::default());
        assert_eq!(written("{}"), Preprocessing::default());
    }
}
