//! What a file is, by its first bytes.

use localization::{Phrase, phrase};

/// First bytes of what is found under the name of a JPEG, and what to call it.
const SIGNATURES: [(usize, &[u8], Phrase); 15] = [
    (0, b"\x89PNG\r\n\x1a\n", phrase!("a PNG")),
    (0, b"GIF8", phrase!("a GIF")),
    (8, b"WEBP", phrase!("a WebP picture")),
    (0, b"BM", phrase!("a BMP")),
    (0, b"II*\0", phrase!("a TIFF")),
    (0, b"MM\0*", phrase!("a TIFF")),
    (4, b"ftypavif", phrase!("an AVIF picture")),
    (4, b"ftyphei", phrase!("a HEIC picture")),
    (4, b"ftypmif1", phrase!("a HEIC picture")),
    (4, b"jP  \r\n\x87\n", phrase!("a JPEG 2000 picture")),
    (0, b"\xff\x0a", phrase!("a JPEG XL picture")),
    (4, b"JXL \r\n\x87\n", phrase!("a JPEG XL picture")),
    (0, b"%PDF", phrase!("a PDF")),
    (0, b"version https://git-lfs", phrase!("a Git LFS pointer")),
    (0, b"PK\x03\x04", phrase!("a ZIP archive")),
];

/// Whether the content starts as every JPEG does: start of image, then another marker.
pub(super) fn is_jpeg(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xd8, 0xff])
}

/// What content that is not a JPEG is, with its article.
pub(super) fn describe(bytes: &[u8]) -> Phrase {
    if bytes.is_empty() {
        return phrase!("empty");
    }
    let known = SIGNATURES.iter().find(|(offset, signature, _)| {
        bytes
            .get(*offset..)
            .is_some_and(|rest| rest.starts_with(signature))
    });
    match known {
        Some((_, _, name)) => *name,
        None if is_text(bytes) => phrase!("text"),
        None => phrase!("data of an unknown kind"),
    }
}

fn is_text(bytes: &[u8]) -> bool {
    let control = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    std::str::from_utf8(bytes).is_ok() && !bytes.iter().any(control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_is_not_a_jpeg() {
        let check =
            |bytes: &[u8], expected: &str| assert_eq!(describe(bytes).to_string(), expected);
        check(b"", "empty");
        check(b"\x89PNG\r\n\x1a\n rest", "a PNG");
        check(b"GIF89a", "a GIF");
        check(b"RIFF\x10\0\0\0WEBPVP8 ", "a WebP picture");
        check(b"\0\0\0\x18ftypheic", "a HEIC picture");
        check(b"<html>404</html>", "text");
        check(&[0xff, 0xd8], "data of an unknown kind");
        check(&[0; 64], "data of an unknown kind");
    }
}
