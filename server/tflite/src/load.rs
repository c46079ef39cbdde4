use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use localization::Message;
use thiserror::Error;

/// Largest file: offsets of the format are signed 32-bit numbers.
const LARGEST: u64 = (1 << 31) - 1;

/// Why a model file could not be read.
#[derive(Debug, Error, Message)]
pub enum LoadError {
    /// The system refuses.
    #[error("\"{path}\" cannot be read ({source}); check the path and its permissions")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A folder, a link, a pipe or a device.
    #[error("\"{path}\" is no regular file; give the path of a .tflite file")]
    NotAFile {
        /// What is there instead.
        path: PathBuf,
    },
    /// More bytes than the format can address.
    #[error(
        "\"{path}\" has more than 2 GiB, so it is no TFLite model; give the path of a .tflite file"
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
}

/// Reads a model file of at most 2 GiB. Links are not followed; only regular files are opened,
/// because opening a pipe would wait for ever.
///
/// # Errors
/// [`LoadError`], a sentence that names the file.
pub fn load(path: &Path) -> Result<Vec<u8>, LoadError> {
    let unreadable = |source| LoadError::Unreadable {
        path: path.to_path_buf(),
        source,
    };
    let metadata = fs::symlink_metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(LoadError::NotAFile {
            path: path.to_path_buf(),
        });
    }
    if metadata.len() > LARGEST {
        return Err(LoadError::TooLarge {
            path: path.to_path_buf(),
        });
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    let file = File::open(path).map_err(unreadable)?;
    file.take(LARGEST)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_are_read() {
        let folder = std::env::temp_dir();
        let error = load(&folder).unwrap_err().to_string();
        assert!(error.contains("is no regular file"), "{error}");
        let error = load(&folder.join("no such model.tflite"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("no such model.tflite\" cannot be read"),
            "{error}"
        );
    }
}
