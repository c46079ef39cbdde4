//! Reading files of runs, which may be damaged or anybody's.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde::de::DeserializeOwned;

use super::folder::is_file;

/// Longest record of a run, and longest configuration, in bytes.
pub(super) const LONGEST_RECORD: u64 = 1 << 20;

/// Longest report in bytes; one of a network of a thousand layers has two million.
pub(super) const LONGEST_REPORT: u64 = 64 << 20;

/// The content of a file of at most `longest` bytes, or what is wrong with it.
pub(super) fn bytes(path: &Path, longest: u64) -> Result<Vec<u8>, String> {
    let name = crate::paths::file_name(path);
    if !is_file(path) {
        return Err(format!("it has no file {name}"));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(longest + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("{name} cannot be read: {error}"))?;
    match bytes.len() as u64 <= longest {
        true => Ok(bytes),
        false => Err(format!("{name} has more than {longest} bytes")),
    }
}

/// A document of at most `longest` bytes, or what is wrong with it.
pub(super) fn document<T: DeserializeOwned>(path: &Path, longest: u64) -> Result<T, String> {
    let bytes = bytes(path, longest)?;
    serde_json::from_slice(&bytes)
        .map_err(|error| format!("{} is damaged: {error}", crate::paths::file_name(path)))
}
