//! Targets: what a device can do, as data. Those of this program are in `schemas/targets`, others
//! are files of the user under the same schema.
//!
//! A target file is checked as text, with the same findings as a configuration, so that an editor
//! can show what is wrong in it.

mod operators;

use crate::disk;
use crate::finding::{Finding, MAX_FINDINGS, quoted};
use crate::repetition::repeated_keys;
use crate::schema::{TARGET, validate};
use crate::syntax::{SyntaxErrorKind, parse_up_to};
use crate::text::{ColumnUnit, LineIndex};
use localization::{Message, Text, text};
use quantization::{ActivationMethod, WeightMethod};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Longest target file, in bytes; a rule for every operator has a hundredth of it.
pub const MAX_LENGTH: usize = 1 << 18;

const IMX500: &str = include_str!("../../../schemas/targets/imx500.json");
const TFLITE: &str = include_str!("../../../schemas/targets/tflite.json");

/// The device that a model is quantized for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Target {
    /// Sony IMX500.
    #[default]
    Imx500,
    /// The TFLite runtime.
    Tflite,
    /// What a file of the user says; the path is absolute.
    File(PathBuf),
}

/// What a device can do.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Capabilities {
    /// What the target is called.
    pub name: String,
    /// What holds for operators that no rule names.
    pub default: DefaultRule,
    /// Rules for operators; of two for one operator, the later one wins.
    #[serde(default)]
    pub operators: Vec<OperatorRule>,
}

/// What a target says of every operator.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct DefaultRule {
    /// Ranges of activations.
    pub activation_method: ActivationMethod,
    /// Bits that activations may have.
    pub activation_bits: Vec<u8>,
    /// Thresholds of kernels.
    pub weight_method: WeightMethod,
    /// Whether kernels may have one scale for each output channel.
    pub per_channel: bool,
    /// Whether layers may stay in float.
    pub float: bool,
}

/// What a target says of some operators; `None` stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct OperatorRule {
    /// Names of operators, as reports show them or as TFLite's schema has them.
    pub names: Vec<String>,
    /// Ranges of activations.
    pub activation_method: Option<ActivationMethod>,
    /// Bits that activations may have.
    pub activation_bits: Option<Vec<u8>>,
    /// Thresholds of kernels.
    pub weight_method: Option<WeightMethod>,
    /// Whether kernels may have one scale for each output channel.
    pub per_channel: Option<bool>,
    /// Whether layers may stay in float.
    pub float: Option<bool>,
}

/// Why a target file cannot be used: one sentence that names the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Message)]
#[error("{0}")]
pub struct TargetError(Text);

/// The target of this name, or the path of a file as it was written.
impl TryFrom<String> for Target {
    type Error = TargetError;

    fn try_from(written: String) -> Result<Target, TargetError> {
        match written.as_str() {
            "imx500" => Ok(Target::Imx500),
            "tflite" => Ok(Target::Tflite),
            path if is_file(path) => Ok(Target::File(path.into())),
            _ => Err(TargetError(Text::verbatim(written))),
        }
    }
}

impl Target {
    /// What the device can do.
    ///
    /// # Errors
    /// When the file cannot be read, is too long, or says something that the schema does not allow.
    pub fn capabilities(&self) -> Result<Capabilities, TargetError> {
        match self {
            Target::Imx500 => capabilities(IMX500, Path::new("imx500.json")),
            Target::Tflite => capabilities(TFLITE, Path::new("tflite.json")),
            Target::File(path) => {
                let text = disk::text(path).map_err(TargetError)?;
                capabilities(&text, path)
            }
        }
    }
}

