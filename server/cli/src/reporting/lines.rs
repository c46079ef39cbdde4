use std::time::{Duration, Instant};

use jobs::{Event, Level};

use super::{Reporter, outcome};
use crate::print::{note, print};

/// Shortest time between two lines about the same stage.
const INTERVAL: Duration = Duration::from_secs(1);

/// Prints lines, for logs and pipes.
pub(super) struct Lines {
    quiet: bool,
    timings: bool,
    title: String,
    printed: Instant,
    started: Instant,
    printed_result: Result<(), String>,
}

impl Lines {
    pub(super) fn new(quiet: bool, timings: bool) -> Self {
        Self {
            quiet,
            timings,
            title: String::new(),
            printed: Instant::now(),
            started: Instant::now(),
            printed_result: Ok(()),
        }
    }

    fn progress(&mut self, done: u64, total: u64, unit: &str) {
        let finished = done == total;
        if self.quiet || total == 0 || (!finished && self.printed.elapsed() < INTERVAL) {
            return;
        }
        self.printed = Instant::now();
        let seconds = self.started.elapsed().as_secs_f64();
        let rate = done as f64 / seconds.max(1e-3);
        let mut line = format!("{}: {done}/{total} {unit}, {rate:.0}/s", self.title);
        if !finished && rate > 0.0 {
            line += &format!(
                ", {:.0} s left",
                ((total - done) as f64 / rate).ceil().max(1.0)
            );
        }
        note(&line);
    }
}

impl Reporter for Lines {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Stage { title, .. } => {
                if !self.quiet {
                    note(&title.to_string());
                }
                self.title = title.to_string();
                self.started = Instant::now();
                self.printed = self.started;
            }
            Event::Progress {
                done, total, unit, ..
            } => self.progress(*done, *total, &unit.to_string()),
            Event::Log {
                level: Level::Warning,
                message,
            } => note(&format!("warning: {message}")),
            Event::Log {
                level: Level::Info,
                message,
            } => {
                if !self.quiet {
                    note(&message.to_string());
                }
            }
            Event::Result(result) => {
                if !self.quiet {
                    self.printed_result = print(&outcome::render(result, self.timings));
                }
            }
            Event::Error { message, .. } => note(&format!("error: {message}")),
        }
    }

    fn finish(&mut self) -> Result<(), String> {
        self.printed_result.clone()
    }
}
