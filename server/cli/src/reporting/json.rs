use jobs::Event;

use super::Reporter;
use crate::print::print;

/// Prints each event as one line of JSON (`schemas/events.schema.json`).
#[derive(Default)]
pub(super) struct JsonLines {
    /// Why a line could not be printed.
    failure: Option<String>,
}

impl Reporter for JsonLines {
    fn event(&mut self, event: &Event) {
        let line = serde_json::to_string(event).map_err(|error| error.to_string());
        if let Err(failure) = line.and_then(|line| print(&(line + "\n"))) {
            self.failure.get_or_insert(failure);
        }
    }

    fn finish(&mut self) -> Result<(), String> {
        self.failure.take().map_or(Ok(()), Err)
    }
}
