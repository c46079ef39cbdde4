//! Sizes and SHA-256 of models.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::context::Context;
use crate::error::JobError;

/// The most files that the folder of a model may have to be told by a hash.
const MOST_FILES: usize = 10_000;

/// Folders in folders that are looked into.
const DEEPEST: usize = 16;

/// The SHA-256 of some bytes in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// Size and SHA-256 of a model. That of a folder is the SHA-256 of what
/// `find . -type f | LC_ALL=C sort | xargs sha256sum` prints in it. No hash is told of what cannot
/// be read any more, or has more files than any model.
///
/// # Errors
/// [`JobError::Cancelled`].
pub(crate) fn digest(path: &Path, context: &Context) -> Result<(u64, Option<String>), JobError> {
    if !fs::metadata(path).is_ok_and(|metadata| metadata.is_dir()) {
        return Ok(match file_digest(path, context)? {
            Some((bytes, hash)) => (bytes, Some(hash)),
            None => (0, None),
        });
    }
    let mut files = Vec::new();
    if add_files(path, "./", DEEPEST, &mut files).is_err() {
        return Ok((0, None));
    }
    files.sort_unstable();
    let (mut bytes, mut lines) = (0, String::new());
    for (name, file) in files {
        let Some((size, hash)) = file_digest(&file, context)? else {
            return Ok((0, None));
        };
        bytes += size;
        lines += &format!("{hash}  {name}\n");
    }
    Ok((bytes, Some(sha256(lines.as_bytes()))))
}

/// Size of a model in bytes, of a folder that of all its files; 0 of what cannot be read.
pub(crate) fn size(path: &Path) -> u64 {
    let length = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
    if !path.is_dir() {
        return length(path);
    }
    let mut files = Vec::new();
    match add_files(path, "./", DEEPEST, &mut files) {
        Ok(()) => files.iter().map(|(_, file)| length(file)).sum(),
        Err(_) => 0,
    }
}

/// Adds the files below a folder with their names from `prefix` on. Links are not followed.
fn add_files(
    folder: &Path,
    prefix: &str,
    depth: usize,
    files: &mut Vec<(String, PathBuf)>,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type()?;
        if kind.is_dir() && depth > 0 {
            add_files(&entry.path(), &format!("{name}/"), depth - 1, files)?;
        } else if kind.is_file() {
            files.push((name, entry.path()));
        }
        if files.len() > MOST_FILES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
    }
    Ok(())
}

/// Size and SHA-256 of a file; `None` of what cannot be read.
fn file_digest(path: &Path, context: &Context) -> Result<Option<(u64, String)>, JobError> {
    // Opening a pipe would wait for a writer.
    let is_file = fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    let Some(mut file) = File::open(path).ok().filter(|_| is_file) else {
        return Ok(None);
    };
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        context.check_cancelled()?;
        match file.read(&mut buffer) {
            Ok(0) => return Ok(Some((bytes, hexadecimal(&digest.finalize())))),
            Ok(count) => {
                digest.update(&buffer[..count]);
                bytes += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Ok(None),
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Cancellation;

    #[test]
    fn digests_are_those_of_fips_180() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(b"abc"), expected);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.h5");
        fs::write(&path, "abc").unwrap();
        let mut listener = |_| {};
        let context = Context::new(1, Cancellation::default(), &mut listener);
        let found = digest(&path, &context).unwrap();
        assert_eq!(found, (3, Some(expected.to_owned())));
        let absent = digest(&folder.path().join("absent"), &context).unwrap();
        assert_eq!(absent, (0, None));
        context.cancellation.cancel();
        assert!(matches!(digest(&path, &context), Err(JobError::Cancelled)));
    }

    #[test]
    fn a_folder_is_told_by_names_and_contents_of_its_files() {
        let folder = tempfile::tempdir().unwrap();
        let variables = folder.path().join("variables");
        fs::create_dir(&variables).unwrap();
        fs::write(folder.path().join("saved_model.pb"), "abc").unwrap();
        fs::write(variables.join("data"), "").unwrap();
        let mut listener = |_| {};
        let context = Context::new(1, Cancellation::default(), &mut listener);
        let lines = format!(
            "{}  ./saved_model.pb\n{}  ./variables/data\n",
            sha256(b"abc"),
            sha256(b"")
        );
        let found = digest(folder.path(), &context).unwrap();
        assert_eq!(found, (3, Some(sha256(lines.as_bytes()))));
        assert_eq!(size(folder.path()), 3);
        assert_eq!(size(&folder.path().join("saved_model.pb")), 3);
        assert_eq!(size(&folder.path().join("absent")), 0);
    }
}
