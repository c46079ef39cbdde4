//! What the client can do.

use tower_lsp::lsp_types::ClientCapabilities;

/// The capabilities of the client that the server's answers depend on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Abilities {
    /// Shows progress that the server starts.
    pub(crate) work_done_progress: bool,
    /// Watches files for the server.
    pub(crate) watches_files: bool,
    /// Shows a link at a diagnostic's code.
    pub(crate) code_description: bool,
    /// Shows further places of a diagnostic.
    pub(crate) related_information: bool,
    /// Completions may contain placeholders.
    pub(crate) snippets: bool,
    /// Asks for inlay hints again when told to.
    pub(crate) refreshes_inlay_hints: bool,
    /// Asks for code lenses again when told to.
    pub(crate) refreshes_lenses: bool,
    /// Opens a document when told to.
    pub(crate) shows_documents: bool,
    /// Shows a tooltip at a link.
    pub(crate) link_tooltips: bool,
    /// Workspace edits may create files.
    pub(crate) creates_files: bool,
}

impl Abilities {
    /// The client of which nothing is known yet.
    pub(crate) const NONE: Abilities = Abilities {
        work_done_progress: false,
        watches_files: false,
        code_description: false,
        related_information: false,
        snippets: false,
        refreshes_inlay_hints: false,
        refreshes_lenses: false,
        shows_documents: false,
        link_tooltips: false,
        creates_files: false,
    };

    pub(crate) fn of(capabilities: &ClientCapabilities) -> Abilities {
        let window = capabilities.window.as_ref();
        let workspace = capabilities.workspace.as_ref();
        let text = capabilities.text_document.as_ref();
        let diagnostics = text.and_then(|text| text.publish_diagnostics.as_ref());
        Abilities {
            work_done_progress: window.and_then(|it| it.work_done_progress) == Some(true),
            watches_files: workspace
                .and_then(|it| it.did_change_watched_files.as_ref())
                .and_then(|it| it.dynamic_registration)
                == Some(true),
            code_description: diagnostics.and_then(|it| it.code_description_support) == Some(true),
            related_information: diagnostics.and_then(|it| it.related_information) == Some(true),
            snippets: text
                .and_then(|text| text.completion.as_ref())
                .and_then(|it| it.completion_item.as_ref())
                .and_then(|it| it.snippet_support)
                == Some(true),
            refreshes_inlay_hints: workspace
                .and_then(|it| it.inlay_hint.as_ref())
                .and_then(|it| it.refresh_support)
                == Some(true),
            refreshes_lenses: workspace
                .and_then(|it| it.code_lens.as_ref())
                .and_then(|it| it.refresh_support)
                == Some(true),
            shows_documents: window
                .and_then(|it| it.show_document.as_ref())
                .is_some_and(|it| it.support),
            link_tooltips: text
                .and_then(|text| text.document_link.as_ref())
                .and_then(|it| it.tooltip_support)
                == Some(true),
            creates_files: workspace
                .and_then(|it| it.workspace_edit.as_ref())
                .and_then(|it| it.resource_operations.as_ref())
                .is_some_and(|operations| {
                    use tower_lsp::lsp_types::ResourceOperationKind::Create;
                    operations.contains(&Create)
                }),
        }
    }
}
