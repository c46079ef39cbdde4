use std::fmt::Write;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use jobs::{Event, Level};

use super::{Reporter, outcome};
use crate::print::{note, print};

/// Draws a progress bar for each stage.
pub(super) struct Bars {
    bar: Option<ProgressBar>,
    timings: bool,
    printed_result: Result<(), String>,
}

impl Bars {
    pub(super) fn new(timings: bool) -> Self {
        Self {
            bar: None,
            timings,
            printed_result: Ok(()),
        }
    }

    fn begin(&mut self, title: &str, total: u64, unit: &str) {
        self.end();
        let bar = if total > 0 {
            let template =
                format!("{{msg}} {{wide_bar}} {{pos}}/{{len}} {unit}, {{rate}}, {{left}} left");
            ProgressBar::new(total).with_style(style(&template))
        } else {
            ProgressBar::new_spinner().with_style(style("{msg} {spinner}"))
        };
        bar.set_message(title.to_owned());
        bar.tick();
        self.bar = Some(bar);
    }

    fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    /// Prints a line above the bar.
    fn line(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| note(line)),
            None => note(line),
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    // The templates are constants of this file; a default bar would show a slip in them at once.
    let style = ProgressStyle::with_template(template);
    style
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("rate", |state: &ProgressState, text: &mut dyn Write| {
            // A bar that cannot be drawn is drawn again in a moment.
            let _ = write!(text, "{:.0}/s", state.per_sec());
        })
        .with_key("left", |state: &ProgressState, text: &mut dyn Write| {
            let _ = write!(text, "{} s", state.eta().as_secs() + 1);
        })
}

impl Reporter for Bars {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Stage {
                title, total, unit, ..
            } => self.begin(&title.to_string(), *total, &unit.to_string()),
            Event::Progress { done, .. } => {
                if let Some(bar) = &self.bar {
                    bar.set_position(*done);
                }
            }
            Event::Log { level, message } => match level {
                Level::Info => self.line(&message.to_string()),
                Level::Warning => self.line(&format!("warning: {message}")),
            },
            Event::Result(result) => {
                self.end();
                self.printed_result = print(&outcome::render(result, self.timings));
            }
            Event::Error { message, .. } => {
                self.end();
                note(&format!("error: {message}"));
            }
        }
    }

    fn tick(&mut self) {
        if let Some(bar) = &self.bar {
            bar.tick();
        }
    }

    fn finish(&mut self) -> Result<(), String> {
        self.printed_result.clone()
    }
}
