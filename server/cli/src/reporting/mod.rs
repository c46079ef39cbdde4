//! What a running job shows: bars on a terminal, lines elsewhere, JSON for programs.

mod bars;
mod json;
mod lines;
mod outcome;

use std::io::IsTerminal as _;

use jobs::Event;

use crate::arguments::{JobArguments, MessageFormat};

/// Shows the events of a job.
pub(crate) trait Reporter {
    /// Something happened.
    fn event(&mut self, event: &Event);
    /// Nothing happened for a tenth of a second.
    fn tick(&mut self) {}
    /// Nothing more will happen.
    ///
    /// # Errors
    /// A sentence when something could not be printed.
    fn finish(&mut self) -> Result<(), String>;
}

/// The reporter that arguments and terminal ask for.
pub(crate) fn reporter(arguments: &JobArguments) -> Box<dyn Reporter> {
    if arguments.message_format != MessageFormat::Human {
        let texts = arguments.message_format == MessageFormat::Texts;
        Box::new(json::JsonLines::new(texts))
    } else if !arguments.quiet && std::io::stderr().is_terminal() {
        Box::new(bars::Bars::new(arguments.timings))
    } else {
        Box::new(lines::Lines::new(arguments.quiet, arguments.timings))
    }
}
