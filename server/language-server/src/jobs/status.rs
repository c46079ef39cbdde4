//! What clients are told about a job: `modelQuantizer/job` notifications, and the answers to
//! `modelQuantizer/jobs` and `modelQuantizer/jobResult`.

use configuration::Job as Kind;
use localization::{Localization, Text};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tower_lsp::lsp_types::notification::Notification;
use tower_lsp::lsp_types::{Range, Url};

/// A job at one moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobStatus {
    /// Names the job as long as the server runs.
    pub(crate) id: String,
    /// `quantize` or `evaluate`.
    pub(crate) job: &'static str,
    /// The configuration.
    pub(crate) uri: Url,
    /// How far it is.
    pub(crate) state: State,
    /// What it is doing, in words; empty before its first stage.
    pub(crate) message: Text,
    /// Part that is done, in percent; it never falls.
    pub(crate) percentage: u32,
    /// What the job has made: its `result` event.
    pub(crate) result: Option<Value>,
    /// The warnings in the result.
    #[serde(skip)]
    pub(crate) warnings: Vec<Text>,
    /// Why it failed or what stopped it, in one sentence.
    pub(crate) error: Option<Text>,
    /// Where the value that is at fault stands in the configuration.
    pub(crate) range: Option<Range>,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// Waits for another job on the same configuration.
    Queued,
    /// Its process runs.
    Running,
    /// Done, with a result.
    Succeeded,
    /// Ended with an error.
    Failed,
    /// Stopped because somebody asked for it.
    Cancelled,
}

impl JobStatus {
    /// What the client shows of it, in its language.
    pub(crate) fn shown(mut self, localization: Localization) -> JobStatus {
        let shown = |text: &Text| localization.text(text);
        self.message = Text::verbatim(shown(&self.message));
        self.error = self.error.map(|error| Text::verbatim(shown(&error)));
        let result = self.result.as_mut();
        let warnings = result.and_then(|result| result.get_mut("warnings"));
        if let Some(warnings) = warnings {
            *warnings = self.warnings.iter().map(shown).collect();
        }
        self
    }
}

impl State {
    /// Whether nothing more will happen.
    pub(crate) fn is_final(self) -> bool {
        !matches!(self, State::Queued | State::Running)
    }
}

/// The parameters of `modelQuantizer/jobResult`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct JobQuery {
    /// The job.
    pub(crate) id: String,
}

/// `modelQuantizer/job`: sent whenever a job has got on.
pub(crate) enum JobChanged {}

impl Notification for JobChanged {
    type Params = Value;
    const METHOD: &'static str = "modelQuantizer/job";
}

/// The name of a kind of job, which is also the subcommand that runs it.
pub(crate) fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Quantize => "quantize",
        Kind::Evaluate => "evaluate",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use localization::text;
    use serde_json::json;

    #[test]
    fn warnings_of_a_result_are_translated_and_the_rest_stays() {
        let warning = text!(
            "in \"{folder}\": {hidden} hidden file(s) or folder(s) are left out; rename those that start with a dot to use them",
            folder = "/d",
            hidden = 2
        );
        let status = JobStatus {
            id: "quantize-1".to_owned(),
            job: "quantize",
            uri: Url::parse("file:///c/configuration.json").unwrap(),
            state: State::Succeeded,
            message: text!("done"),
            percentage: 100,
            result: Some(json!({"warnings": [warning.to_string(), "x"], "job": "quantize"})),
            warnings: vec![warning, Text::verbatim("x")],
            error: None,
            range: None,
        };
        let english = status.clone().shown(Localization::English);
        assert_eq!(english.result, status.result);
        let result = status.shown(Localization::Japanese).result.unwrap();
        assert_eq!(result["job"], "quantize");
        assert_eq!(result["warnings"][1], "x");
        let text = result["warnings"][0].as_str().unwrap();
        assert!(text.contains("/d") && text.contains("ドット"), "{text}");
    }
}
