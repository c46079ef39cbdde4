use super::Context;
use configuration::assist;
use tower_lsp::lsp_types::{InlayHint, InlayHintLabel, InlayHintTooltip, Range};

/// What is worth knowing beside the values of a configuration.
pub(crate) fn hints(context: &Context<'_>, range: Range) -> Vec<InlayHint> {
    let snapshot = context.snapshot;
    let range = snapshot.lines.text_range(range);
    let localization = context.session.localization();
    assist::inlay_hints(snapshot.document(), range, &context.facts)
        .into_iter()
        .map(|hint| InlayHint {
            position: snapshot.lines.position(hint.offset),
            label: InlayHintLabel::String(localization.text(&hint.label)),
            kind: None,
            text_edits: None,
            tooltip: Some(localization.text(&hint.tooltip))
                .filter(|tooltip| !tooltip.is_empty())
                .map(InlayHintTooltip::String),
            padding_left: Some(true),
            padding_right: None,
            data: None,
        })
        .collect()
}
