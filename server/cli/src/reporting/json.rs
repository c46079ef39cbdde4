use std::io::Write as _;

use jobs::Event;

use super::Reporter;

/// Prints each event as one line of JSON (`schemas/events.schema.json`).
pub(super) struct JsonLines;

impl Reporter for JsonLines {
    fn event(&mut self, event: &Event) {
        if let Ok(line) = serde_json::to_string(event) {
            // A reader that has gone away is noticed by its closing our input, not here.
            let _ = writeln!(std::io::stdout().lock(), "{line}");
        }
    }
}
