//! What a value amounts to, shown behind it.

use super::about;
use super::markdown::{grouped, images, samples};
use crate::document::Document;
use crate::facts::Facts;
use crate::text::TextRange;
use localization::{Message as _, Text, text};

/// A few words shown in the line of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InlayHint {
    /// Behind which byte of the text.
    pub offset: usize,
    /// The words.
    pub label: Text,
    /// More words, for the pointer.
    pub tooltip: Text,
}

/// The hints for values that lie in `range`.
pub fn inlay_hints(document: &Document, range: TextRange, facts: &dyn Facts) -> Vec<InlayHint> {
    let within = |value: TextRange| range.start <= value.end && value.start <= range.end;
    let mut hints: Vec<InlayHint> = document
        .mentions()
        .iter()
        .filter(|mention| within(mention.range))
        .filter_map(|mention| {
            Some(InlayHint {
                offset: mention.range.end,
                label: about::short(document, mention, facts)?,
                tooltip: mention.path.text(),
            })
        })
        .collect();
    let iterations = document.root().and_then(|root| root.get("iteration_count"));
    if let Some(value) = iterations.filter(|value| within(value.range))
        && let Some((drawn, from)) = about::samples(document, facts)
        && let Some(batch) = about::number(document, "batch_size")
    {
        let tooltip = match from {
            Some(count) => text!(
                "batch_size × iteration_count, drawn from {images}",
                images = images(count)
            ),
            None => text!("batch_size × iteration_count"),
        };
        let batch = grouped(batch as u64);
        let samples = samples(drawn);
        hints.push(InlayHint {
            offset: value.range.end,
            // Behind a number, another number would look like a part of it; this is an equation.
            label: text!("× {batch} = {samples}"),
            tooltip,
        });
    }
    hints.sort_by_key(|hint| hint.offset);
    hints
}
