//! Bins of a power-of-two width on both sides of zero, so that doubling the width loses nothing.

/// Smallest bin width, 2^-100: leaves room below the largest finite `f32` for 2^100 times as much.
pub(super) const SMALLEST_EXPONENT: i32 = -100;

/// log2 of the smallest bin width, a power of two, with which `half` bins, also a power of two, reach
/// beyond a value. One bin stays free, for values that round over the edge.
pub(super) fn bin_exponent(largest: f32, half: usize) -> i32 {
    let largest = largest.abs();
    // What the value's own exponent says reaches at most twice as far as the value.
    let above = (largest.to_bits() >> 23) as i32 - 127 + 1;
    let exponent = (above - half.ilog2() as i32).max(SMALLEST_EXPONENT);
    match largest >= (half - 1) as f32 * power_of_two(exponent) {
        true => exponent + 1,
        false => exponent,
    }
}

/// 2 to the power of an exponent of a normal number.
pub(super) fn power_of_two(exponent: i32) -> f32 {
    f32::from_bits(((exponent + 127) as u32) << 23)
}

/// Index of the bin, of `WIDTH` in all, that holds `value`, given in bin widths. Adding 2^23 leaves
/// the rounded value in the low bits of a float, which costs less than a conversion; a value within
/// `WIDTH` * 2^-24 of an edge may land on the other side of it.
#[inline(always)]
pub(super) fn bin_of<const WIDTH: usize>(value: f32) -> u32 {
    const ROUND: f32 = 8_388_608.0;
    let half = (WIDTH / 2) as f32;
    ((value + (half - 0.5)) + ROUND).to_bits() % WIDTH as u32
}

/// Adds counts to as many bins that are `2^times` times as wide.
pub(super) fn add_to_wider<T: Copy>(
    counts: &[T],
    wider: &mut [T],
    times: i32,
    add: impl Fn(T, T) -> T,
) {
    let half = counts.len() as i64 / 2;
    for (bin, &count) in counts.iter().enumerate() {
        // Rounds towards minus infinity, and comes no farther from the middle.
        let bin = ((bin as i64 - half) >> times.min(32)) + half;
        if let Some(total) = wider.get_mut(bin as usize) {
            *total = add(*total, count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_reach_beyond_every_value() {
        for half in [64, 4096] {
            let reach = |exponent: i32| (half - 1) as f64 * f64::from(exponent).exp2();
            for value in [
                -0.0,
                0.0,
                1e-40,
                1e-30,
                0.3,
                1.0,
                62.9,
                63.0,
                64.0,
                5e7,
                f32::MAX,
            ] {
                let exponent = bin_exponent(value, half);
                assert!(f64::from(value) < reach(exponent), "{value}");
                let smaller = exponent - 1;
                let suffices = f64::from(value) < reach(smaller);
                assert!(!suffices || exponent == SMALLEST_EXPONENT, "{value}");
            }
        }
        assert_eq!(power_of_two(-3), 0.125);
    }
}
