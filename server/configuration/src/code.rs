//! The one table of everything that can be found wrong with a configuration.

use serde::{Serialize, Serializer};
use std::fmt;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; may well be meant.
    Hint,
    /// A job runs, but probably not as meant.
    Warning,
    /// A job that needs this key cannot run.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Hint => "hint",
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
}

/// What a check has to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The text as JSON.
    Syntax,
    /// The values against the schema.
    Schema,
    /// Files, folders and the model.
    Disk,
}

/// Who reports a finding in an editor whose own JSON service reads the file too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The JSON service: what makes any JSON text wrong.
    Json,
    /// This crate alone: what makes a configuration or a label file wrong.
    Configuration,
}

/// What an editor calls the failure of a job, which no check finds. It has a section in
/// `docs/diagnostics.md` like the codes.
pub const JOB_FAILED: &str = "job-failed";

macro_rules! codes {
    ($($variant:ident $name:literal $severity:ident $stage:ident $summary:literal;)*) => {
        /// The stable name of a kind of finding. Each has a section in `docs/diagnostics.md`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $summary] $variant,)*
        }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The name, in lower case with hyphens; it never changes.
            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $name,)* }
            }

            /// The severity of every finding with this code.
            pub fn severity(self) -> Severity {
                match self { $(Code::$variant => Severity::$severity,)* }
            }

            /// What the check looked at.
            pub fn stage(self) -> Stage {
                match self { $(Code::$variant => Stage::$stage,)* }
            }

            /// What the code means, in a few words.
            pub fn summary(self) -> &'static str {
                match self { $(Code::$variant => $summary,)* }
            }
        }
    };
}

codes! {
    SyntaxError "syntax-error" Error Syntax "the text is not JSON";
    DuplicateKey "duplicate-key" Error Syntax "a key stands twice in one object";
    TooLarge "too-large" Error Schema "a text that is too long or nested too deeply to be read";
    MissingKey "missing-key" Error Schema "a required key is missing";
    UnknownKey "unknown-key" Error Schema "a key that does not exist";
    WrongCaseKey "wrong-case-key" Error Schema "a key in the wrong case";
    WrongType "wrong-type" Error Schema "a value of the wrong type";
    OutOfRange "out-of-range" Error Schema "a number outside its range";
    InvalidValue "invalid-value" Error Schema "a text that is not one of the allowed values";
    EmptyValue "empty-value" Error Schema "an empty text";
    WrongItemCount "wrong-item-count" Error Schema "a list with too few or too many items";
    ConflictingKeys "conflicting-keys" Error Schema "a key that has no meaning beside another one";
    PathNotFound "path-not-found" Error Disk "a file or folder that does not exist";
    WrongPathKind "wrong-path-kind" Error Disk "a file where a folder is needed, or a folder where a file is needed";
    SymbolicLink "symbolic-link" Error Disk "a path that leads through a symbolic link";
    UnreadablePath "unreadable-path" Error Disk "a file or folder that cannot be read";
    OutsideTrust "outside-trust" Hint Disk "a path outside the folders that are trusted";
    OutputInsideImages "output-inside-images" Error Disk "an output folder inside a folder of images";
    OutputIsInput "output-is-input" Error Disk "an output folder that is also an input";
    UnreadableModel "unreadable-model" Error Disk "a model file that is damaged or no model";
    WeightsOnlyModel "weights-only-model" Error Disk "a file with the weights of a model but not its layers";
    UnsupportedModel "unsupported-model" Error Disk "a model that cannot be quantized";
    NoIntegerKernel "no-integer-kernel" Error Disk "a layer that TFLite cannot compute on integers";
    NoClasses "no-classes" Error Disk "a model whose output tells no classes apart";
    InputSizeMismatch "input-size-mismatch" Error Disk "an input size that is not the model's";
    UnsupportedChannelCount "unsupported-channel-count" Error Disk "a model whose input has neither one nor three channels";
    NoCalibrationImages "no-calibration-images" Error Disk "a calibration folder without JPEG images";
    BatchSizeExceedsImages "batch-size-exceeds-images" Error Disk "a batch larger than the set of calibration images";
    UnreadableImages "unreadable-images" Error Disk "calibration images that cannot be read";
    FewCalibrationImages "few-calibration-images" Hint Disk "a calibration on few images";
    NoClassFolders "no-class-folders" Error Disk "an evaluation folder without class folders";
    ExtensionMatchesNothing "extension-matches-nothing" Error Disk "an extension that no evaluation image has";
    EmptyClassFolder "empty-class-folder" Warning Disk "a class folder without images of the extension";
    UnreadableEvaluationImages "unreadable-evaluation-images" Warning Disk "evaluation images that cannot be read";
    MalformedLabelFile "malformed-label-file" Error Disk "a label file that is not a JSON object of class names and numbers";
    DuplicateLabelNumber "duplicate-label-number" Error Disk "a label file that gives two classes one number";
    LabelNumberGap "label-number-gap" Error Disk "a label file that leaves out a number";
    FolderWithoutLabel "folder-without-label" Error Disk "a class folder that the label file does not name";
    LabelWithoutFolder "label-without-folder" Warning Disk "a label without images";
    LabelOutsideModel "label-outside-model" Error Disk "a label number that the model has no output for";
    LabelCountMismatch "label-count-mismatch" Warning Disk "fewer labels than the model has outputs";
    MalformedTarget "malformed-target" Error Disk "a target file that does not follow the schema of targets";
    UnmatchedLayers "unmatched-layers" Warning Disk "settings for layers that the model does not have";
    StaleOutputs "stale-outputs" Hint Disk "quantized models older than what they were made from";
    ChannelCountMismatch "channel-count-mismatch" Error Disk "normalization for another number of channels than the model has";
    NormalizedTwice "normalized-twice" Warning Disk "normalization before a model that normalizes by itself";
    PreprocessingDiffers "preprocessing-differs" Hint Disk "evaluation with other preprocessing than calibration";
    SettingWithoutEffect "setting-without-effect" Hint Disk "a setting that changes nothing here";
    UnfittingNormalization "unfitting-normalization" Hint Disk "an input that the model's own normalization does not fit";
    UnfamiliarInputs "unfamiliar-inputs" Hint Disk "inputs unlike those that the model was trained on";
    CalibrationUnsettled "calibration-unsettled" Hint Disk "calibration images whose halves give other ranges";
    ClassesNotCalibrated "classes-not-calibrated" Hint Disk "a class that no calibration image shows";
    CalibrationUnlikeEvaluation "calibration-unlike-evaluation" Hint Disk "calibration images unlike evaluation images";
    UnbalancedChannels "unbalanced-channels" Hint Disk "channels of one tensor with ranges orders of magnitude apart";
    ActivationOutliers "activation-outliers" Hint Disk "few activations far outside the others";
    IdleNegativeLevels "idle-negative-levels" Hint Disk "small negative tails that leave levels idle";
    UnbalancedConcatenation "unbalanced-concatenation" Hint Disk "branches of a concatenation with ranges far apart";
    NoisyLogits "noisy-logits" Hint Disk "an int8 model whose answers are noisy";
    NoisyWeights "noisy-weights" Hint Disk "layers whose weights lose much by rounding";
}

