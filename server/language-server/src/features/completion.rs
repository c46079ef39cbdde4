use super::{Context, snippet};
use configuration::Replacement;
use configuration::assist::{self, Completion, CompletionKind};
use localization::text;
use tower_lsp::lsp_types::{
    Command, CompletionItem, CompletionItemKind, CompletionTextEdit, Documentation,
    InsertTextFormat, MarkupContent, MarkupKind, Position, TextEdit,
};

/// What can be written at a position.
pub(crate) fn completions(context: &Context<'_>, position: Position) -> Vec<CompletionItem> {
    let snapshot = context.snapshot;
    let offset = snapshot.lines.offset(position);
    // Where a JSON service reports syntax, it also proposes the key that any JSON text may have.
    let others = (!context.session.options().report_syntax).then_some("$schema");
    assist::complete(snapshot.document(), offset, &context.facts)
        .into_iter()
        .filter(|completion| Some(completion.label.as_str()) != others)
        .map(|completion| item(context, completion))
        .collect()
}

fn item(context: &Context<'_>, completion: Completion) -> CompletionItem {
    let edit = |replacement: Replacement| TextEdit {
        range: context.snapshot.lines.range(replacement.range),
        new_text: replacement.text,
    };
    let localization = context.session.localization();
    let mut text = edit(completion.edit);
    let is_snippet = completion.is_snippet && context.session.abilities().snippets;
    if completion.is_snippet && !is_snippet {
        text.new_text = snippet::plain(&text.new_text);
    }
    let suggest = context.session.options().suggest_command.clone();
    CompletionItem {
        label: completion.label,
        kind: Some(match completion.kind {
            CompletionKind::Key => CompletionItemKind::PROPERTY,
            CompletionKind::Value => CompletionItemKind::VALUE,
            CompletionKind::File => CompletionItemKind::FILE,
            CompletionKind::Folder => CompletionItemKind::FOLDER,
        }),
        detail: Some(localization.text(&completion.detail)).filter(|detail| !detail.is_empty()),
        documentation: Some(completion.documentation)
            .filter(|documentation| !documentation.is_empty())
            .map(|value| {
                Documentation::MarkupContent(MarkupContent {
                    kind: MarkupKind::Markdown,
                    value: localization.text(&value),
                })
            }),
        insert_text_format: Some(if is_snippet {
            InsertTextFormat::SNIPPET
        } else {
            InsertTextFormat::PLAIN_TEXT
        }),
        text_edit: Some(CompletionTextEdit::Edit(text)),
        additional_text_edits: completion.also.map(|also| vec![edit(also)]),
        filter_text: Some(completion.filter),
        sort_text: Some(completion.sort),
        command: suggest.filter(|_| completion.again).map(|command| {
            let title = localization.text(&text!("Complete further"));
            Command::new(title, command, None)
        }),
        ..CompletionItem::default()
    }
}
