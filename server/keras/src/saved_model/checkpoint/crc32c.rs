//! CRC-32C, the checksum of LevelDB tables and TensorBundles (RFC 3720, appendix B.4).

/// Castagnoli's polynomial, lowest bit first.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// Remainders of a byte that has 0 to 7 bytes behind it, which lets eight bytes be taken at a time
/// (Kounavis and Berry, "A Systematic Approach to Building High Performance Software-based CRC
/// Generators", 2005).
static TABLES: [[u32; 256]; 8] = tables();

const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut remainder = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            let divides = remainder & 1 == 1;
            remainder >>= 1;
            if divides {
                remainder ^= POLYNOMIAL;
            }
            bit += 1;
        }
        tables[0][byte] = remainder;
        byte += 1;
    }
    let mut behind = 1;
    while behind < 8 {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[behind - 1][byte];
            tables[behind][byte] = before >> 8 ^ tables[0][(before & 0xff) as usize];
            byte += 1;
        }
        behind += 1;
    }
    tables
}

/// A checksum under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Crc32c(u32);

impl Crc32c {
    pub(super) fn new() -> Self {
        Self(u32::MAX)
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        let mut remainder = self.0;
        let (chunks, rest) = bytes.as_chunks::<8>();
        for chunk in chunks {
            let [a, b, c, d, e, f, g, h] = *chunk;
            let [i, j, k, l] = (remainder ^ u32::from_le_bytes([a, b, c, d])).to_le_bytes();
            let bytes = [h, g, f, e, l, k, j, i];
            remainder = 0;
            for (table, byte) in TABLES.iter().zip(bytes) {
                remainder ^= table[usize::from(byte)];
            }
        }
        for &byte in rest {
            let [low, ..] = (remainder ^ u32::from(byte)).to_le_bytes();
            remainder = remainder >> 8 ^ TABLES[0][usize::from(low)];
        }
        self.0 = remainder;
    }

    pub(super) fn finish(self) -> u32 {
        !self.0
    }
}

/// Checksum of bytes.
pub(super) fn crc32c(bytes: &[u8]) -> u32 {
    let mut crc = Crc32c::new();
    crc.update(bytes);
    crc.finish()
}

/// The checksum behind the disguise in which LevelDB stores it, so that checksums of checksums stay
/// useful.
pub(super) fn unmask(stored: u32) -> u32 {
    stored.wrapping_sub(0xa282_ead8).rotate_left(15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_of_the_standard() {
        let check = |bytes: &[u8], expected| assert_eq!(crc32c(bytes), expected, "{bytes:?}");
        check(b"", 0);
        check(b"123456789", 0xe306_9283);
        check(&[0; 32], 0x8a91_36aa);
        check(&[0xff; 32], 0x62a8_ab43);
        let ascending: Vec<u8> = (0..32).collect();
        check(&ascending, 0x46dd_794e);
    }

    #[test]
    fn pieces_give_the_checksum_of_the_whole() {
        let bytes: Vec<u8> = (0..100).collect();
        for cut in 0..100 {
            let mut crc = Crc32c::new();
            crc.update(&bytes[..cut]);
            crc.update(&bytes[cut..]);
            assert_eq!(crc.finish(), crc32c(&bytes), "{cut}");
        }
    }

    #[test]
    fn masks_come_off() {
        // As `leveldb::crc32c::Mask` puts them on.
        let masked = |crc: u32| crc.rotate_right(15).wrapping_add(0xa282_ead8);
        for crc in [0, 1, 0xe306_9283, u32::MAX] {
            assert_eq!(unmask(masked(crc)), crc);
        }
    }
}
