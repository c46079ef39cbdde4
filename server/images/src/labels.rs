//! Label files: which class each output of a classifier stands for.

use std::collections::HashMap;
use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use localization::Message;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use thiserror::Error;

/// The classes of a model, by id: the position in the model's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    names: Vec<String>,
    ids: HashMap<String, usize>,
}

impl Labels {
    /// The largest label file that is read, in bytes.
    pub const MAX_FILE_BYTES: u64 = 16 << 20;

    /// Reads a label file: a JSON object of class name to id, such as
    /// `{"daisy": 0, "dandelion": 1}`. Every id from zero up is there exactly once, in any order.
    ///
    /// # Errors
    /// When the file cannot be read, is too large, is no such object, has no class, or a name or
    /// an id is missing, doubled or not a whole number from zero.
    pub fn read(path: &Path) -> Result<Self, LabelError> {
        let wrong = |problem| LabelError {
            path: path.into(),
            problem,
        };
        let text = read(path).map_err(wrong)?;
        Self::parse(&text).map_err(wrong)
    }

    fn parse(text: &[u8]) -> Result<Self, LabelProblem> {
        // Editors on Windows like to start a UTF-8 file with a byte order mark.
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let Entries(entries) =
            serde_json::from_slice(text).map_err(|error| match error.classify() {
                serde_json::error::Category::Data => LabelProblem::NotAnObject,
                _ => LabelProblem::Json(error.to_string()),
            })?;
        if entries.is_empty() {
            return Err(LabelProblem::Empty);
        }
        let mut ids = HashMap::with_capacity(entries.len());
        let mut names: Vec<Option<String>> = vec![None; entries.len()];
        for (name, value) in entries {
            let id = id(&name, &value)?;
            if name.is_empty() {
                return Err(LabelProblem::EmptyName { id });
            }
            let count = names.len();
            let slot = names
                .get_mut(id)
                .ok_or_else(|| LabelProblem::IdBeyondCount {
                    name: name.clone(),
                    id,
                    count,
                })?;
            if ids.insert(name.clone(), id).is_some() {
                return Err(LabelProblem::DuplicateName { name });
            }
            if let Some(first) = slot.replace(name.clone()) {
                return Err(LabelProblem::DuplicateId {
                    id,
                    first,
                    second: name,
                });
            }
        }
        // As many distinct ids below the count as there are entries: none is missing.
        let names = names.into_iter().flatten().collect();
        Ok(Self { names, ids })
    }

    /// How many classes there are; at least one.
    #[expect(clippy::len_without_is_empty, reason = "there is at least one class")]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// The names of the classes; the index is the id.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The id of a class, by its exact name.
    pub fn id(&self, name: &str) -> Option<usize> {
        self.ids.get(name).copied()
    }
}

/// What is wrong with a label file.
#[derive(Debug, Error, Message)]
#[error("label file {path} {problem}", path = path.display())]
pub struct LabelError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: LabelProblem,
}

/// What is wrong with a label file, as the rest of a sentence that began with its name.
#[derive(Debug, Error, Message)]
#[non_exhaustive]
pub enum LabelProblem {
    /// The file could not be opened or read.
    #[error("cannot be read: {0}")]
    Unreadable(std::io::Error),
    /// A folder, a pipe or a device.
    #[error("is not a regular file")]
    NotAFile,
    /// More than [`Labels::MAX_FILE_BYTES`].
    #[error("is larger than {limit} bytes, the most that is read", limit = Labels::MAX_FILE_BYTES)]
    TooLarge,
    /// The file is not JSON.
    #[error("is not valid JSON: {0}")]
    Json(String),
    /// The file is JSON, but not an object.
    #[error("must be a JSON object of class names and ids, such as {{\"daisy\": 0, \"roses\": 1}}")]
    NotAnObject,
    /// The object has no entry.
    #[error("names no class; write one entry a class, such as {{\"daisy\": 0, \"roses\": 1}}")]
    Empty,
    /// A class without a name.
    #[error("has an empty class name with id {id}; a class needs a name")]
    EmptyName {
        /// Its id.
        id: usize,
    },
    /// An id that is not a whole number from zero.
    #[error("gives \"{name}\" the id {value}; ids are whole numbers from 0")]
    NotAnId {
        /// The class.
        name: String,
        /// What stands there, shortened.
        value: String,
    },
    /// A class that is named twice.
    #[error("names \"{name}\" twice; keep one of the two")]
    DuplicateName {
        /// The class.
        name: String,
    },
    /// Two classes with one id.
    #[error("gives the id {id} to both \"{first}\" and \"{second}\"; each class needs its own")]
    DuplicateId {
        /// The id.
        id: usize,
        /// The class that has it first.
        first: String,
        /// The class that has it again.
        second: String,
    },
    /// An id at or above the number of classes, so that another is missing.
    #[error(
        "gives \"{name}\" the id {id}, but with {count} classes ids go from 0 to {most}",
        most = count - 1
    )]
    IdBeyondCount {
        /// The class.
        name: String,
        /// Its id.
        id: usize,
        /// How many classes there are.
        count: usize,
    },
}

