//! The configuration that `init` writes.

use crate::schema::keys;
use serde_json::Value;
use std::fs::{File, OpenOptions, symlink_metadata};
use std::io::{self, ErrorKind, Read as _, Seek as _, Write as _};
use std::path::Path;

/// A configuration with the ten required keys at their proposed values, each below a comment that
/// says what it means. It satisfies the schema; the paths in it have to be filled in.
pub fn starting_configuration() -> String {
    let members: Vec<String> = keys(&[])
        .into_iter()
        .filter(|help| help.required)
        .map(|help| {
            let comment = Value::from(format!("{}: {}", help.title, help.description));
            let value = help.default.unwrap_or_else(|| "null".to_owned());
            format!("  \"// {0}\": {comment},\n  \"{0}\": {value}", help.key)
        })
        .collect();
    format!("{{\n{}\n}}\n", members.join(",\n\n"))
}

/// Writes a starting configuration to `path`: where nothing is, or into a file with nothing but white
/// space.
///
/// # Errors
/// `AlreadyExists` where anything else is, a link included; else what the system says.
pub fn write_starting_configuration(path: &Path) -> io::Result<()> {
    let text = starting_configuration();
    let mut file = match OpenOptions::new().write(true).create_new(true).open(path) {
        Err(exists) if exists.kind() == ErrorKind::AlreadyExists => {
            empty_file(path)?.ok_or(exists)?
        }
        created => created?,
    };
    file.write_all(text.as_bytes())?;
    file.set_len(text.len() as u64)
}

/// The file, where white space is all that it has. It is read through the handle that is written, so
/// that no other file gets in between.
fn empty_file(path: &Path) -> io::Result<Option<File>> {
    /// More white space, in bytes, is not looked through.
    const LONGEST: u64 = 64 * 1024;
    if !symlink_metadata(path)?.is_file() {
        return Ok(None);
    }
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut bytes = Vec::new();
    (&file).take(LONGEST + 1).read_to_end(&mut bytes)?;
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
    let is_empty = bytes.len() as u64 <= LONGEST && text.trim_ascii().is_empty();
    file.rewind()?;
    Ok(is_empty.then_some(file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn only_empty_files_are_filled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("configuration.json");
        let check = |before: &[u8], is_filled: bool| {
            fs::write(&path, before).unwrap();
            let written = write_starting_configuration(&path);
            let after = fs::read(&path).unwrap();
            if is_filled {
                written.unwrap();
                assert_eq!(after, starting_configuration().as_bytes(), "{before:?}");
            } else {
                let kind = written.unwrap_err().kind();
                assert_eq!(kind, ErrorKind::AlreadyExists, "{before:?}");
                assert_eq!(after, before);
            }
        };
        check(b"", true);
        check(b" \t\r\n\n", true);
        check(b"\xef\xbb\xbf\n", true);
        check(&[b' '; 64 * 1024], true);
        check(&[b' '; 64 * 1024 + 1], false);
        check(b"{}", false);
        check(b" \n0", false);
        check(b"\0", false);
        check("\u{a0}".as_bytes(), false);
        check(b"\xff\xfe", false);
    }

    #[test]
    fn neither_folders_nor_links_are_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("configuration.json");
        let kind = || write_starting_configuration(&path).unwrap_err().kind();
        fs::create_dir(&path).unwrap();
        assert_eq!(kind(), ErrorKind::AlreadyExists);
        fs::remove_dir(&path).unwrap();
        #[cfg(unix)]
        {
            let other = folder.path().join("other");
            std::os::unix::fs::symlink(&other, &path).unwrap();
            assert_eq!(kind(), ErrorKind::AlreadyExists);
            assert!(!other.exists());
            fs::write(&other, "").unwrap();
            assert_eq!(kind(), ErrorKind::AlreadyExists);
            assert_eq!(fs::read(&other).unwrap(), b"");
        }
    }
}
