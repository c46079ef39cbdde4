//! All entries of a language, found by the texts that are their instances.

use crate::literal;
use crate::spacing::join;
use crate::template::{Kind, Piece, Template};
use aho_corasick::AhoCorasick;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Messages inside messages are translated down to here.
const DEEPEST: usize = 6;

/// Longer texts, in bytes, stay as they are: nobody reads them, and they take time.
const LONGEST: usize = 4 * 1024;

/// So many templates are compared with a text and the messages in it, then it stays as it is.
const MOST_COMPARED: usize = 400;

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

/// What is known while one text is translated.
struct Attempt<'a> {
    /// Messages in it that were tried already, since several templates may find the same ones.
    known: HashMap<&'a str, Option<Translated>>,
    /// How many more templates may be compared.
    left: usize,
}

/// A text in the language.
#[derive(Clone, Debug)]
pub(crate) struct Translated {
    pub(crate) text: String,
    /// Length in bytes of the messages in it that have no translation.
    pub(crate) untranslated: usize,
    /// The same of everything in it that is as it was: these messages, names and numbers.
    kept: usize,
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
            None => self.instance(text, 0, &mut Attempt::new())?.0,
        };
        self.entries.get(position).map(|(key, _)| key.as_str())
    }

    /// The text in the language; `None` where it has no translation.
    pub(crate) fn translate(&self, text: &str) -> Option<Translated> {
        if text.len() > LONGEST {
            return None;
        }
        self.at_depth(text, 0, &mut Attempt::new())
    }

    fn at_depth<'a>(
        &self,
        text: &'a str,
        depth: usize,
        attempt: &mut Attempt<'a>,
    ) -> Option<Translated> {
        if depth > DEEPEST {
            return None;
        }
        if let Some((_, translation)) = self.exact.get(text) {
            return Some(Translated {
                text: translation.clone(),
                untranslated: 0,
                kept: 0,
            });
        }
        if let Some(known) = attempt.known.get(text) {
            return known.clone();
        }
        let translated = match literal::list(text) {
            Some(list) => self.list(&list),
            None => {
                let found = self.instance(text, depth, attempt);
                found.map(|(_, rendered)| rendered)
            }
        };
        attempt.known.insert(text, translated.clone());
        translated
    }

    /// The translation of a template, with what `insert` adds for each placeholder.
    fn render(
        template: &Template,
        mut insert: impl FnMut(usize, Kind, &mut Translated),
    ) -> Translated {
        let mut translated = Translated {
            text: String::new(),
            untranslated: 0,
            kept: 0,
        };
        for piece in template.translation() {
            match piece {
                Piece::Literal(literal) => join(&mut translated.text, literal),
                Piece::Capture(position) => {
                    insert(*position, template.kind(*position), &mut translated);
                }
            }
        }
        translated
    }

    /// Names in a sentence. The last one is joined as where there are only two.
    fn list(&self, list: &literal::List<'_>) -> Option<Translated> {
        let (last, first) = list.names.split_last()?;
        let (key, joined, last) = match (list.more, list.is_choice) {
            (Some(more), _) => ("{names:quoted} and {count:number} more", &*list.names, more),
            (None, true) => ("{names:quoted} or {last:quoted}", first, *last),
            (None, false) => ("{names:quoted} and {last:quoted}", first, *last),
        };
        let entry = self.entries.iter().position(|(known, _)| known == key)?;
        let (template, _) = self.templates.iter().find(|(_, at)| *at == entry)?;
        let (_, comma) = self.exact.get(", ")?;
        let joined = joined.join(comma);
        Some(Catalogue::render(template, |position, _, whole| {
            whole
                .text
                .push_str(if position == 0 { &joined } else { last });
        }))
    }

    /// The translation by the best of the templates that a text is an instance of, with the
    /// template's position among the entries.
    fn instance<'a>(
        &self,
        text: &'a str,
        depth: usize,
        attempt: &mut Attempt<'a>,
    ) -> Option<(usize, Translated)> {
        let mut possible = vec![false; self.templates.len()];
        for found in self.anchors.find_overlapping_iter(text) {
            for position in self.anchored.get(found.pattern().as_usize())? {
                *possible.get_mut(*position)? = true;
            }
        }
        let mut best: Option<(Rank, (usize, Translated))> = None;
        let candidates = self.templates.iter().zip(possible);
        for ((template, position), _) in candidates.filter(|(_, possible)| *possible) {
            attempt.left = attempt.left.checked_sub(1)?;
            let Some(captures) = template.captures(text) else {
                continue;
            };
            let rendered = Catalogue::render(template, |position, kind, whole| {
                let capture = captures.get(position).copied().unwrap_or_default();
                match kind {
                    Kind::Message | Kind::Clause => {
                        self.insert(capture, depth + 1, attempt, whole);
                    }
                    Kind::Text | Kind::Quoted | Kind::Number | Kind::Word => {
                        join(&mut whole.text, capture);
                        whole.kept += capture.len();
                    }
                }
            });
            let (own, untranslated) = (template.weight(), rendered.untranslated);
            let is_weak = own < DISTINCT;
            if untranslated > 0 && (is_weak || untranslated > MOSTLY * own) {
                continue;
            }
            let rank = Rank(
                untranslated,
                is_weak,
                rendered.kept,
                template.begins(&captures),
            );
            if best.as_ref().is_none_or(|(least, _)| rank < *least) {
                best = Some((rank, (*position, rendered)));
            }
        }
        best.map(|(_, found)| found)
    }

    /// Adds a message inside a message.
    fn insert<'a>(
        &self,
        message: &'a str,
        depth: usize,
        attempt: &mut Attempt<'a>,
        whole: &mut Translated,
    ) {
        match self.at_depth(message, depth, attempt) {
            Some(inner) => {
                join(&mut whole.text, &inner.text);
                whole.untranslated += inner.untranslated;
                whole.kept += inner.kept;
            }
            None => {
                join(&mut whole.text, message);
                whole.kept += message.len();
                if !literal::is_one(message) {
                    whole.untranslated += message.len();
                }
            }
        }
    }
}

/// How good a reading of a text is, the best one first: it leaves least untranslated, its template has
/// enough text of its own, it leaves least as it is, and has its own text first, so that it is that of
/// the sentence rather than of a message in it.
#[derive(PartialEq, PartialOrd)]
struct Rank(usize, bool, usize, usize);

impl Attempt<'_> {
    fn new() -> Self {
        Attempt {
            known: HashMap::new(),
            left: MOST_COMPARED,
        }
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
