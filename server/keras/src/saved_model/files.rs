//! Reading the files of a SavedModel.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use localization::text;

use crate::error::ErrorKind;

/// Name of a file without its folder, for messages.
pub(super) fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

/// Length of a regular file.
pub(super) fn length(path: &Path) -> Result<u64, ErrorKind> {
    let metadata = std::fs::metadata(path).map_err(|error| missing(path, error))?;
    if !metadata.is_file() {
        return Err(missing(path, std::io::ErrorKind::NotFound.into()));
    }
    Ok(metadata.len())
}

/// All bytes of a file of at most `limit` bytes.
pub(super) fn read_whole(path: &Path, limit: u64) -> Result<Vec<u8>, ErrorKind> {
    let length = length(path)?;
    if length > limit {
        return Err(ErrorKind::Limit {
            what: text!("a file {name} of {length} bytes", name = name(path)),
            limit: text!("{count} bytes", count = limit),
        });
    }
    let mut bytes = Vec::with_capacity(length as usize);
    let file = File::open(path)?;
    // The file may grow while it is read.
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn missing(path: &Path, error: std::io::Error) -> ErrorKind {
    match error.kind() {
        std::io::ErrorKind::NotFound => ErrorKind::MissingSavedModelFile(name(path)),
        _ => ErrorKind::Io(error),
    }
}
