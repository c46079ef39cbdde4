use jobs::{Event, Texts};
use serde::Serialize;

use super::Reporter;
use crate::print::print;

/// Prints each event as one line of JSON (`schemas/events.schema.json`).
pub(super) struct JsonLines {
    /// Whether the texts are printed as data too.
    texts: bool,
    /// Why a line could not be printed.
    failure: Option<String>,
}

/// An event, with its texts as data.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    event: &'a Event,
    texts: Texts,
}

impl JsonLines {
    pub(super) fn new(texts: bool) -> Self {
        Self {
            texts,
            failure: None,
        }
    }
}

impl Reporter for JsonLines {
    fn event(&mut self, event: &Event) {
        let line = match self.texts {
            true => serde_json::to_string(&Line {
                event,
                texts: event.texts(),
            }),
            false => serde_json::to_string(event),
        };
        let line = line.map_err(|error| error.to_string());
        if let Err(failure) = line.and_then(|line| print(&(line + "\n"))) {
            self.failure.get_or_insert(failure);
        }
    }

    fn finish(&mut self) -> Result<(), String> {
        self.failure.take().map_or(Ok(()), Err)
    }
}
