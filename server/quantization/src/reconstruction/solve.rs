//! Linear least squares with a pull towards zero (ridge regression).

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2};

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
        for pivot in 0..size {
            rows[pivot * size + pivot] += ridge;
        }
        for pivot in 0..size {
            let (done, below) = rows.split_at_mut((pivot + 1) * size);
            let row = &mut done[pivot * size..];
            let root = row[pivot].sqrt();
            if !(root > 0.0 && root.is_finite()) {
                return None;
            }
            row[pivot..].iter_mut().for_each(|entry| *entry /= root);
            for (offset, other) in below.chunks_exact_mut(size).enumerate() {
                let column = pivot + 1 + offset;
                let factor = row[column];
                for (entry, above) in other[column..].iter_mut().zip(&row[column..]) {
                    *entry -= factor * above;
                }
            }
        }
        Some(Self { rows, size })
    }

    /// Solves `(moments + ridge I) x = right`.
    pub(super) fn solve(&self, right: &[f64]) -> Vec<f64> {
        let size = self.size;
        let row = |pivot: usize| &self.rows[pivot * size..][..size];
        let mut x = right.to_vec();
        for pivot in 0..size {
            let row = row(pivot);
            let value = x[pivot] / row[pivot];
            x[pivot] = value;
            for (x, entry) in x[pivot + 1..].iter_mut().zip(&row[pivot + 1..]) {
                *x -= value * entry;
            }
        }
        for pivot in (0..size).rev() {
            let row = row(pivot);
            let behind = x[pivot + 1..].iter().zip(&row[pivot + 1..]);
            let known: f64 = behind.map(|(x, entry)| x * entry).sum();
            x[pivot] = (x[pivot] - known) / row[pivot];
        }
        x
    }
}

/// The products `rows' rows / count` of a matrix with rows of a size.
pub(super) fn moments(rows: &[f32], size: usize) -> Vec<f32> {
    let count = rows.len() / size.max(1);
    let mut products = vec![0.0; size * size];
    let share = 1.0 / count.max(1) as f32;
    let rows = ArrayView2::from_shape((count, size), rows);
    let into = ArrayViewMut2::from_shape((size, size), &mut products);
    if let (Ok(rows), Ok(mut into)) = (rows, into) {
        general_mat_mul(share, &rows.t(), &rows, 0.0, &mut into);
    }
    products
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_solution_solves() {
        const SIZE: usize = 7;
        let value = |seed: usize| ((seed * 7919 + 13) % 101) as f32 / 101.0 - 0.4;
        let rows: Vec<f32> = (0..SIZE * 20).map(value).collect();
        let moments = moments(&rows, SIZE);
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
