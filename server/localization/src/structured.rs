//! Texts as data: how they go to another process, or into a file that the program reads again.

use crate::text::{Argument, Message, Piece, Text, pieces};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// No text of the program takes so many steps to put together, bytes included.
const LARGEST: usize = 64 * 1024;

/// A text as data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Structured {
    template: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    arguments: BTreeMap<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Value {
    Plain(String),
    Inside {
        inside: Structured,
    },
    List {
        separator: Structured,
        items: Vec<Structured>,
    },
    Text(Structured),
}

/// A message in a file: in English, and as data.
#[derive(Serialize)]
struct Said<'a> {
    message: &'a Text,
    text: Structured,
}

/// Serializes a message as two members of an object: `message`, in English, and `text`, as data.
///
/// # Errors
/// Those of the serializer.
pub fn message_and_text<S: serde::Serializer>(text: &Text, to: S) -> Result<S::Ok, S::Error> {
    Said {
        message: text,
        text: text.into(),
    }
    .serialize(to)
}

impl Structured {
    /// The text, where it says in English what stands beside it; otherwise that, untranslated.
    pub fn said(structured: Option<Structured>, english: &str) -> Text {
        let text = structured.map(Text::from);
        let text = text.filter(|text| size(text) <= LARGEST && *text == *english);
        text.unwrap_or_else(|| Text::verbatim(english))
    }
}

/// How many steps it takes to put a text together, bytes included. Each argument is looked into once,
/// however often it is used.
fn size(text: &Text) -> usize {
    let sizes: BTreeMap<&str, usize> = text
        .arguments
        .iter()
        .map(|(name, argument)| (&**name, argument_size(argument)))
        .collect();
    let steps = pieces(&text.template).map(|piece| match piece {
        Piece::Literal(literal) => literal.len(),
        Piece::Placeholder(name) => {
            let argument = sizes.get(name).copied();
            argument.unwrap_or(name.len()).saturating_add(1)
        }
    });
    steps.fold(1, usize::saturating_add)
}

fn argument_size(argument: &Argument) -> usize {
    match argument {
        Argument::Plain(plain) => plain.len(),
        Argument::Text(text) | Argument::Inside(text) => size(text),
        Argument::List { separator, items } => items.iter().map(size).fold(
            size(separator).saturating_mul(items.len()),
            usize::saturating_add,
        ),
    }
}

impl<T: Message> From<&T> for Structured {
    fn from(message: &T) -> Structured {
        let text = message.text();
        let arguments = text.arguments.into_iter();
        Structured {
            template: text.template.into_owned(),
            arguments: arguments
                .map(|(name, argument)| (name.into_owned(), argument.into()))
                .collect(),
        }
    }
}

impl From<Argument> for Value {
    fn from(argument: Argument) -> Value {
        match argument {
            Argument::Plain(plain) => Value::Plain(plain),
            Argument::Text(text) => Value::Text((&text).into()),
            Argument::Inside(text) => Value::Inside {
                inside: (&text).into(),
            },
            Argument::List { separator, items } => Value::List {
                separator: (&*separator).into(),
                items: items.iter().map(Structured::from).collect(),
            },
        }
    }
}

impl From<Structured> for Text {
    fn from(structured: Structured) -> Text {
        let arguments = structured.arguments.into_iter();
        Text {
            template: structured.template.into(),
            arguments: arguments
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        }
    }
}

impl From<Value> for Argument {
    fn from(value: Value) -> Argument {
        match value {
            Value::Plain(plain) => Argument::Plain(plain),
            Value::Text(text) => Argument::Text(text.into()),
            Value::Inside { inside } => Argument::Inside(inside.into()),
            Value::List { separator, items } => Argument::List {
                separator: Box::new(separator.into()),
                items: items.into_iter().map(Text::from).collect(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_as_they_were() {
        let names = [Text::verbatim("a"), Text::new("b", [])];
        let list = Text::list(Text::new(", ", []), names);
        let sentence = Text::of_document("Images in {braces}.").inside_sentence();
        let text = Text::new(
            "{n} of {list} ({sentence})",
            [
                ("n", Argument::Plain("1".to_owned())),
                ("list", list.into()),
                ("sentence", sentence.into()),
            ],
        );
        let json = serde_json::to_string(&Structured::from(&text)).unwrap();
        let structured = serde_json::from_str(&json).unwrap();
        let english = "1 of a, b (images in {braces})";
        let back = Structured::said(Some(structured), english);
        assert_eq!(back.to_string(), english);
        assert_eq!(back.template(), text.template());
        let object = serde_json::to_value(Said {
            message: &text,
            text: (&text).into(),
        });
        assert_eq!(object.unwrap()["message"], english);
    }

    #[test]
    fn what_says_something_else_is_not_believed() {
        let check = |json: &str| {
            let structured = serde_json::from_str(json).ok();
            let text = Structured::said(structured, "aa");
            assert_eq!(text, Text::verbatim("aa"), "{json}");
        };
        check(r#"{"template": "ab"}"#);
        check(r#"{"template": 1}"#);
        check(r#"{"template": "{x}", "arguments": {"y": "aa"}}"#);
        // Each level doubles what there is to put together.
        let mut bomb = r#"{"template": "a"}"#.to_owned();
        for _ in 0..50 {
            bomb = format!(r#"{{"template": "{{x}}{{x}}", "arguments": {{"x": {bomb}}}}}"#);
        }
        assert!(serde_json::from_str::<Structured>(&bomb).is_ok());
        check(&bomb);
    }
}
