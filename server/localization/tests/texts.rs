//! Texts as the macros make them.

use localization::{Argument, Message, Phrase, Text, phrase, registry, text};
use std::io;
use std::path::PathBuf;
use thiserror::Error;

#[derive(Debug, Error, Message)]
enum Failure {
    #[error("no part")]
    Unit,
    #[error("{0} is not {1:?}")]
    Tuple(usize, &'static str),
    #[error("{path} of {count} has {{x}}: {source}", path = path.display(), count = .names.len())]
    Named {
        path: PathBuf,
        names: Vec<String>,
        source: io::Error,
    },
    #[error(transparent)]
    Inner(#[from] Reason),
    #[error("{place} {0}", place = where_is(.0))]
    Outer(Reason),
}

#[derive(Debug, Error, Message)]
#[error("because of {what}")]
struct Reason {
    what: Text,
}

fn where_is(_: &Reason) -> Text {
    text!("here")
}

#[test]
fn both_say_the_same() {
    let reason = || Reason {
        what: text!("a fault"),
    };
    let check = |failure: Failure, expected: &str, template: &str| {
        assert_eq!(failure.to_string(), expected);
        assert_eq!(failure.text(), *expected);
        assert_eq!(failure.text().template(), template);
        let mut known = registry::templates();
        assert!(known.any(|known| known.text == template), "{template}");
    };
    check(Failure::Unit, "no part", "no part");
    check(Failure::Tuple(1, "a"), "1 is not \"a\"", "{0} is not {1}");
    let named = Failure::Named {
        path: "p".into(),
        names: vec![String::new()],
        source: io::Error::other("gone"),
    };
    let template = "{path} of {count} has {{x}}: {source}";
    check(named, "p of 1 has {x}: gone", template);
    check(
        Failure::Inner(reason()),
        "because of a fault",
        "because of {what}",
    );
    check(
        Failure::Outer(reason()),
        "here because of a fault",
        "{place} {0}",
    );
}

#[test]
fn messages_stay_messages() {
    let (inner, name) = (text!("an inner text"), "a name");
    let outer = text!("{inner} and {name} in {ratio:.1}", ratio = 0.25);
    assert_eq!(outer, "an inner text and a name in 0.2");
    let same = Text::new(
        "{inner} and {name} in {ratio}",
        [
            ("inner", Argument::Text(text!("an inner text"))),
            ("name", Argument::Plain("a name".to_owned())),
            ("ratio", Argument::Plain("0.2".to_owned())),
        ],
    );
    assert_eq!(outer, same);
}

#[test]
fn constants_are_texts() {
    const PLACES: [Phrase; 2] = [phrase!("the root"), phrase!("the leaf in {{braces}}")];
    let [_, leaf] = PLACES;
    assert_eq!(text!("at {leaf}"), "at the leaf in {braces}");
    assert_eq!(
        text!("at {leaf}"),
        text!("at {leaf}", leaf = Text::from(leaf))
    );
}

#[test]
fn lists_phrases_and_names() {
    let list = Text::list(text!(", "), [text!("one"), Text::verbatim("{two}")]);
    assert_eq!(text!("{list}!"), "one, {two}!");
    let sentence = Text::of_document("Texts with {braces}.");
    assert_eq!(sentence, "Texts with {braces}.");
    assert_eq!(
        text!("({sentence})", sentence = sentence.inside_sentence()),
        "(texts with {braces})"
    );
    assert_eq!(Text::of_document("JPEG.").inside_sentence(), "JPEG");
    assert!(Text::default().is_empty());
    assert_eq!(serde_json::to_string(&text!("one")).unwrap(), "\"one\"");
}
