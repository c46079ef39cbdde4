//! Repairs of syntax errors.

use super::parser::{SyntaxError, SyntaxErrorKind as Kind};
use crate::code::Code;
use crate::finding::Finding;
use crate::fix::Fix;
use crate::text::TextRange;
use localization::{Message as _, Text, text};

impl SyntaxError {
    /// The error as a finding about `text`.
    pub(crate) fn finding(&self, text: &str) -> Finding {
        let code = match self.kind {
            Kind::TooLong | Kind::TooDeep => Code::TooLarge,
            _ => Code::SyntaxError,
        };
        let finding = Finding::new(code, self.range, &[], self.kind.text());
        self.fix(text).into_iter().fold(finding, Finding::with_fix)
    }

    /// The change of `text` that makes good the error, where there is an obvious one.
    pub fn fix(&self, text: &str) -> Option<Fix> {
        let range = self.range;
        let written = range.of(text);
        let replace = |title: Text, new: String| Fix::replace(title, range, new);
        let insert = |at: usize, new: &str| {
            Fix::replace(text!("Add `{new}`"), TextRange::at(at), new.to_owned())
        };
        let fix = match &self.kind {
            Kind::Unclosed(_, close) => insert(text.trim_end().len(), &close.to_string()),
            Kind::MissingColon => insert(range.end, ":"),
            Kind::MissingComma => insert(range.end, ","),
            Kind::ExtraComma => replace(text!("Remove the comma"), String::new()),
            Kind::UnmatchedClose => replace(text!("Remove the bracket"), String::new()),
            Kind::UnexpectedCharacter => replace(text!("Remove the character"), String::new()),
            Kind::Comment => replace(text!("Remove the comment"), String::new()),
            // What follows the forgotten quote on its line was most probably not meant as text.
            Kind::UnclosedString => {
                let content = written.trim_end().trim_end_matches([',', '}', ']']);
                insert(range.start + content.trim_end().len(), "\"")
            }
            Kind::SingleQuotes => {
                let content = written.trim_matches('\'');
                let new = format!("\"{}\"", content.replace('"', "\\\""));
                replace(text!("Write double quotes"), new)
            }
            Kind::MissingQuotes => replace(text!("Add quotes"), format!("\"{written}\"")),
            Kind::BadEscape => replace(text!("Double the backslash"), format!("\\{written}")),
            Kind::ControlCharacter => match written {
                "\t" => replace(text!("Write `\\t`"), "\\t".to_owned()),
                _ => replace(text!("Remove the character"), String::new()),
            },
            Kind::BadNumber => {
                let number = number(written)?;
                replace(text!("Write {number}"), number)
            }
            Kind::ForeignLiteral(json) => replace(text!("Write `{json}`"), (*json).to_owned()),
            Kind::Empty
            | Kind::TooLong
            | Kind::TooDeep
            | Kind::ExpectedKey
            | Kind::MissingValue
            | Kind::TrailingText => return None,
        };
        Some(fix.preferred())
    }
}

/// The number that was meant, in JSON's grammar: `.5`, `5.`, `+5` and `05`.
fn number(written: &str) -> Option<String> {
    let (sign, digits) = match written.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", written.strip_prefix('+').unwrap_or(written)),
    };
    let trimmed = digits.trim_start_matches('0');
    let whole = match trimmed.starts_with(|first: char| first.is_ascii_digit()) {
        true => trimmed.to_owned(),
        false => format!("0{trimmed}"),
    };
    let number = format!("{sign}{}", whole.strip_suffix('.').unwrap_or(&whole));
    let is_number = serde_json::from_str::<serde_json::Number>(&number).is_ok();
    is_number.then_some(number)
}

#[cfg(test)]
mod tests {
    use crate::fix::apply;
    use crate::syntax::parse;

    #[test]
    fn repaired_texts_are_json() {
        let check = |text: &str, expected: &str| {
            let mut repaired = text.to_owned();
            // One repair may uncover the next error.
            for _ in 0..4 {
                let Some(error) = parse(&repaired).errors.into_iter().next() else {
                    break;
                };
                let fix = error.fix(&repaired).unwrap();
                repaired = apply(&repaired, &fix.replacements().unwrap());
            }
            assert_eq!(repaired, expected);
            assert!(serde_json::from_str::<serde_json::Value>(&repaired).is_ok());
        };
        check("{\"a\": 1 \"b\": 2}", "{\"a\": 1, \"b\": 2}");
        check("{\"a\": 1,}", "{\"a\": 1}");
        check("{\"a\" 1}", "{\"a\": 1}");
        check("{\"a\": [1\n", "{\"a\": [1]}\n");
        check("{\"a\": 'it'}", "{\"a\": \"it\"}");
        check("{a: 1}", "{\"a\": 1}");
        check("{\"a\": \"C:\\dir\"}", "{\"a\": \"C:\\\\dir\"}");
        check("{\"a\": True}", "{\"a\": true}");
        check(
            "{\"a\": .5, \"b\": 007, \"c\": +1}",
            "{\"a\": 0.5, \"b\": 7, \"c\": 1}",
        );
        check("{\"a\": 5.}", "{\"a\": 5}");
        check("{\"a\": \"x,\n\"b\": 1}", "{\"a\": \"x\",\n\"b\": 1}");
        check("{\"a\": 1 /* x */}", "{\"a\": 1 }");
        check("{\"a\": \"x\ty\"}", "{\"a\": \"x\\ty\"}");
        check("{\"a\": 1]}", "{\"a\": 1}");
    }
}