impl Code {
    /// The code of this name.
    pub fn from_name(name: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.name() == name)
    }

    /// Who reports the finding where an editor's JSON service reads the same text, so that each
    /// problem is reported once. JSON services know syntax and repeated keys.
    pub fn owner(self) -> Owner {
        match self {
            Code::SyntaxError | Code::DuplicateKey => Owner::Json,
            _ => Owner::Configuration,
        }
    }

    /// Whether Quantize finds it, and a check only repeats what the report says.
    pub(crate) fn is_advice(self) -> bool {
        matches!(
            self,
            Code::UnfittingNormalization
                | Code::UnfamiliarInputs
                | Code::CalibrationUnsettled
                | Code::ClassesNotCalibrated
                | Code::CalibrationUnlikeEvaluation
                | Code::UnbalancedChannels
                | Code::ActivationOutliers
                | Code::IdleNegativeLevels
                | Code::UnbalancedConcatenation
                | Code::NoisyLogits
                | Code::NoisyWeights
        )
    }

    /// Where the documentation explains the code: a path in the repository with an anchor.
    pub fn documentation(self) -> String {
        format!("docs/diagnostics.md#{}", self.name())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each section of the page is `## name`, then `severity: summary.` as its first line. The last
    /// is about what no check finds.
    #[test]
    fn documentation_and_table_are_equal() {
        let page = include_str!("../../../docs/diagnostics.md");
        let documented: Vec<(&str, &str)> = page
            .split("\n## ")
            .skip(1)
            .filter_map(|section| {
                let (name, rest) = section.split_once("\n\n")?;
                Some((name, rest.lines().next()?))
            })
            .collect();
        let table: Vec<(&str, String)> = Code::ALL
            .iter()
            .map(|code| {
                let first = format!("**{}**: {}.", code.severity(), code.summary());
                (code.name(), first)
            })
            .collect();
        let table: Vec<(&str, &str)> = table
            .iter()
            .map(|(name, first)| (*name, first.as_str()))
            .chain([(
                JOB_FAILED,
                "**error**: a value with which a job has failed.",
            )])
            .collect();
        assert_eq!(documented, table);
    }

    #[test]
    fn names_are_kebab_case_and_unique() {
        for code in Code::ALL {
            let letters = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
            assert!(code.name().bytes().all(letters), "{code}");
            assert_eq!(Code::from_name(code.name()), Some(*code));
        }
    }
}
