//! Moments of the channels of a tensor.

use std::borrow::Cow;

/// Mean and variance of the channels of a tensor, over all positions and images.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChannelMoments {
    /// Mean of each channel.
    pub means: Vec<f64>,
    /// Variance of each channel; empty where it was not asked for.
    pub variances: Vec<f64>,
    /// Smallest and largest value in each channel; empty where they were not asked for.
    pub ranges: Vec<[f64; 2]>,
}

impl ChannelMoments {
    /// The moments after each channel has become `(x - offset) / scale`, and no value more than
    /// `ceiling`. A flattened map has its channels one after the other at each position.
    pub(super) fn mapped(&self, offset: &[f64], scale: &[f64], ceiling: f64) -> Self {
        let maps = || offset.iter().cycle().zip(scale.iter().cycle());
        let now =
            |value: f64, (offset, scale): (&f64, &f64)| ((value - offset) / scale).min(ceiling);
        let (means, variances) = (self.means.iter(), self.variances.iter());
        let ranges = self.ranges.iter();
        Self {
            means: means
                .zip(maps())
                .map(|(&mean, map)| now(mean, map))
                .collect(),
            variances: variances
                .zip(maps())
                .map(|(variance, (_, scale))| variance / scale.powi(2))
                .collect(),
            ranges: ranges
                .zip(maps())
                .map(|(range, map)| range.map(|end| now(end, map)))
                .collect(),
        }
    }

    /// Smallest and largest value of all channels.
    pub(super) fn extent(&self) -> (f64, f64) {
        let low = self.ranges.iter().map(|[low, _]| *low);
        let high = self.ranges.iter().map(|[_, high]| *high);
        (
            low.fold(f64::INFINITY, f64::min),
            high.fold(f64::NEG_INFINITY, f64::max),
        )
    }
}

/// Sums over each channel and the number of positions.
#[derive(Debug, Clone)]
pub(crate) struct ChannelSums {
    sums: Vec<f64>,
    /// Sums of squares; empty where no variance is asked for.
    squares: Vec<f64>,
    /// Smallest and largest values; empty where none are asked for.
    smallest: Vec<f32>,
    largest: Vec<f32>,
    count: f64,
}

/// Rows summed in `f32` before they join the `f64` total: short enough to lose nothing that
/// matters, long enough to be cheap.
const ROWS: usize = 32;

impl ChannelSums {
    pub(crate) fn new(channels: usize, variances: bool, ranges: bool) -> Self {
        Self {
            sums: vec![0.0; channels],
            squares: vec![0.0; if variances { channels } else { 0 }],
            smallest: vec![f32::INFINITY; if ranges { channels } else { 0 }],
            largest: vec![f32::NEG_INFINITY; if ranges { channels } else { 0 }],
            count: 0.0,
        }
    }

    /// Takes in the values of a sample. Whether all are finite; the sums are of no use otherwise.
    #[must_use]
    pub(crate) fn add(&mut self, values: &[f32], weight: u32) -> bool {
        let channels = self.sums.len().max(1);
        let weight = f64::from(weight);
        let mut partial = vec![0.0f32; channels];
        let mut squares = vec![0.0f32; self.squares.len()];
        for rows in values.chunks(ROWS * channels) {
            partial.fill(0.0);
            squares.fill(0.0);
            for row in rows.chunks_exact(channels) {
                match (squares.is_empty(), self.smallest.is_empty()) {
                    (true, true) => sum(row, &mut partial),
                    (false, true) => sum_with_squares(row, &mut partial, &mut squares),
                    _ => sum_and_extend(
                        row,
                        &mut partial,
                        &mut squares,
                        &mut self.smallest,
                        &mut self.largest,
                    ),
                }
            }
            // What is infinite or undefined stays so in a sum, which may overflow by itself, too.
            let finite = partial.iter().all(|sum| sum.is_finite());
            if !finite && rows.iter().any(|value| !value.is_finite()) {
                return false;
            }
            join(&mut self.sums, &partial, weight);
            join(&mut self.squares, &squares, weight);
        }
        self.count += (values.len() / channels) as f64 * weight;
        true
    }