/// Whether a value of `target` is the path of a file and not a name.
pub(crate) fn is_file(written: &str) -> bool {
    let extension = Path::new(written).extension();
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

fn capabilities(text: &str, file: &Path) -> Result<Capabilities, TargetError> {
    let shown = quoted(&file.to_string_lossy());
    if let Some(finding) = check_target(text).iter().find(|finding| finding.is_error()) {
        let start = LineIndex::new(text).position(text, finding.range.start, ColumnUnit::Character);
        let (line, column) = (start.line + 1, start.column + 1);
        return Err(TargetError(text!(
            "the target file {shown} cannot be used: line {line}, column {column}: {message}",
            message = finding.message
        )));
    }
    // Editors on Windows like to start a UTF-8 file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_json::from_str(text)
        .map_err(|error| TargetError(text!("the target file {shown} cannot be used: {error}")))
}

/// What a sound text says.
pub(crate) fn read(text: &str) -> Option<Capabilities> {
    capabilities(text, Path::new("")).ok()
}

/// Everything that is wrong with the text of a target file, in the order of the text.
pub fn check_target(text: &str) -> Vec<Finding> {
    let parsed = parse_up_to(text, MAX_LENGTH);
    let mut findings: Vec<Finding> = parsed
        .errors
        .iter()
        .map(|error| {
            let message = match error.kind {
                SyntaxErrorKind::Empty => {
                    text!("the file is empty; write a JSON object with `name` and `default`")
                }
                SyntaxErrorKind::TooLong => text!(
                    "the file has more than {MAX_LENGTH} bytes and is not read; keep only the keys of a target"
                ),
                _ => return error.finding(text),
            };
            let code = error.finding(text).code;
            Finding::new(code, error.range, &[], message)
        })
        .collect();
    if let Some(root) = &parsed.root {
        findings.extend(repeated_keys(root));
        findings.extend(validate(&TARGET, root, text));
    }
    findings.sort_by_key(|finding| (finding.range, finding.code));
    findings.truncate(MAX_FINDINGS);
    findings
}

impl OperatorRule {
    /// The rule in the words of the quantizer. `per_channel` is what the user allows.
    pub(crate) fn for_quantizer(&self, per_channel: bool) -> quantization::OperatorRule {
        let wide = |bits: &Vec<u8>| bits.contains(&16);
        quantization::OperatorRule {
            operators: self.operators(),
            activation_method: self.activation_method,
            weight_method: self.weight_method,
            per_channel: self.per_channel.map(|allowed| allowed && per_channel),
            int16: self.activation_bits.as_ref().map(wide),
            float: self.float,
        }
    }

    /// The operators that the rule is for, by the names of this program.
    fn operators(&self) -> Vec<String> {
        let mut operators: Vec<String> = self
            .names
            .iter()
            .filter_map(|name| operators::operator(name))
            .map(str::to_owned)
            .collect();
        operators.sort();
        operators.dedup();
        operators
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Code;

    #[test]
    fn the_targets_of_this_program_are_sound() {
        for (target, name) in [(Target::Imx500, "imx500"), (Target::Tflite, "tflite")] {
            let capabilities = target.capabilities().unwrap();
            assert_eq!(capabilities.name, name);
            assert!(capabilities.default.per_channel);
            assert_eq!(capabilities.default.weight_method, WeightMethod::Symmetric);
        }
    }

    #[test]
    fn rules_name_operators_in_either_way() {
        let text = r#"{"name": "x", "default": {"activation_method": "symmetric", "activation_bits": [8],
            "weight_method": "power_of_two", "per_channel": false, "float": false},
            "operators": [{"names": ["CONV_2D", "Conv2D", "LOGISTIC"], "activation_bits": [8, 16], "float": true}]}"#;
        let found = capabilities(text, Path::new("x.json")).unwrap();
        assert_eq!(found.default.activation_method, ActivationMethod::Symmetric);
        assert_eq!(found.operators[0].operators(), ["Conv2D", "Sigmoid"]);
        assert_eq!(found.operators[0].activation_bits, Some(vec![8, 16]));
        assert_eq!(found.operators[0].per_channel, None);
    }

    #[test]
    fn names_become_targets() {
        let check = |written: &str, expected: Option<Target>| {
            let found = Target::try_from(written.to_owned());
            assert_eq!(found.ok(), expected, "{written}");
        };
        check("imx500", Some(Target::Imx500));
        check("tflite", Some(Target::Tflite));
        check("a/b.JSON", Some(Target::File("a/b.JSON".into())));
        check("qnnpack", None);
        check(".json", None);
    }

    #[test]
    fn a_long_file_is_not_read() {
        let text = format!("{{\"name\": \"{}\"}}", "x".repeat(MAX_LENGTH));
        let findings = check_target(&text);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].code, Code::TooLarge);
    }
}
