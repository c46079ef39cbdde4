//! All entries of a language, found by the texts that are their instances.

use crate::literal;
use crate::template::{Kind, Piece, Template};
use aho_corasick::AhoCorasick;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Messages inside messages are translated down to here.
const DEEPEST: usize = 6;

/// Longer texts, in bytes, stay as they are: nobody reads them, and they take time.
const LONGEST: usize = 8 * 1024;

/// A template with less text of its own, in bytes, is found in any text by chance. It counts only
/// where everything else is translated too.
const DISTINCT: usize = 12;

/// Nor does it count where so many times its own text stays English.
const MOSTLY: usize = 3;

/// A language.
#[derive(Debug)]
pub(crate) struct Catalogue {
    entries: Vec<(String, String)>,
    /// The entries without placeholders, by their text: the position among the entries, and the
    /// translation.
    exact: HashMap<String, (usize, String)>,
    /// The others, those with the most text of their own first, each with its position.
    templates: Vec<(Template, usize)>,
    /// Finds the anchors of templates in a text.
    anchors: AhoCorasick,
    /// The templates of each anchor.
    anchored: Vec<Vec<usize>>,
}

/// A text in the language.
#[derive(Debug)]
pub(crate) struct Translated {
    pub(crate) text: String,
    /// Length in bytes of the messages in it that have no translation.
    pub(crate) untranslated: usize,
}

impl Catalogue {
    /// Reads a JSON object with English texts as keys and their translations as values.
    ///
    /// # Errors
    /// What is wrong with which entry.
    pub(crate) fn read(json: &str) -> Result<Catalogue, String> {
        let object: Map<String, Value> =
            serde_json::from_str(json).map_err(|error| error.to_string())?;
        let mut entries = Vec::new();
        for (key, translation) in object {
            match translation {
                Value::String(translation) => entries.push((key, translation)),
                other => return Err(format!("{other} for {key:?}")),
            }
        }
        let mut exact = HashMap::new();
        let mut templates = Vec::new();
        for (position, (key, translation)) in entries.iter().enumerate() {
            let template = Template::read(key, translation)?;
            if template.captures(key).is_some_and(|found| found.is_empty()) {
                exact.insert(key.clone(), (position, translation.clone()));
                if let Some((phrase, translation)) = phrase(key, translation) {
                    exact.entry(phrase).or_insert((position, translation));
                }
            } else {
                templates.push((template, position));
            }
        }
        templates.sort_by_key(|(template, _)| std::cmp::Reverse(template.weight()));
        let mut texts: Vec<String> = Vec::new();
        let mut anchored: Vec<Vec<usize>> = Vec::new();
        for (position, (template, _)) in templates.iter().enumerate() {
            let anchor = template.anchor();
            match texts.iter().position(|text| text == anchor) {
                Some(known) => anchored.get_mut(known).into_iter().for_each(|positions| {
                    positions.push(position);
                }),
                None => {
                    texts.push(anchor.to_owned());
                    anchored.push(vec![position]);
                }
            }
        }
        let anchors = AhoCorasick::new(&texts).map_err(|error| error.to_string())?;
        Ok(Catalogue {
            entries,
            exact,
            templates,
            anchors,
            anchored,
        })
    }

