//! What a file is, by its first bytes.

/// First bytes of what is found under the name of a JPEG, and what to call it.
const SIGNATURES: [(usize, &[u8], &str); 15] = [
    (0, b"\x89PNG\r\n\x1a\n", "a PNG"),
    (0, b"GIF8", "a GIF"),
    (8, b"WEBP", "a WebP picture"),
    (0, b"BM", "a BMP"),
    (0, b"II*\0", "a TIFF"),
    (0, b"MM\0*", "a TIFF"),
    (4, b"ftypavif", "an AVIF picture"),
    (4, b"ftyphei", "a HEIC picture"),
    (4, b"ftypmif1", "a HEIC picture"),
    (4, b"jP  \r\n\x87\n", "a JPEG 2000 picture"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (4, b"JXL \r\n\x87\n", "a JPEG XL picture"),
    (0, b"%PDF", "a PDF"),
    (0, b"version https://git-lfs", "a Git LFS pointer"),
    (0, b"PK\x03\x04", "a ZIP archive"),
];

/// Whether the content starts as every JPEG does: start of image, then another marker.
pub(super) fn is_jpeg(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xd8, 0xff])
}

/// What content that is not a JPEG is, with its article.
pub(super) fn describe(bytes: &[u8]) -> &'static str {
    if bytes.is_empty() {
        return "empty";
    }
    let known = SIGNATURES.iter().find(|(offset, signature, _)| {
        bytes
            .get(*offset..)
            .is_some_and(|rest| rest.starts_with(signature))
    });
    match known {
        Some((_, _, name)) => name,
        None if is_text(bytes) => "text",
        None => "data of an unknown kind",
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
        let check = |bytes: &[u8], expected: &str| assert_eq!(describe(bytes), expected);
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
