//! The process that runs a job, and what it prints.

use super::arguments::Choices;
use super::status::name;
use crate::log::Log;
use configuration::Job as Kind;
use localization::{Structured, Text};
use serde::Deserialize;
use serde_json::Value;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// How long a process may take to end after its input was closed. Jobs promise 0.7 seconds.
pub(crate) const GRACE: Duration = Duration::from_millis(850);

/// What a job tells (`schemas/events.schema.json`).
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Event {
    Stage {
        stage: String,
        title: Text,
    },
    Progress {
        stage: String,
        done: u64,
        total: u64,
        unit: Text,
    },
    Log {
        message: Text,
    },
    Error {
        cancelled: bool,
        message: Text,
        /// The key of the configuration that is at fault.
        key: Option<String>,
    },
    /// What the job has made, as it was printed, and its warnings.
    Result(Value, Vec<Text>),
    /// An event of a later version.
    Other,
}

/// One line of what a job prints. `texts` has the texts of the other members as data.
#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line {
    Stage {
        stage: String,
        title: String,
        #[serde(default)]
        texts: Texts,
    },
    Progress {
        stage: String,
        done: u64,
        total: u64,
        unit: String,
        #[serde(default)]
        texts: Texts,
    },
    Log {
        message: String,
        #[serde(default)]
        texts: Texts,
    },
    Error {
        cancelled: bool,
        message: String,
        #[serde(default)]
        key: Option<String>,
        #[serde(default)]
        texts: Texts,
    },
    #[serde(other)]
    Other,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Texts {
    title: Option<Structured>,
    unit: Option<Structured>,
    message: Option<Structured>,
    warnings: Vec<Structured>,
}

impl Event {
    /// Reads a line; `None` where it is no event.
    fn read(line: &str) -> Option<Event> {
        let mut value: Value = serde_json::from_str(line).ok()?;
        if value.get("event").and_then(Value::as_str) == Some("result") {
            let texts = value.as_object_mut()?.remove("texts");
            let warnings = warnings(&value, texts);
            return Some(Event::Result(value, warnings));
        }
        let said = Structured::said;
        Some(match serde_json::from_value(value).ok()? {
            Line::Stage {
                stage,
                title,
                texts,
            } => Event::Stage {
                stage,
                title: said(texts.title, &title),
            },
            Line::Progress {
                stage,
                done,
                total,
                unit,
                texts,
            } => Event::Progress {
                stage,
                done,
                total,
                unit: said(texts.unit, &unit),
            },
            Line::Log { message, texts } => Event::Log {
                message: said(texts.message, &message),
            },
            Line::Error {
                cancelled,
                message,
                key,
                texts,
            } => Event::Error {
                cancelled,
                message: said(texts.message, &message),
                key,
            },
            Line::Other => Event::Other,
        })
    }
}

/// The warnings of a result.
fn warnings(result: &Value, texts: Option<Value>) -> Vec<Text> {
    let texts: Texts = texts
        .and_then(|texts| serde_json::from_value(texts).ok())
        .unwrap_or_default();
    let mut structured = texts.warnings.into_iter();
    let english = result.get("warnings").and_then(Value::as_array);
    let english = english.into_iter().flatten().filter_map(Value::as_str);
    english
        .map(|english| Structured::said(structured.next(), english))
        .collect()
}

/// A running job.
pub(crate) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
    log: Log,
}

impl Process {
    /// Starts `program` on a configuration.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn start(
        program: &Path,
        kind: Kind,
        configuration: &Path,
        choices: Choices,
        log: &Log,
    ) -> io::Result<Process> {
        let mut command = Command::new(program);
        command
            .arg(name(kind))
            .args(["--message-format", "texts", "--stop-with-stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Some(threads) = choices.threads {
            command.arg("--threads").arg(threads.to_string());
        }
        if let (Kind::Quantize, Some(seed)) = (kind, choices.seed) {
            command.arg("--seed").arg(seed.to_string());
        }
        // A name that starts with a dash is no option.
        command.arg("--").arg(configuration);
        if let Some(folder) = configuration.parent() {
            command.current_dir(folder);
        }
        #[cfg(windows)]
        {
            /// From winbase.h: no console window for a console program.
            const CREATE_NO_WINDOW: u32 = 0x0800_0000;
            command.creation_flags(CREATE_NO_WINDOW);
        }
        let mut child = command.spawn()?;
        let missing = || io::Error::other("its input and output are not connected");
        let output = child.stdout.take().ok_or_else(missing)?;
        let errors = child.stderr.take().ok_or_else(missing)?;
        let (job, for_errors) = (name(kind), log.clone());
        tokio::spawn(async move {
            let mut lines = BufReader::new(errors).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                for_errors.warning(format!("{job}: {line}"));
            }
        });
        Ok(Process {
            input: child.stdin.take(),
            output: BufReader::new(output).lines(),
            child,
            log: log.clone(),
        })
    }

    /// The next event; `None` when there will be no more. May be dropped at any time without loss.
    pub(crate) async fn event(&mut self) -> Option<Event> {
        loop {
            let line = self.output.next_line().await.ok()??;
            match Event::read(&line) {
                Some(event) => return Some(event),
                None => self.log.warning(format!("not an event of a job: {line}")),
            }
        }
    }

    /// Asks the job to stop.
    pub(crate) fn stop(&mut self) {
        self.input = None;
    }

    /// Ends the process whatever it is doing.
    pub(crate) fn kill(&mut self) {
        // It fails where the process has ended already.
        let _ = self.child.start_kill();
    }

    /// How the process ended.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use localization::text;

    #[test]
    fn lines_of_a_job() {
        let check = |line: &str, expected: Option<Event>| {
            assert_eq!(Event::read(line), expected, "{line}");
        };
        check(
            r#"{"event": "stage", "stage": "read", "title": "Reading", "total": 0, "unit": "steps"}"#,
            Some(Event::Stage {
                stage: "read".to_owned(),
                title: Text::verbatim("Reading"),
            }),
        );
        check(
            r#"{"event": "result", "job": "quantize"}"#,
            Some(Event::Result(
                serde_json::json!({"event": "result", "job": "quantize"}),
                Vec::new(),
            )),
        );
        check(
            r#"{"event": "result", "warnings": ["a of b", "c"],
                "texts": {"warnings": [{"template": "a of {x}", "arguments": {"x": "b"}}]}}"#,
            Some(Event::Result(
                serde_json::json!({"event": "result", "warnings": ["a of b", "c"]}),
                vec![text!("a of {x}", x = "b"), Text::verbatim("c")],
            )),
        );
        check(r#"{"event": "news", "x": 1}"#, Some(Event::Other));
        check(r#"{"event": "stage"}"#, None);
        check("Reading", None);
    }
}
