use std::ffi::OsStr;

use localization::{Message, Text, text};

use super::DatasetError;

/// Which file names count as pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extensions(Match);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Match {
    Jpeg,
    /// With the leading dot.
    Exactly(String),
}

impl Extensions {
    /// `.jpg` and `.jpeg` in upper, lower or mixed case: what calibration reads.
    pub fn jpeg() -> Self {
        Self(Match::Jpeg)
    }

    /// Exactly this extension, in this case, with or without its leading dot: what
    /// `evaluate_image_extension` asks for.
    ///
    /// # Errors
    /// When it is empty or contains a path separator or a control character.
    pub fn exactly(extension: &str) -> Result<Self, DatasetError> {
        let bare = extension.strip_prefix('.').unwrap_or(extension);
        let forbidden = |c: char| matches!(c, '/' | '\\' | '*' | '?') || c.is_control();
        if bare.is_empty() || bare.starts_with('.') || bare.contains(forbidden) {
            return Err(DatasetError::Extension {
                extension: extension.escape_debug().to_string(),
            });
        }
        Ok(Self(Match::Exactly(format!(".{bare}"))))
    }

    /// Whether a file of this name counts. A name that is nothing but the extension does not.
    pub fn matches(&self, file_name: &OsStr) -> bool {
        let name = file_name.as_encoded_bytes();
        let ends_with = |extension: &str, ignore_case: bool| {
            let Some(start) = name.len().checked_sub(extension.len()).filter(|&s| s > 0) else {
                return false;
            };
            match &name[start..] {
                end if ignore_case => end.eq_ignore_ascii_case(extension.as_bytes()),
                end => end == extension.as_bytes(),
            }
        };
        match &self.0 {
            Match::Jpeg => ends_with(".jpg", true) || ends_with(".jpeg", true),
            Match::Exactly(extension) => ends_with(extension, false),
        }
    }
}

impl Message for Extensions {
    fn text(&self) -> Text {
        match &self.0 {
            Match::Jpeg => text!(".jpg or .jpeg"),
            Match::Exactly(extension) => Text::verbatim(extension),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names() {
        let check = |extensions: &Extensions, name: &str, expected: bool| {
            assert_eq!(extensions.matches(OsStr::new(name)), expected, "{name}");
        };
        let jpeg = Extensions::jpeg();
        for name in ["a.jpg", "a.JPG", "a.b.Jpeg", "ä.jpeg"] {
            check(&jpeg, name, true);
        }
        for name in [".jpg", "jpg", "a.jpgx", "a.png", "a.jpg.txt", ""] {
            check(&jpeg, name, false);
        }
        for extension in [".JPG", "JPG"] {
            let exactly = Extensions::exactly(extension).unwrap();
            assert_eq!(exactly.text(), ".JPG");
            check(&exactly, "a.JPG", true);
            check(&exactly, "a.jpg", false);
            check(&exactly, "aJPG", false);
        }
    }

    #[test]
    fn extensions_must_be_extensions() {
        for extension in ["", ".", "..", "..jpg", "a/b", "*.jpg", "a\nb"] {
            assert!(Extensions::exactly(extension).is_err(), "{extension:?}");
        }
    }
}
