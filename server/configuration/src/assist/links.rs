//! Paths that can be opened.

use crate::document::Document;
use crate::facts::{Entry, Facts};
use crate::text::TextRange;
use localization::{Text, text};
use std::path::PathBuf;

/// A path in the text that leads to something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The path in the text, without quotes.
    pub range: TextRange,
    /// Where it leads, absolute.
    pub target: PathBuf,
    /// Whether it is a folder.
    pub is_folder: bool,
    /// What following it does.
    pub tooltip: Text,
}

/// The paths of the configuration that lead to files and folders.
pub fn links(document: &Document, facts: &dyn Facts) -> Vec<Link> {
    let mentions = document.mentions().into_iter();
    mentions
        .filter_map(|mention| {
            let is_folder = match facts.entry(&mention.path) {
                Entry::File => false,
                Entry::Folder => true,
                _ => return None,
            };
            let written = mention.range.of(document.text());
            let unclosed = written.len() < 2 || !written.ends_with(['"', '\'']);
            let end = mention.range.end - usize::from(!unclosed);
            Some(Link {
                range: TextRange::new(mention.range.start + 1, end),
                tooltip: match is_folder {
                    true => text!("Show the folder {path}", path = mention.path),
                    false => text!("Open {path}", path = mention.path),
                },
                target: mention.path,
                is_folder,
            })
        })
        .collect()
}
