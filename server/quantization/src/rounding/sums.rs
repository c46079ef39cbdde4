use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2};

use crate::patches::PatchLayout;

/// Sums of the products of a layer's inputs.
#[derive(Debug, Default)]
pub(super) struct Sums {
    /// A square matrix for each group of input channels; nothing before the first patch.
    products: Vec<f32>,
}

impl Sums {
    /// Adds patches, group by group.
    pub(super) fn add(&mut self, layout: &PatchLayout, patches: &[f32]) {
        let (size, groups) = (layout.size(), layout.groups());
        let count = patches.len() / (size * groups);
        if count == 0 {
            return;
        }
        self.products.resize(layout.entries(), 0.0);
        let groups = patches.chunks_exact(count * size);
        for (patches, sums) in groups.zip(self.products.chunks_exact_mut(size * size)) {
            let patches = ArrayView2::from_shape((count, size), patches);
            let sums = ArrayViewMut2::from_shape((size, size), sums);
            // The chunks have just these lengths.
            if let (Ok(patches), Ok(mut sums)) = (patches, sums) {
                general_mat_mul(1.0, &patches.t(), &patches, 1.0, &mut sums);
            }
        }
    }

    /// The matrix of a group of input channels, with as many rows as a patch has values. `None` where
    /// nothing was seen.
    pub(super) fn products(&self, size: usize, group: usize) -> Option<&[f32]> {
        self.products.chunks_exact(size * size).nth(group)
    }
}
