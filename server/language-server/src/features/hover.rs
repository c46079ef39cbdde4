use super::Context;
use configuration::assist;
use tower_lsp::lsp_types::{Hover, HoverContents, MarkupContent, MarkupKind, Position};

/// What there is to know about the key or value at a position.
pub(crate) fn hover(context: &Context<'_>, position: Position) -> Option<Hover> {
    let snapshot = context.snapshot;
    let offset = snapshot.lines.offset(position);
    let hover = assist::hover(snapshot.document(), offset, &context.facts)?;
    Some(Hover {
        contents: HoverContents::Markup(MarkupContent {
            kind: MarkupKind::Markdown,
            value: context.session.localization().text(&hover.markdown),
        }),
        range: Some(snapshot.lines.range(hover.range)),
    })
}
