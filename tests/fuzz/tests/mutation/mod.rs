//! Random changes of inputs, as libFuzzer makes them.

/// The generator of Steele, Lea and Flood, "Fast splittable pseudorandom number generators"
/// (OOPSLA 2014): enough for tests, and the same everywhere.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    /// A range of at most `longest` within `length`.
    fn range(&mut self, length: usize, longest: usize) -> std::ops::Range<usize> {
        let start = self.below(length);
        let end = start + self.below(longest + 1);
        start..end.min(length)
    }
}

/// Numbers at which sizes and counts go wrong.
const NUMBERS: [u64; 12] = [
    0,
    1,
    2,
    0x7f,
    0x80,
    0xff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    u64::MAX >> 1,
    u64::MAX,
];

/// Longest run of bytes that is removed, repeated or taken from elsewhere.
const LONGEST_RUN: usize = 64;

/// One of the seeds with one to five changes.
pub(crate) fn mutate(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut input = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(5) {
        change(&mut input, seeds, random);
    }
    input
}

fn change(input: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    let length = input.len();
    let position = random.below(length);
    match random.below(9) {
        0..3 => {
            if let Some(byte) = input.get_mut(position) {
                *byte ^= 1 << random.below(8);
            }
        }
        3 => {
            if let Some(byte) = input.get_mut(position) {
                *byte = random.below(256) as u8;
            }
        }
        4 => {
            let number = NUMBERS[random.below(NUMBERS.len())].to_le_bytes();
            let bytes = &number[..1 << random.below(4)];
            if let Some(place) = input.get_mut(position..position + bytes.len()) {
                place.copy_from_slice(bytes);
            }
        }
        5 => drop(input.drain(random.range(length, LONGEST_RUN))),
        6 => {
            let run = input[random.range(length, LONGEST_RUN)].to_vec();
            drop(input.splice(position..position, run));
        }
        7 => {
            let other = &seeds[random.below(seeds.len())];
            let run = other[random.range(other.len(), LONGEST_RUN)].to_vec();
            let end = (position + run.len()).min(length);
            drop(input.splice(position..end, run));
        }
        _ => {
            if random.below(4) == 0 {
                input.truncate(position);
            }
        }
    }
}
