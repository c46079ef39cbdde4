/// Number of bins of a [`Histogram`], as in Sony's Model Compression Toolkit.
pub(super) const BINS: usize = 2048;

/// Counts over equal bins between the smallest and the largest value seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// Bin edges, ascending; one more than there are counts.
    pub edges: Vec<f64>,
    /// Number of values in each bin; fractions arise when counts move to other edges.
    pub counts: Vec<f64>,
}

impl Histogram {
    /// Counts finite values in 2048 equal bins between the smallest and the largest.
    pub(crate) fn of(values: &[f32]) -> Self {
        let (min, max) = values
            .iter()
            .fold((f32::INFINITY, f32::NEG_INFINITY), |(min, max), &value| {
                (min.min(value), max.max(value))
            });
        let edges = edges(f64::from(min), f64::from(max));
        let (first, width) = (edges[0], edges[1] - edges[0]);
        let mut counts = vec![0.0; BINS];
        for &value in values {
            let bin = (f64::from(value) - first) / width;
            count(&mut counts, bin as usize, 1.0);
        }
        Self {
            edges: edges.to_vec(),
            counts,
        }
    }

    /// Equal bins over `[min, max]` that nothing was counted in.
    pub(crate) fn empty(min: f64, max: f64) -> Self {
        Self {
            edges: edges(min, max).to_vec(),
            counts: vec![0.0; BINS],
        }
    }

    /// Moves counts to 2048 equal bins over `[min, max]`, by linear interpolation of the
    /// cumulative counts.
    pub(crate) fn with_range(&self, min: f64, max: f64) -> Self {
        let edges = edges(min, max);
        let mut bins = self.bins().peekable();
        let mut below = 0.0;
        let mut cumulative = |edge: f64| {
            while let Some((_, count)) = bins.next_if(|([_, end], _)| *end <= edge) {
                below += count;
            }
            match bins.peek() {
                Some(([start, end], count)) if edge > *start => {
                    below + count * (edge - start) / (end - start)
                }
                _ => below,
            }
        };
        let total: f64 = self.counts.iter().sum();
        let mut previous = 0.0;
        let mut counts = Vec::with_capacity(BINS);
        for &edge in edges.iter().take(BINS).skip(1) {
            let next = cumulative(edge);
            counts.push(next - previous);
            previous = next;
        }
        // Whatever the interpolation put outside the range belongs to the outermost bins.
        counts.push(total - previous);
        Self {
            edges: edges.to_vec(),
            counts,
        }
    }

    /// Both edges and the count of each bin.
    pub(super) fn bins(&self) -> impl Iterator<Item = ([f64; 2], f64)> {
        let ends = self.edges.iter().zip(self.edges.iter().skip(1));
        let bins = ends.zip(&self.counts);
        bins.map(|((&start, &end), &count)| ([start, end], count))
    }
}

/// Adds to the count of a bin, or of the last one where there is no such bin.
pub(super) fn count(counts: &mut [f64], bin: usize, amount: f64) {
    let last = counts.len().saturating_sub(1);
    if let Some(count) = counts.get_mut(bin.min(last)) {
        *count += amount;
    }
}

/// Edges of equal bins over `[min, max]`; a single value gets a range of one around it.
pub(super) fn edges(min: f64, max: f64) -> [f64; BINS + 1] {
    let (min, max) = if min < max {
        (min, max)
    } else {
        (min - 0.5, max + 0.5)
    };
    let width = (max - min) / BINS as f64;
    std::array::from_fn(|bin| match bin {
        BINS => max,
        bin => min + bin as f64 * width,
    })
}
