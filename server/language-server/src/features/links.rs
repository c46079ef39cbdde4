use super::Context;
use configuration::assist;
use tower_lsp::lsp_types::{DocumentLink, Url};

/// The paths of a configuration that lead to something.
pub(crate) fn links(context: &Context<'_>) -> Vec<DocumentLink> {
    let snapshot = context.snapshot;
    let localization = context.session.localization();
    let tooltips = context.session.abilities().link_tooltips;
    assist::links(snapshot.document(), &context.facts)
        .into_iter()
        .filter_map(|link| {
            Some(DocumentLink {
                range: snapshot.lines.range(link.range),
                target: Some(Url::from_file_path(link.target).ok()?),
                tooltip: tooltips.then(|| localization.text(&link.tooltip)),
                data: None,
            })
        })
        .collect()
}
