//! What the system says of files.

use crate::text::{Message, Text};
use std::io;

/// The system's own words that are translated.
pub(crate) const COMMON: [&str; 7] = [
    "No such file or directory (os error 2)",
    "Permission denied (os error 13)",
    "Not a directory (os error 20)",
    "Is a directory (os error 21)",
    "No space left on device (os error 28)",
    "Read-only file system (os error 30)",
    "Disk quota exceeded (os error 122)",
];

impl Message for io::Error {
    fn text(&self) -> Text {
        let words = self.to_string();
        match COMMON.into_iter().find(|common| *common == words) {
            Some(common) => Text::new(common, []),
            None => Text::verbatim(words),
        }
    }
}
