//! Linear least squares with a pull towards zero (ridge regression).

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2};

/// The lower triangle `L` of `L L' = moments + ridge I` (Cholesky), row by row.
pub(super) struct Factor {
    rows: Vec<f64>,
    size: usize,
}

impl Factor {
    /// `None` where the matrix is not positive definite.
    pub(super) fn new(moments: &[f32], size: usize, ridge: f64) -> Option<Self> {
        // The upper triangle R of R' R: its rows are updated as a whole, which is fast.
        let mut rows: Vec<f64> = moments.iter().map(|&entry| f64::from(entry)).collect();
        let diagonal = rows.iter_mut().step_by(size + 1);
        diagonal.for_each(|entry| *entry += ridge);
        let mut rest = rows.as_mut_slice();
        for pivot in 0..size {
            let (row, below) = rest.split_at_mut(size);
            let (_, row) = row.split_at_mut(pivot);
            let root = row.first()?.sqrt();
            if !(root > 0.0 && root.is_finite()) {
                return None;
            }
            row.iter_mut().for_each(|entry| *entry /= root);
            for (distance, other) in below.chunks_exact_mut(size).enumerate() {
                let (_, above) = row.split_at(distance + 1);
                let (_, other) = other.split_at_mut(pivot + distance + 1);
                let factor = *above.first()?;
                for (entry, above) in other.iter_mut().zip(above) {
                    *entry -= factor * above;
                }
            }
            rest = below;
        }
        Some(Self { rows, size })
    }

    /// Solves `(moments + ridge I) x = right`.
    pub(super) fn solve(&self, right: &[f64]) -> Vec<f64> {
        let mut x = right.to_vec();
        for (pivot, row) in self.upper() {
            let (_, x) = x.split_at_mut(pivot);
            if let (Some((diagonal, row)), Some((value, behind))) =
                (row.split_first(), x.split_first_mut())
            {
                *value /= diagonal;
                for (x, entry) in behind.iter_mut().zip(row) {
                    *x -= *value * entry;
                }
            }
        }
        for (pivot, row) in self.upper().rev() {
            let (_, x) = x.split_at_mut(pivot);
            if let (Some((diagonal, row)), Some((value, behind))) =
                (row.split_first(), x.split_first_mut())
            {
                let known: f64 = behind.iter().zip(row).map(|(x, entry)| x * entry).sum();
                *value = (*value - known) / diagonal;
            }
        }
        x
    }

    /// The rows from their diagonal on.
    fn upper(&self) -> impl DoubleEndedIterator<Item = (usize, &[f64])> {
        let rows = self.rows.chunks_exact(self.size.max(1)).enumerate();
        rows.map(|(pivot, row)| (pivot, row.split_at(pivot).1))
    }
}

/// The products `rows' rows / count` of a matrix with rows of a size; `None` where the last row is
/// not whole.
pub(super) fn moments(rows: &[f32], size: usize) -> Option<Vec<f32>> {
    let count = rows.len() / size.max(1);
    let share = 1.0 / count.max(1) as f32;
    let rows = ArrayView2::from_shape((count, size), rows).ok()?;
    let mut products = Array2::zeros((size, size));
    general_mat_mul(share, &rows.t(), &rows, 0.0, &mut products);
    Some(products.into_raw_vec_and_offset().0)
}

/// The inner product, in eight sums that fit in a register.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest = a.remainder().iter().zip(b.remainder());
    let rest: f32 = rest.map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_solution_solves() {
        const SIZE: usize = 7;
        let value = |seed: usize| ((seed * 7919 + 13) % 101) as f32 / 101.0 - 0.4;
        let rows: Vec<f32> = (0..SIZE * 20).map(value).collect();
        let moments = moments(&rows, SIZE).unwrap();
        for (at, &moment) in moments.iter().enumerate() {
            let products = rows
                .chunks_exact(SIZE)
                .map(|row| row[at / SIZE] * row[at % SIZE]);
            assert!((products.sum::<f32>() / 20.0 - moment).abs() < 1e-5);
        }
        let wanted: Vec<f64> = (0..SIZE).map(|tap| f64::from(value(tap + 3))).collect();
        let right: Vec<f64> = (0..SIZE)
            .map(|row| {
                let products = moments[row * SIZE..][..SIZE].iter().zip(&wanted);
                let sum: f64 = products.map(|(&m, x)| f64::from(m) * x).sum();
                sum + 0.5 * wanted[row]
            })
            .collect();
        let found = Factor::new(&moments, SIZE, 0.5).unwrap().solve(&right);
        for (found, wanted) in found.iter().zip(&wanted) {
            assert!((found - wanted).abs() < 1e-9);
        }
    }

    #[test]
    fn matrices_that_are_not_positive_have_no_factor() {
        assert!(Factor::new(&[0.0; 4], 2, 0.0).is_none());
        assert!(Factor::new(&[1.0, 2.0, 2.0, 1.0], 2, 0.1).is_none());
        assert!(Factor::new(&[f32::NAN; 4], 2, 0.1).is_none());
    }
}
