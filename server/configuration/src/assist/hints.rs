//! What a value amounts to, shown behind it.

use super::about;
use super::markdown::{counted, grouped};
use crate::document::Document;
use crate::facts::Facts;
use crate::role::PathRole;
use crate::text::TextRange;

/// A few words shown in the line of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InlayHint {
    /// Behind which byte of the text.
    pub offset: usize,
    /// The words.
    pub label: String,
    /// Whether these are a name that somebody has given.
    pub is_name: bool,
    /// More words, for the pointer.
    pub tooltip: String,
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
                is_name: mention.role == PathRole::Target,
                tooltip: mention.path.display().to_string(),
            })
        })
        .collect();
    let iterations = document.root().and_then(|root| root.get("iteration_count"));
    if let Some(value) = iterations.filter(|value| within(value.range))
        && let Some((drawn, images)) = about::samples(document, facts)
        && let Some(batch) = about::number(document, "batch_size")
    {
        let tooltip = match images {
            Some(images) => format!(
                "batch_size × iteration_count, drawn from {}",
                counted(images, "image", "images")
            ),
            None => "batch_size × iteration_count".to_owned(),
        };
        let batch = grouped(batch as u64);
        let samples = counted(drawn, "sample", "samples");
        hints.push(InlayHint {
            offset: value.range.end,
            // Behind a number, another number would look like a part of it; this is an equation.
            label: format!("× {batch} = {samples}"),
            is_name: false,
            tooltip,
        });
    }
    hints.sort_by_key(|hint| hint.offset);
    hints
}
