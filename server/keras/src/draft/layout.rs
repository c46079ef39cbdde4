use graph::Constant;
use ndarray::{ArcArray, IxDyn};

/// How a Keras weight is laid out; [`graph::Op`] documents what it becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Layout {
    /// Stays as it is.
    Keras,
    /// `[height, width, in, out]` becomes `[out, height, width, in]`.
    Convolution,
    /// `[height, width, channels, multiplier]` becomes `[1, height, width, channels * multiplier]`.
    Depthwise,
    /// `[height, width, out, in]` becomes `[out, height, width, in]`.
    TransposeConvolution,
    /// `[in, out]` becomes `[out, in]`.
    Transposed,
}

impl Layout {
    /// Shape of the constant made from a Keras weight; `None` when the rank does not fit.
    pub(crate) fn shape(self, keras: &[usize]) -> Option<Vec<usize>> {
        match (self, keras) {
            (Layout::Keras, shape) => Some(shape.to_vec()),
            (Layout::Convolution, &[height, width, inputs, outputs])
            | (Layout::TransposeConvolution, &[height, width, outputs, inputs]) => {
                Some(vec![outputs, height, width, inputs])
            }
            (Layout::Depthwise, &[height, width, channels, multiplier]) => {
                Some(vec![1, height, width, channels.checked_mul(multiplier)?])
            }
            (Layout::Transposed, &[inputs, outputs]) => Some(vec![outputs, inputs]),
            _ => None,
        }
    }

    /// Rearranges a Keras weight in row-major order; `None` when values and shape do not fit.
    pub(crate) fn convert(self, values: Vec<f32>, keras: &[usize]) -> Option<Constant> {
        let shape = self.shape(keras)?;
        let values = match (self, keras) {
            (Layout::Convolution, &[.., columns]) | (Layout::Transposed, &[_, columns]) => {
                transpose(&values, columns)
            }
            (Layout::TransposeConvolution, &[height, width, outputs, inputs]) => {
                let rows = height.checked_mul(width)?;
                swap_outer_axes(&values, rows, outputs, inputs)
            }
            _ => values,
        };
        ArcArray::from_shape_vec(IxDyn(&shape), values).ok()
    }
}

/// Edge of the blocks that are transposed at a time; two of them fit the first-level cache.
const BLOCK: usize = 32;

/// Transposes a matrix with the given number of columns.
fn transpose(values: &[f32], columns: usize) -> Vec<f32> {
    let rows = values.len().checked_div(columns).unwrap_or(0);
    if rows <= 1 || columns <= 1 {
        return values.to_vec();
    }
    let mut transposed = vec![0.0; values.len()];
    for (band_index, band) in transposed.chunks_mut(BLOCK * rows).enumerate() {
        let first_column = band_index * BLOCK;
        for first_row in (0..rows).step_by(BLOCK) {
            let last_row = rows.min(first_row + BLOCK);
            for (offset, target) in band.chunks_exact_mut(rows).enumerate() {
                let source = values
                    .iter()
                    .skip(first_row * columns + first_column + offset)
                    .step_by(columns);
                for (element, &value) in target[first_row..last_row].iter_mut().zip(source) {
                    *element = value;
                }
            }
        }
    }
    transposed
}

/// Turns `[a, b, c]` into `[b, a, c]`.
fn swap_outer_axes(values: &[f32], a: usize, b: usize, c: usize) -> Vec<f32> {
    let mut swapped = Vec::with_capacity(values.len());
    for j in 0..b {
        for i in 0..a {
            let start = (i * b + j) * c;
            swapped.extend_from_slice(values.get(start..start + c).unwrap_or(&[]));
        }
    }
    swapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_moves_each_element_to_its_place() {
        type Index = fn(&[usize]) -> Vec<usize>;
        let check = |layout: Layout, keras: &[usize], place: Index| {
            let count: usize = keras.iter().product();
            let values: Vec<f32> = (0..count).map(|value| value as f32).collect();
            let constant = layout.convert(values, keras).unwrap();
            assert_eq!(Some(constant.shape().to_vec()), layout.shape(keras));
            let source = ndarray::indices(IxDyn(keras));
            for (value, index) in source.into_iter().enumerate() {
                let target = place(ndarray::Dimension::slice(&index));
                assert_eq!(
                    constant[IxDyn(&target)],
                    value as f32,
                    "{layout:?} {index:?}"
                );
            }
        };
        check(Layout::Keras, &[2, 3], |i| i.to_vec());
        check(Layout::Transposed, &[45, 70], |i| vec![i[1], i[0]]);
        check(Layout::Transposed, &[1, 7], |i| vec![i[1], i[0]]);
        check(Layout::Convolution, &[3, 2, 5, 40], |i| {
            vec![i[3], i[0], i[1], i[2]]
        });
        check(Layout::Depthwise, &[3, 2, 4, 2], |i| {
            vec![0, i[0], i[1], i[2] * 2 + i[3]]
        });
        check(Layout::TransposeConvolution, &[3, 2, 4, 5], |i| {
            vec![i[2], i[0], i[1], i[3]]
        });
    }
}
