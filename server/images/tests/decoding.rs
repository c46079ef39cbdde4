//! JPEG decoding against Pillow's pixels, and what is not decoded.

#![allow(clippy::unwrap_used, reason = "a failure here fails the test")]

use std::fs;
use std::path::{Path, PathBuf};

use images::{DecodeLimits, ImageError, decode, decode_bytes};
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    name: String,
    pixels: String,
    width: usize,
    height: usize,
    channels: usize,
    orientation: u8,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/images")
}

fn decoded(name: &str) -> Vec<u8> {
    fs::read(fixtures().join("decoded").join(name)).unwrap()
}

fn expectations() -> Vec<Expected> {
    let list = fs::read(fixtures().join("decoded.json")).unwrap();
    serde_json::from_slice(&list).unwrap()
}

/// Decodes content that no file holds.
fn decode_content(bytes: &[u8]) -> Result<images::DecodedImage, ImageError> {
    decode_bytes(bytes, Path::new("a.jpg"), &DecodeLimits::default())
}

#[test]
fn pixels_are_those_of_pillow() {
    let expectations = expectations();
    assert_eq!(expectations.len(), 15);
    for expected in expectations {
        let name = &expected.name;
        let image = decode(&fixtures().join("decoded").join(name)).unwrap();
        assert_eq!(
            [image.width(), image.height(), image.channels()],
            [expected.width, expected.height, expected.channels],
            "{name}"
        );
        assert_eq!(image.exif_orientation(), expected.orientation, "{name}");
        assert_eq!(image.is_reoriented_by_exif(), expected.orientation != 1);

        let reference = decoded(&expected.pixels);
        let differences: Vec<u8> = image
            .pixels()
            .iter()
            .zip(&reference)
            .map(|(a, b)| a.abs_diff(*b))
            .collect();
        // Decoders may round differently in the inverse transform and in the colour conversion.
        let largest = differences.iter().max().copied().unwrap_or_default();
        let sum: f64 = differences.iter().map(|&d| f64::from(d)).sum();
        let mean = sum / differences.len() as f64;
        assert!(largest <= 4 && mean < 0.5, "{name}: {largest}, {mean}");
    }
}

#[test]
fn impostors_are_named() {
    let check = |name: &str, expected: &str| {
        let path = fixtures().join("impostors").join(name);
        let message = decode(&path).unwrap_err().to_string();
        let expected = format!(
            "{} is {expected}, not a JPEG; convert it to JPEG or remove it",
            path.display()
        );
        assert_eq!(message, expected);
    };
    check("png.jpg", "a PNG");
    check("gif.jpg", "a GIF");
    check("bmp.jpg", "a BMP");
    check("tiff.jpg", "a TIFF");
    check("webp.jpg", "a WebP picture");
}

#[test]
fn what_is_no_readable_file() {
    let folder = tempfile::tempdir().unwrap();
    let check = |path: &Path, expected: &str| {
        let message = decode(path).unwrap_err().to_string();
        assert!(
            message.starts_with(&format!("{} {expected}", path.display())),
            "{message}"
        );
    };
    check(folder.path(), "is not a regular file");
    check(&folder.path().join("none.jpg"), "cannot be read: ");
    let empty = folder.path().join("empty.jpg");
    fs::write(&empty, "").unwrap();
    check(&empty, "is empty, not a JPEG");
    let large = folder.path().join("large.jpg");
    fs::File::create(&large)
        .and_then(|file| file.set_len(DecodeLimits::default().file_bytes + 1))
        .unwrap();
    check(&large, "is larger than 67108864 bytes");
}

#[test]
fn every_truncation_is_an_error() {
    for name in ["420.jpg", "progressive.jpg", "grey.jpg", "turned.jpg"] {
        let whole = decoded(name);
        assert!(decode_content(&whole).is_ok());
        for length in 0..whole.len() {
            assert!(decode_content(&whole[..length]).is_err(), "{name} {length}");
            // As a download leaves it whose space was reserved before.
            let mut zeroed = whole.clone();
            zeroed[length..].fill(0);
            assert!(decode_content(&zeroed).is_err(), "{name} {length}");
        }
    }
}