    /// The texts and their translations.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        let entries = self.entries.iter();
        entries.map(|(key, translation)| (key.as_str(), translation.as_str()))
    }

    /// The key that a text is an instance of.
    pub(crate) fn key_of(&self, text: &str) -> Option<&str> {
        let position = match self.exact.get(text) {
            Some((position, _)) => *position,
            None => self.instance(text, 0)?.0,
        };
        self.entries.get(position).map(|(key, _)| key.as_str())
    }

    /// The text in the language; `None` where it has no translation.
    pub(crate) fn translate(&self, text: &str) -> Option<Translated> {
        self.at_depth(text, 0)
    }

    fn at_depth(&self, text: &str, depth: usize) -> Option<Translated> {
        if depth > DEEPEST || text.len() > LONGEST {
            return None;
        }
        if let Some((_, translation)) = self.exact.get(text) {
            return Some(Translated {
                text: translation.clone(),
                untranslated: 0,
            });
        }
        if let Some(list) = literal::list(text) {
            return self.list(&list, depth);
        }
        self.instance(text, depth).map(|(_, rendered)| rendered)
    }

    /// The translation of a template with what its placeholders stand for.
    fn render(&self, template: &Template, captures: &[&str], depth: usize) -> Translated {
        let mut translated = Translated {
            text: String::new(),
            untranslated: 0,
        };
        for piece in template.translation() {
            match piece {
                Piece::Literal(literal) => translated.text.push_str(literal),
                Piece::Capture(position) => {
                    let capture = captures.get(*position).copied().unwrap_or_default();
                    match template.kind(*position) {
                        Kind::Message | Kind::Clause => {
                            self.insert(capture, depth + 1, &mut translated);
                        }
                        Kind::Text | Kind::Quoted | Kind::Number | Kind::Word => {
                            translated.text.push_str(capture);
                        }
                    }
                }
            }
        }
        translated
    }

    /// Adds a message inside a message.
    fn insert(&self, message: &str, depth: usize, whole: &mut Translated) {
        match self.at_depth(message, depth) {
            Some(inner) => {
                whole.text.push_str(&inner.text);
                whole.untranslated += inner.untranslated;
            }
            None => {
                whole.text.push_str(message);
                if !literal::is_one(message) {
                    whole.untranslated += message.len();
                }
            }
        }
    }

    /// Names in a sentence. The last one is joined as where there are only two.
    fn list(&self, list: &literal::List<'_>, depth: usize) -> Option<Translated> {
        let (last, first) = list.names.split_last()?;
        let (key, joined, last) = match (list.more, list.is_choice) {
            (Some(more), _) => ("{names:quoted} and {count:number} more", &*list.names, more),
            (None, true) => ("{names:quoted} or {last:quoted}", first, *last),
            (None, false) => ("{names:quoted} and {last:quoted}", first, *last),
        };
        let entry = self.entries.iter().position(|(known, _)| known == key)?;
        let (template, _) = self.templates.iter().find(|(_, at)| *at == entry)?;
        let (_, comma) = self.exact.get(", ")?;
        Some(self.render(template, &[&joined.join(comma), last], depth))
    }

    /// The translation by the template with the most text of its own that a text is an instance
    /// of, with the template's position among the entries.
    fn instance(&self, text: &str, depth: usize) -> Option<(usize, Translated)> {
        let mut possible = vec![false; self.templates.len()];
        for found in self.anchors.find_overlapping_iter(text) {
            for position in self.anchored.get(found.pattern().as_usize())? {
                *possible.get_mut(*position)? = true;
            }
        }
        let candidates = self.templates.iter().zip(possible);
        candidates
            .filter(|(_, possible)| *possible)
            .find_map(|((template, position), _)| {
                let rendered = self.render(template, &template.captures(text)?, depth);
                let (own, untranslated) = (template.weight(), rendered.untranslated);
                let counts = untranslated == 0 || own >= DISTINCT && untranslated <= MOSTLY * own;
                counts.then_some((*position, rendered))
            })
    }
}

/// A sentence inside another: with a small letter at its start unless it is an abbreviation, and
/// without the full stop.
fn phrase(sentence: &str, translation: &str) -> Option<(String, String)> {
    let phrase = sentence.strip_suffix('.')?;
    let translation = translation.strip_suffix('。').unwrap_or(translation);
    let mut letters = phrase.chars();
    let first = letters.next()?;
    let phrase = match letters.clone().next() {
        Some(second) if second.is_lowercase() => first.to_lowercase().chain(letters).collect(),
        _ => phrase.to_owned(),
    };
    Some((phrase, translation.to_owned()))
}
