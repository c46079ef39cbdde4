//! A configuration as text and tree.

use crate::code::Stage;
use crate::finding::Finding;
use crate::paths;
use crate::role::PathRole;
use crate::settings::Settings;
use crate::syntax::{Node, Parsed, SyntaxError, parse};
use crate::target::is_file;
use crate::text::TextRange;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Keys that no other program's configuration is likely to have.
const DISTINCTIVE_KEYS: [&str; 7] = [
    "source_keras_model",
    "dataset_image_dir",
    "input_tensor_size",
    "evaluate_image_dir",
    "evaluate_image_extension",
    "evaluate_label_file",
    "evaluate_result_dir",
];

/// What configurations are called as a rule.
const NAME: &str = "configuration.json";

/// What `$schema` says in a configuration of this program.
const SCHEMA_NAMES: [&str; 2] = [
    "configuration.schema.json",
    "urn:model-quantizer:configuration",
];

/// The text of a configuration and the tree of what could be understood of it. Clones share both.
#[derive(Clone, Debug)]
pub struct Document {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    text: String,
    parsed: Parsed,
    file: PathBuf,
}

/// A path that a configuration names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// The key that it stands under.
    pub key: &'static str,
    /// What it is for.
    pub role: PathRole,
    /// The value, quotes included.
    pub range: TextRange,
    /// The path itself, absolute.
    pub path: PathBuf,
}

impl Document {
    /// Reads `text` as the content of `file`, an absolute path. Relative paths in the text start
    /// at the folder of the file.
    pub fn new(text: String, file: &Path) -> Document {
        let parsed = parse(&text);
        Document {
            inner: Arc::new(Inner {
                text,
                parsed,
                file: file.to_owned(),
            }),
        }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.inner.text
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.inner.file
    }

    /// The folder at which relative paths start.
    pub fn folder(&self) -> &Path {
        self.inner.file.parent().unwrap_or(Path::new(""))
    }

    /// The tree; `None` where the text has no value at all.
    pub fn root(&self) -> Option<&Node> {
        self.inner.parsed.root.as_ref()
    }

    /// Whether the text is a configuration of this program: it has a key that only this program
    /// knows, or names its schema. Broken text counts too, as far as it can be understood, and so
    /// does a `configuration.json` without any text, which is of use to no program.
    pub fn is_ours(&self) -> bool {
        if self.text().is_empty() {
            return self.file().file_name().is_some_and(|name| name == NAME);
        }
        let object = self.root().and_then(Node::as_object);
        object.is_some_and(|object| {
            object.members.iter().any(|member| {
                let name = member.key.name.as_str();
                let schema = || member.value.as_ref().and_then(Node::as_str);
                DISTINCTIVE_KEYS.contains(&name)
                    || (name == "$schema"
                        && schema().is_some_and(|schema| {
                            SCHEMA_NAMES.iter().any(|name| schema.ends_with(name))
                        }))
            })
        })
    }

    /// What could not be understood of the text.
    pub(crate) fn errors(&self) -> &[SyntaxError] {
        &self.inner.parsed.errors
    }

    /// The settings, where the text and the schema leave no doubt about them.
    pub(crate) fn settings(&self, findings: &[Finding]) -> Option<Settings> {
        let unsound = |finding: &Finding| finding.is_error() && finding.code.stage() != Stage::Disk;
        if findings.iter().any(unsound) {
            return None;
        }
        Settings::of(self.root()?, self.folder())
    }

    /// The files and folders that the configuration names, in the order of the text.
    pub fn mentions(&self) -> Vec<Mention> {
        let members = self.root().and_then(Node::as_object);
        let mut mentions: Vec<Mention> = PathRole::KEYS
            .iter()
            .filter_map(|&(key, role)| {
                let value = members?.member(key)?.value.as_ref()?;
                let written = value.as_str().filter(|text| match role {
                    PathRole::Target => is_file(text),
                    _ => !text.is_empty(),
                })?;
                Some(Mention {
                    key,
                    role,
                    range: value.range,
                    path: paths::absolute(self.folder(), written),
                })
            })
            .collect();
        mentions.sort_by_key(|mention| mention.range);
        mentions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_files() {
        let check = |text: &str, expected: bool| {
            let document = Document::new(text.to_owned(), Path::new("/p/configuration.json"));
            assert_eq!(document.is_ours(), expected, "{text}");
        };
        check(r#"{"source_keras_model": "m.h5"}"#, true);
        check(r#"{"batch_size": 1, "dataset_image_dir"#, true);
        check(
            r#"{"$schema": "../schemas/configuration.schema.json"}"#,
            true,
        );
        check(
            r#"{"batch_size": 1, "output_dir": "out", "target": "es5"}"#,
            false,
        );
        check(r#"{"other": {"source_keras_model": 1}}"#, false);
        check(r#"["source_keras_model"]"#, false);
        check(" ", false);
        check("", true);
        let other = Document::new(String::new(), Path::new("/p/settings.json"));
        assert!(!other.is_ours());
    }

    #[test]
    fn distinctive_keys_are_keys() {
        for key in DISTINCTIVE_KEYS {
            assert!(crate::key_help(&[key]).is_some(), "{key}");
        }
    }

    #[test]
    fn mentioned_paths() {
        let text = r#"{"output_dir": "../out", "source_keras_model": "m.h5", "batch_size": 1, "evaluate_image_dir": "", "target": "mine.json"}"#;
        let document = Document::new(text.to_owned(), Path::new("/p/configuration.json"));
        let mentions = document.mentions();
        let found: Vec<_> = mentions
            .iter()
            .map(|mention| (mention.key, mention.range.of(text), mention.path.as_path()))
            .collect();
        assert_eq!(
            found,
            [
                ("output_dir", "\"../out\"", Path::new("/p/../out")),
                ("source_keras_model", "\"m.h5\"", Path::new("/p/m.h5")),
                ("target", "\"mine.json\"", Path::new("/p/mine.json")),
            ]
        );
    }
}
