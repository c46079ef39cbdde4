//! Moments of the channels of a tensor.

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

    pub(crate) fn add(&mut self, values: &[f32], weight: u32) {
        let channels = self.sums.len().max(1);
        let weight = f64::from(weight);
        let mut partial = vec![0.0f32; channels];
        for rows in values.chunks(ROWS * channels) {
            let rows = rows.chunks_exact(channels);
            add_terms(rows.clone(), &mut partial, |value| value);
            join(&mut self.sums, &partial, weight);
            if !self.squares.is_empty() {
                add_terms(rows.clone(), &mut partial, |value| value * value);
                join(&mut self.squares, &partial, weight);
            }
            if !self.smallest.is_empty() {
                extend(rows, &mut self.smallest, &mut self.largest);
            }
        }
        self.count += (values.len() / channels) as f64 * weight;
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

/// The sums of a function of the values in each channel. Not inlined into a larger loop, where
/// compilers give up on vectors.
#[inline(never)]
fn add_terms<'a>(
    rows: impl Iterator<Item = &'a [f32]>,
    partial: &mut [f32],
    term: impl Fn(f32) -> f32,
) {
    partial.fill(0.0);
    for row in rows {
        for (sum, &value) in partial.iter_mut().zip(row) {
            *sum += term(value);
        }
    }
}

fn join(totals: &mut [f64], partial: &[f32], weight: f64) {
    for (total, &partial) in totals.iter_mut().zip(partial) {
        *total += f64::from(partial) * weight;
    }
}

#[inline(never)]
fn extend<'a>(rows: impl Iterator<Item = &'a [f32]>, smallest: &mut [f32], largest: &mut [f32]) {
    for row in rows {
        for ((smallest, largest), &value) in smallest.iter_mut().zip(&mut *largest).zip(row) {
            *smallest = if value < *smallest { value } else { *smallest };
            *largest = if value > *largest { value } else { *largest };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_count_weights() {
        let mut sums = ChannelSums::new(2, true, true);
        sums.add(&[1.0, 10.0, 3.0, 30.0], 1);
        sums.add(&[8.0, 80.0], 2);
        let moments = sums.moments();
        assert_eq!(moments.means, [5.0, 50.0]);
        assert_eq!(moments.variances, [9.5, 950.0]);
        let mut other = ChannelSums::new(2, true, true);
        other.add(&[5.0, 50.0], 4);
        sums.merge(&other);
        assert_eq!(moments.ranges, [[1.0, 8.0], [10.0, 80.0]]);
        assert_eq!(sums.moments().means, [5.0, 50.0]);
        assert_eq!(sums.moments().variances, [4.75, 475.0]);
        let mut means = ChannelSums::new(1, false, false);
        means.add(&[1.0, 3.0], 1);
        assert_eq!(means.moments().means, [2.0]);
        assert!(means.moments().variances.is_empty());
        assert!(means.moments().ranges.is_empty());
    }
}
