//! Whether a JPEG is all there. The decoder fills what is missing with grey and says nothing, so
//! a file cut short by a broken download would otherwise be measured as if it were a picture.

const END_OF_IMAGE: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;

/// Whether the marker segments (ITU-T T.81, B.1.1) lead through at least one scan to the end of
/// image marker.
pub(super) fn is_complete(bytes: &[u8]) -> bool {
    let mut position = 2;
    let mut scanned = false;
    while let Some((marker, after)) = next_marker(bytes, position) {
        if marker == END_OF_IMAGE {
            return scanned;
        }
        scanned |= marker == START_OF_SCAN;
        let Some(&[high, low]) = bytes.get(after..after + 2) else {
            return false;
        };
        position = after + usize::from(u16::from_be_bytes([high, low])).max(2);
    }
    false
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
            assert_eq!(is_complete(&bytes), expected, "{tail:02x?}");
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
}
