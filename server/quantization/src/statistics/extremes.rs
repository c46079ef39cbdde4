/// Smallest and largest of the values, if all are finite.
pub(super) fn finite_range(values: &[f32]) -> Option<(f32, f32)> {
    const LANES: usize = 16;
    let mut low = [f32::INFINITY; LANES];
    let mut high = [f32::NEG_INFINITY; LANES];
    // A value times zero is zero unless it is infinite or undefined.
    let mut zeros = [0.0f32; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        let ends = low.iter_mut().zip(&mut high);
        for (((low, high), zero), &value) in ends.zip(&mut zeros).zip(chunk) {
            *low = if value < *low { value } else { *low };
            *high = if value > *high { value } else { *high };
            *zero += value * 0.0;
        }
    }
    let finite =
        zeros.iter().all(|&zero| zero == 0.0) && rest.iter().all(|value| value.is_finite());
    let fold = |start: f32, pick: fn(f32, f32) -> f32, lanes: &[f32]| {
        lanes.iter().chain(rest).copied().fold(start, pick)
    };
    finite.then(|| {
        (
            fold(f32::INFINITY, f32::min, &low),
            fold(f32::NEG_INFINITY, f32::max, &high),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_found_in_every_lane_and_undefined_values_too() {
        let check = |position: usize, value: f32, expected: Option<(f32, f32)>| {
            let mut values = vec![0.5f32; 37];
            values[position] = value;
            assert_eq!(finite_range(&values), expected, "{value} at {position}");
        };
        for position in [0, 15, 16, 31, 32, 36] {
            check(position, 2.0, Some((0.5, 2.0)));
            check(position, -3.0, Some((-3.0, 0.5)));
            check(position, f32::NAN, None);
            check(position, f32::INFINITY, None);
            check(position, f32::NEG_INFINITY, None);
        }
    }
}
