//! The process that runs a job, and what it prints.

use super::arguments::Choices;
use super::status::name;
use crate::log::Log;
use configuration::Job as Kind;
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

/// One line of what a job prints (`schemas/events.schema.json`).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Event {
    Stage {
        stage: String,
        title: String,
    },
    Progress {
        stage: String,
        done: u64,
        total: u64,
        unit: String,
    },
    Log {
        message: String,
    },
    Error {
        cancelled: bool,
        message: String,
        /// The key of the configuration that is at fault.
        #[serde(default)]
        key: Option<String>,
    },
    /// What the job has made, as it was printed.
    #[serde(skip)]
    Result(Value),
    /// An event of a later version.
    #[serde(other)]
    Other,
}

impl Event {
    /// Reads a line; `None` where it is no event.
    fn read(line: &str) -> Option<Event> {
        let value: Value = serde_json::from_str(line).ok()?;
        if value.get("event").and_then(Value::as_str) == Some("result") {
            return Some(Event::Result(value));
        }
        serde_json::from_value(value).ok()
    }
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
            .args(["--message-format", "json", "--stop-with-stdin"])
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

    #[test]
    fn lines_of_a_job() {
        let check = |line: &str, expected: Option<Event>| {
            assert_eq!(Event::read(line), expected, "{line}");
        };
        check(
            r#"{"event": "stage", "stage": "read", "title": "Reading", "total": 0, "unit": "steps"}"#,
            Some(Event::Stage {
                stage: "read".to_owned(),
                title: "Reading".to_owned(),
            }),
        );
        check(
            r#"{"event": "result", "job": "quantize"}"#,
            Some(Event::Result(
                serde_json::json!({"event": "result", "job": "quantize"}),
            )),
        );
        check(r#"{"event": "news", "x": 1}"#, Some(Event::Other));
        check(r#"{"event": "stage"}"#, None);
        check("Reading", None);
    }
}
