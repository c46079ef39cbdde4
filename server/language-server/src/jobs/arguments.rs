//! The arguments of the commands that start jobs.

use crate::documents::file;
use localization::{Text, phrase, text};
use serde::Deserialize;
use serde_json::Value;
use std::path::PathBuf;
use tower_lsp::lsp_types::Url;

/// `[uri, options]`; options may be left out.
#[derive(Clone, Debug)]
pub(crate) struct Arguments {
    pub(crate) uri: Url,
    pub(crate) path: PathBuf,
    pub(crate) choices: Choices,
}

/// What may be chosen for one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Choices {
    /// Number of worker threads.
    pub(crate) threads: Option<u16>,
    /// Seed for drawing calibration images; Quantize only.
    pub(crate) seed: Option<u64>,
    /// What to do when a job on the same configuration runs already.
    pub(crate) running: WhenRunning,
    /// What to do when the editor holds changes that are not saved.
    pub(crate) unsaved: WhenUnsaved,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WhenRunning {
    /// Answer with an error that names the running job.
    #[default]
    Refuse,
    /// Start when it has ended.
    Queue,
    /// Cancel it.
    Replace,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WhenUnsaved {
    /// Answer with an error that names the file.
    #[default]
    Refuse,
    /// Run what is on disk.
    Ignore,
}

impl Arguments {
    /// Reads the arguments of a command. Without any, the only configuration that is open is meant.
    ///
    /// # Errors
    /// One sentence.
    pub(crate) fn read(arguments: &[Value], open: &[Url]) -> Result<Arguments, Text> {
        let uri = match (arguments.first(), open) {
            (Some(uri), _) => uri
                .as_str()
                .and_then(|uri| Url::parse(uri).ok())
                .ok_or(phrase!(
                    "the first argument must be the URI of a configuration"
                ))?,
            (None, [uri]) => uri.clone(),
            (None, []) => return Err(text!("no configuration is open; open one and start again")),
            (None, _) => {
                return Err(text!(
                    "several configurations are open; say which one by its URI"
                ));
            }
        };
        let path = file(&uri).ok_or_else(|| {
            text!("{uri} is no file on this machine; save it as a file and start again")
        })?;
        let choices = match arguments.get(1) {
            None | Some(Value::Null) => Choices::default(),
            Some(choices) => serde_json::from_value(choices.clone())
                .map_err(|error| text!("the second argument is not understood: {error}"))?,
        };
        if choices.threads == Some(0) {
            return Err(text!("`threads` must be 1 or more"));
        }
        Ok(Arguments { uri, path, choices })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn arguments() {
        let one = [Url::parse("file:///p/configuration.json").unwrap()];
        let two = [
            one[0].clone(),
            Url::parse("file:///q/configuration.json").unwrap(),
        ];
        let check = |arguments: Value, open: &[Url], expected: Result<&str, &str>| {
            let read = Arguments::read(arguments.as_array().unwrap(), open);
            let read = read
                .map(|arguments| arguments.uri.to_string())
                .map_err(|message| message.to_string());
            match expected {
                Ok(uri) => assert_eq!(read.as_deref(), Ok(uri)),
                Err(part) => assert!(read.unwrap_err().contains(part), "{part}"),
            }
        };
        check(json!([]), &one, Ok("file:///p/configuration.json"));
        check(json!([]), &[], Err("no configuration is open"));
        check(json!([]), &two, Err("several"));
        check(json!(["file:///x"]), &two, Ok("file:///x"));
        check(json!(["x"]), &one, Err("must be the URI"));
        check(json!([1]), &one, Err("must be the URI"));
        check(json!(["untitled:x"]), &one, Err("no file on this machine"));
        check(json!(["file:///x", {"thread": 1}]), &one, Err("`thread`"));
        check(json!(["file:///x", {"threads": 0}]), &one, Err("1 or more"));
    }

    #[test]
    fn choices() {
        let arguments = json!(["file:///x", {
            "threads": 2, "seed": 7, "running": "queue", "unsaved": "ignore",
        }]);
        let expected = Choices {
            threads: Some(2),
            seed: Some(7),
            running: WhenRunning::Queue,
            unsaved: WhenUnsaved::Ignore,
        };
        let read = Arguments::read(arguments.as_array().unwrap(), &[]).unwrap();
        assert_eq!(read.choices, expected);
    }
}
