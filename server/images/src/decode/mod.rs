//! From a JPEG file to 8-bit pixels.

mod decoded;
mod error;
mod format;
mod markers;

use std::error::Error;
use std::fs::{self, File};
use std::io::{Cursor, Read};
use std::path::Path;

use image::codecs::jpeg::JpegDecoder;
use image::error::ImageError as CodecError;
use image::{ColorType, ImageDecoder, Limits};
use jpeg_decoder::PixelFormat;
use localization::{Text, text};

pub use decoded::DecodedImage;
pub use error::ImageError;
use markers::Markers;

/// What a picture may need at most; checked before memory is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Size of the file in bytes.
    pub file_bytes: u64,
    /// Width and height, each, in pixels.
    pub side: u32,
    /// Width times height, in pixels. Decoding takes up to nine bytes a pixel for a while.
    pub pixels: u64,
}

/// A Huffman code has at least one bit and each 8 x 8 block at least one code, so no JPEG holds
/// more than 64 pixels a bit.
const MAX_PIXELS_A_BYTE: u64 = 64 * 8;

impl Default for DecodeLimits {
    /// 64 MiB, 32,768 pixels a side, 64 Mi pixels: any camera's picture, at most 600 MB for a while.
    fn default() -> Self {
        Self {
            file_bytes: 64 << 20,
            side: 32_768,
            pixels: 64 << 20,
        }
    }
}

/// Reads and decodes a JPEG file under the default [`DecodeLimits`].
///
/// Baseline and progressive files decode, grey ones to one channel, everything else (RGB, YCbCr,
/// CMYK, YCCK) to RGB. The EXIF orientation is not applied, as TensorFlow does not either, but
/// [`DecodedImage::exif_orientation`] tells it.
///
/// # Errors
/// When the file cannot be read, is over a limit, is not a JPEG, is incomplete or damaged.
pub fn decode(path: &Path) -> Result<DecodedImage, ImageError> {
    let limits = DecodeLimits::default();
    let bytes = read(path, limits.file_bytes)?;
    decode_bytes(&bytes, path, &limits)
}

/// Reads a JPEG file and says what would keep [`decode`] from decoding it, as far as its headers
/// and its end tell. The picture itself is not decoded, which takes a small part of the time.
///
/// # Errors
/// As [`decode`], but for damage within the picture's data.
pub fn examine(path: &Path) -> Result<(), ImageError> {
    let limits = DecodeLimits::default();
    let bytes = read(path, limits.file_bytes)?;
    opened(&bytes, path, &limits).map(drop)
}

/// Decodes a JPEG file's content; `path` is the name that errors give it.
///
/// # Errors
/// As [`decode`].
pub fn decode_bytes(
    bytes: &[u8],
    path: &Path,
    limits: &DecodeLimits,
) -> Result<DecodedImage, ImageError> {
    let Opened {
        mut decoder,
        width,
        height,
        channels,
    } = opened(bytes, path, limits)?;
    let orientation = decoder
        .orientation()
        .map_or(1, |orientation| orientation.to_exif());
    let bytes_needed = width as usize * height as usize * channels;
    let pixels = match plain_pixels(bytes, bytes_needed).map_err(|error| damaged(path, &error))? {
        Some(pixels) => pixels,
        None => converted_pixels(decoder, limits, bytes_needed)
            .map_err(|error| refused(path, &error))?,
    };
    DecodedImage::new(width as usize, height as usize, channels, pixels)
        .map(|image| image.with_exif_orientation(orientation))
        .ok_or_else(|| ImageError::Damaged {
            path: path.into(),
            reason: text!("its size is zero"),
        })
}

/// A JPEG file whose headers have been read.
struct Opened<'a> {
    decoder: JpegDecoder<Cursor<&'a [u8]>>,
    width: u32,
    height: u32,
    channels: usize,
}

