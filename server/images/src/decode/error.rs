use std::path::PathBuf;

use localization::{Message, Phrase, Text};
use thiserror::Error;

/// Why a picture could not be decoded; every message names the file.
#[derive(Debug, Error, Message)]
#[non_exhaustive]
pub enum ImageError {
    /// The file could not be opened or read.
    #[error("{path} cannot be read: {source}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A folder, a pipe or a device.
    #[error("{path} is not a regular file", path = path.display())]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// More bytes than [`DecodeLimits::file_bytes`](crate::DecodeLimits::file_bytes).
    #[error(
        "{path} is larger than {limit} bytes, the most that is read of a picture",
        path = path.display()
    )]
    FileTooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// The content is of another kind.
    #[error(
        "{path} is {content}, not a JPEG; convert it to JPEG or remove it",
        path = path.display()
    )]
    NotJpeg {
        /// The file.
        path: PathBuf,
        /// What the content is, with its article.
        content: Phrase,
    },
    /// The file ends before the picture does.
    #[error(
        "{path} is incomplete: the JPEG's end is missing; copy or download it again",
        path = path.display()
    )]
    Truncated {
        /// The file.
        path: PathBuf,
    },
    /// Wider, higher or larger than [`DecodeLimits`](crate::DecodeLimits) allow.
    #[error(
        "{path} has {width} x {height} pixels; at most {side} a side and {pixels} in all are decoded, so shrink or remove it",
        path = path.display()
    )]
    TooManyPixels {
        /// The file.
        path: PathBuf,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Most pixels a side.
        side: u32,
        /// Most pixels in all.
        pixels: u64,
    },
    /// A rare kind of JPEG, such as lossless or arithmetic coding.
    #[error(
        "{path} is a kind of JPEG that is not decoded ({feature}); save it as an ordinary 8-bit JPEG",
        path = path.display()
    )]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What it needs.
        feature: Text,
    },
    /// The JPEG contradicts itself.
    #[error("{path} is a damaged JPEG ({reason}); replace or remove it", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the decoder found.
        reason: Text,
    },
}