fn read(path: &Path) -> Result<Vec<u8>, LabelProblem> {
    let metadata = fs::metadata(path).map_err(LabelProblem::Unreadable)?;
    if !metadata.is_file() {
        return Err(LabelProblem::NotAFile);
    }
    let mut text = Vec::new();
    File::open(path)
        .and_then(|file| file.take(Labels::MAX_FILE_BYTES + 1).read_to_end(&mut text))
        .map_err(LabelProblem::Unreadable)?;
    if text.len() as u64 > Labels::MAX_FILE_BYTES {
        return Err(LabelProblem::TooLarge);
    }
    Ok(text)
}

fn id(name: &str, value: &Value) -> Result<usize, LabelProblem> {
    value
        .as_u64()
        .and_then(|id| usize::try_from(id).ok())
        .ok_or_else(|| LabelProblem::NotAnId {
            name: name.to_owned(),
            value: match value {
                Value::Array(_) => "[…]".to_owned(),
                Value::Object(_) => "{…}".to_owned(),
                other => other.to_string().chars().take(40).collect(),
            },
        })
}

/// The entries of an object in their order, doubled keys included, which a map would lose.
struct Entries(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of class names and ids")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_by_id() {
        let check = |text: &str, expected: &[&str]| {
            let labels = Labels::parse(text.as_bytes()).unwrap();
            assert_eq!(labels.names(), expected);
            assert_eq!(labels.len(), expected.len());
            for (id, name) in expected.iter().enumerate() {
                assert_eq!(labels.id(name), Some(id));
            }
            assert_eq!(labels.id("Daisy"), None);
        };
        check(
            r#"{"daisy": 0, "dandelion": 1, "roses": 2}"#,
            &["daisy", "dandelion", "roses"],
        );
        check(r#"{"b": 1, "a": 0}"#, &["a", "b"]);
        check("\u{feff}{\"gänseblümchen\": 0}", &["gänseblümchen"]);
    }

    #[test]
    fn names_what_is_wrong() {
        let check = |text: &str, expected: &str| {
            let problem = Labels::parse(text.as_bytes()).unwrap_err().to_string();
            assert_eq!(problem, expected, "{text}");
        };
        check(
            r#"{"a": 0, "a": 1}"#,
            "names \"a\" twice; keep one of the two",
        );
        check(
            r#"{"a": 0, "b": 0}"#,
            "gives the id 0 to both \"a\" and \"b\"; each class needs its own",
        );
        check(
            r#"{"a": 0, "b": 2}"#,
            "gives \"b\" the id 2, but with 2 classes ids go from 0 to 1",
        );
        check(
            r#"{"a": 18446744073709551615}"#,
            "gives \"a\" the id 18446744073709551615, but with 1 classes ids go from 0 to 0",
        );
        for (value, shown) in [
            ("-1", "-1"),
            ("1.5", "1.5"),
            ("0.0", "0.0"),
            ("1e99", "1e+99"),
            ("\"0\"", "\"0\""),
            ("null", "null"),
            ("[0]", "[…]"),
            ("{}", "{…}"),
        ] {
            check(
                &format!("{{\"a\": {value}}}"),
                &format!("gives \"a\" the id {shown}; ids are whole numbers from 0"),
            );
        }
        let object =
            "must be a JSON object of class names and ids, such as {\"daisy\": 0, \"roses\": 1}";
        check(r#"["daisy", "roses"]"#, object);
        check("3", object);
        check(
            "{}",
            "names no class; write one entry a class, such as {\"daisy\": 0, \"roses\": 1}",
        );
        check(
            r#"{"": 0}"#,
            "has an empty class name with id 0; a class needs a name",
        );
        check(
            r#"{"a": 0"#,
            "is not valid JSON: EOF while parsing an object at line 1 column 7",
        );
        check(
            r#"{"a": 0} x"#,
            "is not valid JSON: trailing characters at line 1 column 10",
        );
        let deep = format!("{{\"a\": {}", "[".repeat(100_000));
        assert!(Labels::parse(deep.as_bytes()).is_err());
        assert!(Labels::parse(b"{\"\xff\": 0}").is_err());
    }

    #[test]
    fn refuses_what_is_no_small_file() {
        let folder = tempfile::tempdir().unwrap();
        let check = |path: &Path, expected: &str| {
            let message = Labels::read(path).unwrap_err().to_string();
            let start = format!("label file {} {expected}", path.display());
            assert!(message.starts_with(&start), "{message}");
        };
        check(folder.path(), "is not a regular file");
        check(&folder.path().join("none.json"), "cannot be read: ");
        let large = folder.path().join("large.json");
        fs::File::create(&large)
            .and_then(|file| file.set_len(Labels::MAX_FILE_BYTES + 1))
            .unwrap();
        check(&large, "is larger than 16777216 bytes");
    }
}
