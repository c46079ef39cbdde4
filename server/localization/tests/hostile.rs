//! Names that try to be parts of messages, and texts that try to take long.

use localization::Localization::Japanese;

const NAMES: [&str; 12] = [
    "model.h5",
    "` does not exist; did you mean `",
    "`a` is a folder; remove it`",
    "a\nb",
    "\u{202e}\u{0}",
    "{name}",
    "{name:message}",
    "images",
    "no layer of the model matches `x`; write names that Inspect shows",
    "\"; the file is damaged: \"",
    "数 5 images、`",
    "C:\\models\\a: b.h5",
];

/// A key with a text in the place of every placeholder.
fn filled(key: &str, with: &str) -> String {
    let mut filled = String::new();
    let mut rest = key;
    while let Some((before, behind)) = rest.split_once('{') {
        filled.push_str(before);
        let inside = behind.split_once('}').filter(|(inside, _)| {
            let is_name = |letter: char| letter.is_ascii_lowercase() || "_:".contains(letter);
            !inside.is_empty() && inside.chars().all(is_name)
        });
        rest = match inside {
            Some((inside, behind)) => {
                filled.push_str(&match inside.split_once(':') {
                    Some((_, "quoted")) => format!("`{with}`"),
                    Some((_, "number")) => "5".to_owned(),
                    Some((_, "word")) => "is".to_owned(),
                    _ => with.to_owned(),
                });
                behind
            }
            None => {
                filled.push('{');
                behind
            }
        };
    }
    filled + rest
}

/// Whatever a message says of a name, the name is in what comes out as often as it was.
#[test]
fn names_are_neither_lost_nor_changed() {
    for (key, translation) in Japanese.entries() {
        for name in NAMES {
            let english = filled(key, name);
            let shown = Japanese.text(&english);
            if *shown == *english || !english.contains(name) {
                continue;
            }
            // A name that reads like a message may be translated in the place of one.
            let is_message = name != Japanese.text(name) || key.contains(":message}");
            let kept = shown.matches(name).count() > 0;
            assert!(
                kept || is_message,
                "{name:?} in {english:?} became {shown:?} by {translation:?}"
            );
        }
    }
}

/// Nothing in these makes the work grow faster than the text; they would take minutes otherwise.
#[test]
fn long_and_repetitive_texts_are_passed_quickly() {
    let pieces = [
        "`",
        "``a",
        "\"",
        "`a`, ",
        ": ",
        " is ",
        " or `",
        "1",
        "; did you mean `",
        " and 1 more",
        "{",
        "has a ",
        "images in ",
    ];
    for piece in pieces {
        for (before, behind) in [
            ("", ""),
            ("`x` is ", "; change the value"),
            ("a: ", " (and 1 more)"),
        ] {
            for length in [100, 4_000, 100_000] {
                let text = format!("{before}{}{behind}", piece.repeat(length / piece.len()));
                let shown = Japanese.text(&text);
                assert!(shown.len() >= text.len() / 2);
                let _ = Japanese.markdown(text);
            }
        }
    }
}

/// A text that is a little of every message has hundreds of templates that may fit at each depth.
#[test]
fn mixtures_of_all_messages_are_passed_quickly() {
    let all: Vec<char> = Japanese
        .entries()
        .flat_map(|(key, _)| key.chars())
        .collect();
    for part in all.chunks(1000) {
        let text: String = part.iter().collect();
        let _ = Japanese.text(&text);
    }
}

/// A message in a message in a message ends somewhere.
#[test]
fn nesting_ends() {
    let deep = "a: ".repeat(2_000) + "the file is empty; save the model again";
    assert_eq!(Japanese.text(&deep), deep);
}
