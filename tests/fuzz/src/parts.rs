//! Several files in one input: each but the last has its length in front, as four bytes.

/// Splits an input into `N` parts; lengths that reach over the end take what there is.
pub(crate) fn split<const N: usize>(mut input: &[u8]) -> [&[u8]; N] {
    let mut parts = [&input[..0]; N];
    for (index, part) in parts.iter_mut().enumerate() {
        if index + 1 == N {
            *part = input;
            break;
        }
        let Some((length, rest)) = input.split_first_chunk::<4>() else {
            break;
        };
        let length = u32::from_le_bytes(*length) as usize;
        (*part, input) = rest.split_at(length.min(rest.len()));
    }
    parts
}

/// The input that [`split`] takes apart into these parts.
pub(crate) fn join(parts: &[&[u8]]) -> Vec<u8> {
    let mut input = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        if index + 1 < parts.len() {
            input.extend_from_slice(&(part.len() as u32).to_le_bytes());
        }
        input.extend_from_slice(part);
    }
    input
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_what_was_joined() {
        let check = |parts: [&[u8]; 3]| assert_eq!(split(&join(&parts)), parts);
        check([b"", b"", b""]);
        check([b"a", b"", b"bc"]);
        check([&[7; 300], b"\0\0\0\0", b""]);
        let none: &[u8] = b"";
        assert_eq!(split(b"\x09\0\0\0ab"), [b"ab".as_slice(), none, none]);
        assert_eq!(split(b"\x01\0"), [none, none, none]);
    }
}
