//! What a model's output means.

use serde::Serialize;

use crate::markup::Text;

/// How classes lie in the output of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Output {
    /// `scores`, `probability`, `logit` or `number`.
    pub kind: &'static str,
    /// Number of classes that it tells apart; `None` where it tells none.
    pub classes: Option<usize>,
    /// The same in words.
    pub description: String,
}

impl Output {
    /// The figure at the head of a report.
    pub(crate) fn figure(&self) -> (&'static str, String, String) {
        let number = match self.classes {
            Some(classes) => format!("{classes} classes"),
            None => "no classes".to_owned(),
        };
        ("Output", number, self.description.clone())
    }

    /// The same as a paragraph.
    pub(crate) fn paragraph(&self) -> String {
        let (heading, number, description) = self.figure();
        let sentence = format!("{heading}: {number}, {description}.");
        format!("<p>{}</p>\n", Text(&sentence))
    }
}