#[test]
fn trailing_bytes_are_no_truncation() {
    let mut bytes = decoded("420.jpg");
    bytes.extend_from_slice(b"appended by a camera");
    assert!(decode_content(&bytes).is_ok());
}

/// Every bit of every kind of file, flipped: an image or an error, never a panic.
#[test]
fn flipped_bits_do_no_harm() {
    for name in [
        "420.jpg",
        "422.jpg",
        "progressive.jpg",
        "restarts.jpg",
        "cmyk.jpg",
        "turned.jpg",
    ] {
        let whole = decoded(name);
        for position in 0..whole.len() {
            for bit in 0..8 {
                let mut bytes = whole.clone();
                bytes[position] ^= 1 << bit;
                // Sides of thousands of pixels would only make the test slow.
                let limits = DecodeLimits {
                    pixels: 1 << 16,
                    ..DecodeLimits::default()
                };
                if let Ok(image) = decode_bytes(&bytes, Path::new("a.jpg"), &limits) {
                    let [width, height] = [image.width(), image.height()];
                    assert_eq!(image.pixels().len(), width * height * image.channels());
                }
            }
        }
    }
}

/// Replaces height and width in the start of frame segment.
fn with_size(name: &str, width: u16, height: u16) -> Vec<u8> {
    let mut bytes = decoded(name);
    let frame = bytes
        .windows(2)
        .position(|marker| matches!(marker, [0xff, 0xc0 | 0xc2]))
        .unwrap();
    bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    bytes[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    bytes
}

#[test]
fn sizes_are_limited_before_memory_is_taken() {
    let check = |width, height| {
        let error = decode_content(&with_size("420.jpg", width, height)).unwrap_err();
        assert!(
            matches!(error, ImageError::TooManyPixels { .. }),
            "{width} x {height}: {error}"
        );
        assert!(error.to_string().starts_with(&format!(
            "a.jpg has {width} x {height} pixels; at most 32768 a side"
        )));
    };
    check(65_535, 65_535);
    check(32_769, 1);
    check(1, 32_769);
    check(8_193, 8_192);
    assert!(decode_content(&with_size("420.jpg", 0, 8)).is_err());
    let message = decode_content(&with_size("420.jpg", 8_192, 8_192)).unwrap_err();
    assert_eq!(
        message.to_string(),
        "a.jpg is a damaged JPEG (its data is too short for 8192 x 8192 pixels); replace or remove it"
    );
}

#[test]
fn kinds_of_jpeg_that_are_not_decoded() {
    let patched = |offset: usize, value: u8| {
        let mut bytes = decoded("444.jpg");
        let frame = bytes.windows(2).position(|m| m == [0xff, 0xc0]).unwrap();
        bytes[frame + offset] = value;
        decode_content(&bytes).unwrap_err().to_string()
    };
    let check = |offset, value, feature: &str| {
        let expected = format!(
            "a.jpg is a kind of JPEG that is not decoded ({feature}); save it as an ordinary 8-bit JPEG"
        );
        assert_eq!(patched(offset, value), expected);
    };
    check(1, 0xc3, "lossless");
    check(1, 0xc9, "arithmetic coding");
    check(4, 12, "12 bits a sample");
}

#[test]
fn the_decoders_reason_is_told_in_one_line() {
    let mut bytes = decoded("444.jpg");
    let frame = bytes.windows(2).position(|m| m == [0xff, 0xc0]).unwrap();
    // The first component's sampling factors.
    bytes[frame + 11] = 0;
    let message = decode_content(&bytes).unwrap_err().to_string();
    let reason = message
        .strip_prefix("a.jpg is a damaged JPEG (")
        .and_then(|rest| rest.strip_suffix("); replace or remove it"));
    let told = reason.is_some_and(|reason| {
        let wrapped = reason.contains(['\n', '"', '\\']) || reason.contains("Jpeg:");
        !reason.is_empty() && !wrapped
    });
    assert!(told, "{message}");
}
