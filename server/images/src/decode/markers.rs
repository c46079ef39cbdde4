//! What the markers of a JPEG tell before it is decoded. The decoder fills what is missing with
//! grey and says nothing, so a file cut short by a broken download would otherwise be measured as
//! if it were a picture.

use localization::{Phrase, phrase};

const END_OF_IMAGE: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;

/// What a walk over the marker segments (ITU-T T.81, B.1.1) found.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Markers {
    /// The segments lead through at least one scan to the end of image marker.
    pub(super) is_complete: bool,
    /// The first frame needs a coding process that is not decoded; what to call it.
    pub(super) unsupported: Option<Phrase>,
}

impl Markers {
    /// Walks over a file that begins with a start of image marker.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut markers = Self::default();
        let mut position = 2;
        let mut scanned = false;
        let mut framed = false;
        while let Some((marker, after)) = next_marker(bytes, position) {
            if marker == END_OF_IMAGE {
                markers.is_complete = scanned;
                break;
            }
            scanned |= marker == START_OF_SCAN;
            let Some(&[high, low]) = bytes.get(after..after + 2) else {
                break;
            };
            // DHT, JPG and DAC lie among the numbers of the start of frame markers.
            if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) && !framed {
                framed = true;
                markers.unsupported = unsupported(marker, bytes.get(after + 2).copied());
            }
            position = after + usize::from(u16::from_be_bytes([high, low])).max(2);
        }
        markers
    }
}

/// What a start of frame marker and its sample precision (T.81, table B.1) ask for beyond 8-bit
/// Huffman-coded DCT.
fn unsupported(frame: u8, precision: Option<u8>) -> Option<Phrase> {
    match (frame, precision) {
        (0xc3, _) => Some(phrase!("lossless")),
        (0xc5..=0xc7, _) => Some(phrase!("hierarchical")),
        (0xc9..=0xcf, _) => Some(phrase!("arithmetic coding")),
        (_, Some(12)) => Some(phrase!("12 bits a sample")),
        _ => None,
    }
}

/// The next marker at or after `position` that starts a segment or ends the image, and where its
/// content begins. Skips entropy-coded data, stuffed zeros, fill bytes and restart markers.
fn next_marker(bytes: &[u8], position: usize) -> Option<(u8, usize)> {
    let mut position = position;
    loop {
        let rest = bytes.get(position..)?;
        position += rest.iter().position(|&byte| byte == 0xff)? + 1;
        match *bytes.get(position)? {
            0xff => {}
            // A stuffed zero, TEM, restart markers and a second start of image have no length.
            0x00 | 0x01 | 0xd0..=0xd8 => position += 1,
            marker => return Some((marker, position + 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completeness() {
        let check = |tail: &[u8], expected: bool| {
            let bytes = [&[0xff, 0xd8][..], tail].concat();
            assert_eq!(Markers::read(&bytes).is_complete, expected, "{tail:02x?}");
        };
        let scan = [0xff, 0xda, 0, 3, 1];
        let with_scan = |tail: &[u8]| [&scan[..], tail].concat();
        check(&with_scan(&[1, 2, 0xff, 0xd9]), true);
        check(
            &with_scan(&[1, 0xff, 0, 2, 0xff, 0xd0, 3, 0xff, 0xff, 0xd9]),
            true,
        );
        check(&with_scan(&[1, 2, 0xff]), false);
        check(&with_scan(&[1, 2]), false);
        // An end marker inside a segment, as in an embedded thumbnail, is not the end.
        check(&[0xff, 0xe1, 0, 6, 0xff, 0xda, 0xff, 0xd9], false);
        check(&[0xff, 0xd9], false);
        check(&[0xff, 0xda, 0xff, 0xff], false);
        check(&[], false);
    }
    #[test]
    fn frames() {
        let check = |frame: u8, precision: u8, expected: Option<&str>| {
            // A Huffman table before the frame, a second frame as in a hierarchical file after it.
            let table = [0xff, 0xd8, 0xff, 0xc4, 0, 3, 9];
            let frames = [0xff, frame, 0, 3, precision, 0xff, 0xc9, 0, 3, 8];
            let bytes = [&table[..], &frames].concat();
            let found = Markers::read(&bytes)
                .unsupported
                .map(|kind| kind.to_string());
            assert_eq!(found.as_deref(), expected, "{frame:02x}");
        };
        check(0xc0, 8, None);
        check(0xc1, 8, None);
        check(0xc2, 8, None);
        check(0xc1, 12, Some("12 bits a sample"));
        check(0xc3, 8, Some("lossless"));
        check(0xc6, 8, Some("hierarchical"));
        check(0xca, 8, Some("arithmetic coding"));
    }
}