    /// Smallest and largest value of each of so many channels, which a flattened map has one after
    /// the other at each position.
    pub(crate) fn extremes(&self, channels: usize) -> (Cow<'_, [f32]>, Cow<'_, [f32]>) {
        let fold = |values: &[f32], pick: fn(f32, f32) -> f32| -> Vec<f32> {
            let mut positions = values.chunks(channels.max(1));
            let mut all = positions.next().map_or_else(Vec::new, <[f32]>::to_vec);
            for position in positions {
                for (one, &other) in all.iter_mut().zip(position) {
                    *one = pick(*one, other);
                }
            }
            all
        };
        match self.smallest.len() == channels {
            true => ((&self.smallest).into(), (&self.largest).into()),
            false => (
                fold(&self.smallest, f32::min).into(),
                fold(&self.largest, f32::max).into(),
            ),
        }
    }

    /// Smallest and largest value of all; infinite the wrong way round where nothing was seen.
    pub(crate) fn extent(&self) -> (f32, f32) {
        let (smallest, largest) = (self.smallest.iter(), self.largest.iter());
        (
            smallest.copied().fold(f32::INFINITY, f32::min),
            largest.copied().fold(f32::NEG_INFINITY, f32::max),
        )
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (sum, other) in self.sums.iter_mut().zip(&other.sums) {
            *sum += other;
        }
        for (sum, other) in self.squares.iter_mut().zip(&other.squares) {
            *sum += other;
        }
        for (smallest, other) in self.smallest.iter_mut().zip(&other.smallest) {
            *smallest = smallest.min(*other);
        }
        for (largest, other) in self.largest.iter_mut().zip(&other.largest) {
            *largest = largest.max(*other);
        }
        self.count += other.count;
    }

    pub(crate) fn moments(&self) -> ChannelMoments {
        let count = self.count.max(1.0);
        let means: Vec<f64> = self.sums.iter().map(|sum| sum / count).collect();
        let squares = self.squares.iter().zip(&means);
        ChannelMoments {
            variances: squares
                .map(|(square, mean)| (square / count - mean * mean).max(0.0))
                .collect(),
            means,
            ranges: self
                .smallest
                .iter()
                .zip(&self.largest)
                .map(|(&smallest, &largest)| [smallest, largest].map(f64::from))
                .collect(),
        }
    }
}

// Not inlined into a larger loop, where compilers give up on vectors.
#[inline(never)]
fn sum(row: &[f32], sums: &mut [f32]) {
    for (sum, &value) in sums.iter_mut().zip(row) {
        *sum += value;
    }
}

#[inline(never)]
fn sum_with_squares(row: &[f32], sums: &mut [f32], squares: &mut [f32]) {
    for ((sum, square), &value) in sums.iter_mut().zip(squares).zip(row) {
        *sum += value;
        *square += value * value;
    }
}

fn join(totals: &mut [f64], partial: &[f32], weight: f64) {
    for (total, &partial) in totals.iter_mut().zip(partial) {
        *total += f64::from(partial) * weight;
    }
}

/// All at once, because memory is what takes time.
#[inline(never)]
fn sum_and_extend(
    row: &[f32],
    sums: &mut [f32],
    squares: &mut [f32],
    smallest: &mut [f32],
    largest: &mut [f32],
) {
    let moments = sums.iter_mut().zip(squares);
    let extremes = smallest.iter_mut().zip(largest);
    for (((sum, square), (smallest, largest)), &value) in moments.zip(extremes).zip(row) {
        *sum += value;
        *square += value * value;
        *smallest = if value < *smallest { value } else { *smallest };
        *largest = if value > *largest { value } else { *largest };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_count_weights() {
        let mut sums = ChannelSums::new(2, true, true);
        assert!(sums.add(&[1.0, 10.0, 3.0, 30.0], 1));
        assert!(sums.add(&[8.0, 80.0], 2));
        let moments = sums.moments();
        assert_eq!(moments.means, [5.0, 50.0]);
        assert_eq!(moments.variances, [9.5, 950.0]);
        let mut other = ChannelSums::new(2, true, true);
        assert!(other.add(&[5.0, 50.0], 4));
        sums.merge(&other);
        assert_eq!(moments.ranges, [[1.0, 8.0], [10.0, 80.0]]);
        assert_eq!(sums.moments().means, [5.0, 50.0]);
        assert_eq!(sums.moments().variances, [4.75, 475.0]);
        let mut means = ChannelSums::new(1, false, false);
        assert!(means.add(&[1.0, 3.0], 1));
        assert_eq!(means.moments().means, [2.0]);
        assert!(means.moments().variances.is_empty());
        assert!(means.moments().ranges.is_empty());
    }
}
