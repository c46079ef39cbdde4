//! Findings as diagnostics of the protocol.

use crate::documents::Snapshot;
use crate::lines::position_of;
use crate::session::Session;
use configuration::{Finding, JOB_FAILED, Owner, Place, Related, Severity};
use localization::{Localization, Text};
use tower_lsp::lsp_types::{
    CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location,
    NumberOrString, Range, Url,
};

/// What editors show as the origin of a diagnostic.
const SOURCE: &str = "model-quantizer";

/// The diagnostics of a document, without those that the editor reports itself. JSON services say
/// nothing about a file without any text.
pub(crate) fn of(session: &Session, snapshot: &Snapshot, findings: &[Finding]) -> Vec<Diagnostic> {
    let options = session.options();
    let syntax = options.report_syntax || snapshot.lines.text().is_empty();
    let ours = |finding: &&Finding| syntax || finding.code.owner() != Owner::Json;
    findings
        .iter()
        .filter(ours)
        .map(|finding| diagnostic(session, snapshot, finding))
        .collect()
}

/// A finding as a diagnostic.
pub(crate) fn diagnostic(session: &Session, snapshot: &Snapshot, finding: &Finding) -> Diagnostic {
    let abilities = session.abilities();
    let localization = session.localization();
    let related: Vec<_> = finding
        .related
        .iter()
        .filter(|_| abilities.related_information)
        .filter_map(|related| self::related(snapshot, related, localization))
        .collect();
    Diagnostic {
        range: snapshot.lines.range(finding.range),
        severity: Some(severity(finding.severity())),
        code: Some(NumberOrString::String(finding.code.name().to_owned())),
        code_description: documentation(session, finding.code.name())
            .filter(|_| abilities.code_description),
        source: Some(SOURCE.to_owned()),
        message: localization.text(&finding.message),
        related_information: Some(related).filter(|related| !related.is_empty()),
        ..Diagnostic::default()
    }
}

/// The failure of a job at the value that it has failed with.
pub(crate) fn failure(session: &Session, range: Range, message: &Text) -> Diagnostic {
    Diagnostic {
        range,
        severity: Some(DiagnosticSeverity::ERROR),
        code: Some(NumberOrString::String(JOB_FAILED.to_owned())),
        code_description: documentation(session, JOB_FAILED)
            .filter(|_| session.abilities().code_description),
        source: Some(SOURCE.to_owned()),
        message: session.localization().text(message),
        ..Diagnostic::default()
    }
}

fn related(
    snapshot: &Snapshot,
    related: &Related,
    localization: Localization,
) -> Option<DiagnosticRelatedInformation> {
    let location = match &related.place {
        Place::Here(range) => Location::new(snapshot.uri.clone(), snapshot.lines.range(*range)),
        Place::File { path, start, end } => Location::new(
            Url::from_file_path(path).ok()?,
            Range::new(position_of(*start), position_of(*end)),
        ),
    };
    Some(DiagnosticRelatedInformation {
        location,
        message: localization.text(&related.message),
    })
}

fn severity(severity: Severity) -> DiagnosticSeverity {
    match severity {
        Severity::Error => DiagnosticSeverity::ERROR,
        Severity::Warning => DiagnosticSeverity::WARNING,
        Severity::Hint => DiagnosticSeverity::INFORMATION,
    }
}

/// The section of the documentation on a code, if it is known where the documentation is.
fn documentation(session: &Session, code: &str) -> Option<CodeDescription> {
    let page = session.options().documentation.clone()?;
    let mut href = Url::parse(&page).ok()?;
    href.set_fragment(Some(code));
    Some(CodeDescription { href })
}
