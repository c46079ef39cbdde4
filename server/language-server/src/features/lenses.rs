use super::Context;
use crate::commands;
use configuration::assist::{self, LensCommand};
use serde_json::json;
use tower_lsp::lsp_types::{CodeLens, Command, Url};

/// The commands above a configuration.
pub(crate) fn lenses(context: &Context<'_>) -> Vec<CodeLens> {
    let snapshot = context.snapshot;
    let localization = context.session.localization();
    assist::lenses(snapshot.document(), &context.facts)
        .into_iter()
        .filter_map(|lens| {
            let (command, argument) = match lens.command {
                LensCommand::Quantize => (commands::QUANTIZE, snapshot.uri.clone()),
                LensCommand::Evaluate => (commands::EVALUATE, snapshot.uri.clone()),
                LensCommand::OpenReport(path) => {
                    (commands::OPEN_REPORT, Url::from_file_path(path).ok()?)
                }
            };
            let arguments = Some(vec![json!(argument)]);
            let title = localization.text(&lens.title);
            Some(CodeLens {
                range: snapshot.lines.range(lens.range),
                command: Some(Command::new(title, command.to_owned(), arguments)),
                data: None,
            })
        })
        .collect()
}