/// Reads the headers and checks them against the limits.
fn opened<'a>(
    bytes: &'a [u8],
    path: &Path,
    limits: &DecodeLimits,
) -> Result<Opened<'a>, ImageError> {
    if bytes.len() as u64 > limits.file_bytes {
        return Err(ImageError::FileTooLarge {
            path: path.into(),
            limit: limits.file_bytes,
        });
    }
    if !format::is_jpeg(bytes) {
        return Err(ImageError::NotJpeg {
            path: path.into(),
            content: format::describe(bytes),
        });
    }
    let markers = Markers::read(bytes);
    if !markers.is_complete {
        return Err(ImageError::Truncated { path: path.into() });
    }
    if let Some(feature) = markers.unsupported {
        return Err(ImageError::Unsupported {
            path: path.into(),
            feature: feature.into(),
        });
    }

    let decoder = JpegDecoder::new(Cursor::new(bytes)).map_err(|error| refused(path, &error))?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if width > limits.side || height > limits.side || pixels > limits.pixels {
        return Err(ImageError::TooManyPixels {
            path: path.into(),
            width,
            height,
            side: limits.side,
            pixels: limits.pixels,
        });
    }
    if pixels > bytes.len() as u64 * MAX_PIXELS_A_BYTE {
        return Err(ImageError::Damaged {
            path: path.into(),
            reason: text!("its data is too short for {width} x {height} pixels"),
        });
    }
    let channels = match decoder.color_type() {
        ColorType::L8 => 1,
        ColorType::Rgb8 => 3,
        other => {
            return Err(ImageError::Unsupported {
                path: path.into(),
                feature: text!("pixels of type {other:?}"),
            });
        }
    };
    Ok(Opened {
        decoder,
        width,
        height,
        channels,
    })
}

/// Pixels of a grey or YCbCr file, `None` for other colour models.
///
/// `jpeg-decoder` rounds once where it interpolates chroma, as libjpeg does in TensorFlow and
/// Pillow. The codec of `image` rounds twice, upwards, which shifts every colour by up to 0.4 grey
/// levels on average: enough to move the accuracy of a classifier of small pictures by half a
/// point.
fn plain_pixels(bytes: &[u8], bytes_needed: usize) -> Result<Option<Vec<u8>>, jpeg_decoder::Error> {
    let mut decoder = jpeg_decoder::Decoder::new(bytes);
    decoder.set_max_decoding_buffer_size(bytes_needed);
    decoder.read_info()?;
    let format = decoder.info().map(|info| info.pixel_format);
    if !matches!(format, Some(PixelFormat::L8 | PixelFormat::RGB24)) {
        return Ok(None);
    }
    let pixels = decoder.decode()?;
    Ok((pixels.len() == bytes_needed).then_some(pixels))
}

/// Pixels of a file whose colour model is converted to RGB.
fn converted_pixels(
    mut decoder: JpegDecoder<Cursor<&[u8]>>,
    limits: &DecodeLimits,
    bytes_needed: usize,
) -> Result<Vec<u8>, CodecError> {
    let mut codec_limits = Limits::no_limits();
    codec_limits.max_image_width = Some(limits.side);
    codec_limits.max_image_height = Some(limits.side);
    codec_limits.max_alloc = Some(bytes_needed as u64);
    decoder.set_limits(codec_limits)?;
    let mut pixels = vec![0; bytes_needed];
    decoder.read_image(&mut pixels)?;
    Ok(pixels)
}

fn damaged(path: &Path, error: &jpeg_decoder::Error) -> ImageError {
    ImageError::Damaged {
        path: path.into(),
        reason: Text::verbatim(one_line(&error.to_string())),
    }
}

/// Reads a file of at most `limit` bytes. Only regular files: opening a pipe would wait for ever.
fn read(path: &Path, limit: u64) -> Result<Vec<u8>, ImageError> {
    let unreadable = |source| ImageError::Unreadable {
        path: path.into(),
        source,
    };
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(ImageError::NotAFile { path: path.into() });
    }
    let file = File::open(path).map_err(unreadable)?;
    let expected = metadata.len().min(limit);
    let mut bytes = Vec::with_capacity(expected as usize + 1);
    // One byte over the limit is enough to tell; the file may have grown since its size was read.
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok(bytes)
}

fn refused(path: &Path, error: &CodecError) -> ImageError {
    let path = path.to_path_buf();
    match error {
        CodecError::Unsupported(error) => ImageError::Unsupported {
            path,
            feature: Text::verbatim(one_line(&error.to_string())),
        },
        // The source is the decoder's message without the words that wrap it.
        other => ImageError::Damaged {
            path,
            reason: Text::verbatim(one_line(
                &other
                    .source()
                    .map_or_else(|| other.to_string(), ToString::to_string),
            )),
        },
    }
}

/// The decoder's own words, on one line, without quotes around and without the full stop.
fn one_line(message: &str) -> String {
    let message = message.replace("\\n", " ");
    let words: Vec<&str> = message.split_whitespace().collect();
    let line = words.join(" ");
    line.trim_matches(['"', '.', ' ']).to_owned()
}
