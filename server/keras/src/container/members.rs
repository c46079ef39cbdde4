use std::fs::File;
use std::path::{Path, PathBuf};

use localization::{Text, text};

use super::section::Section;
use super::zip::Archive;
use crate::error::ErrorKind;

/// The files that make up a model in the .keras format.
pub(super) enum Members {
    /// Members of a zip archive.
    Archive(Archive),
    /// Files in a folder, as Keras 3 writes them with `save(.., zipped=False)`.
    Folder(PathBuf),
}

impl Members {
    pub(super) fn contains(&self, name: &str) -> bool {
        match self {
            Self::Archive(archive) => archive.contains(name),
            Self::Folder(folder) => folder.join(name).is_file(),
        }
    }

    /// Reads a text of at most `most` bytes.
    pub(super) fn text(&self, name: &str, most: u64) -> Result<String, ErrorKind> {
        let contents = self.contents(name, most)?;
        let mut bytes = vec![0; usize::try_from(contents.length()).unwrap_or(0)];
        contents.read_exact_at(0, &mut bytes)?;
        String::from_utf8(bytes).map_err(|_| ErrorKind::InvalidConfiguration {
            place: Text::verbatim(name),
            problem: text!("it is not UTF-8 text"),
        })
    }

    /// The contents of a member of at most `most` bytes.
    pub(super) fn contents(&self, name: &str, most: u64) -> Result<Section, ErrorKind> {
        match self {
            Self::Archive(archive) => archive.contents(name, most),
            Self::Folder(folder) => file(&folder.join(name), name, most),
        }
    }
}

fn file(path: &Path, name: &str, most: u64) -> Result<Section, ErrorKind> {
    if !path.is_file() {
        return Err(ErrorKind::MissingMember(name.to_owned()));
    }
    let contents = Section::file(File::open(path)?)?;
    match contents.length() {
        length if length > most => Err(ErrorKind::Limit {
            what: text!("\"{name}\" of {length} bytes"),
            limit: text!("{count} bytes", count = most),
        }),
        _ => Ok(contents),
    }
}
