//! The file of an own target.

use super::{Context, Inputs};
use crate::code::Code;
use crate::finding::{Finding, Place, Related, quoted};
use crate::target::check_target;
use localization::{Text, text};

const TARGET: &str = "target";

/// Places in the file that are shown; the rest is counted.
const SHOWN: usize = 3;

/// Reports a target file that cannot be used. What is wrong stands in the file itself; here the
/// first of it is told.
pub(super) fn check(context: &mut Context, inputs: &Inputs) {
    let (Some(file), Some(value)) = (&inputs.target, context.root.get(TARGET)) else {
        return;
    };
    let text = match context.facts.text(file) {
        None => return,
        Some(Ok(text)) => text,
        Some(Err(reason)) => return context.report(Code::UnreadablePath, TARGET, reason),
    };
    let mut errors = check_target(&text);
    errors.retain(Finding::is_error);
    let Some(first) = errors.first() else {
        return;
    };
    let more = match errors.len() - 1 {
        0 => Text::default(),
        more => text!(" (and {more} more)"),
    };
    let message = text!(
        "{file} is not a target: {message}{more}",
        file = quoted(value.as_str().unwrap_or_default()),
        message = first.message
    );
    let mut finding = Finding::new(Code::MalformedTarget, value.range, &[TARGET], message);
    finding.related = errors
        .iter()
        .take(SHOWN)
        .map(|error| Related {
            place: Place::in_file(file, &text, error.range),
            message: error.message.clone(),
        })
        .collect();
    context.findings.push(finding);
}
