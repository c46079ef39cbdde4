//! Separable resampling: along the rows first, then down the columns.

use std::borrow::Cow;

use super::geometry::Placement;
use super::kernel::Kernel;
use super::{Fit, Interpolation, Resize};
use crate::DecodedImage;

/// Resizes `image` into `output`, `[height, width, CHANNELS]` grey levels, all zero before; what
/// the picture does not cover stays zero.
///
/// One source row at a time is filtered and added to the output rows that it belongs to, so the
/// memory taken does not depend on the picture's size.
pub(super) fn resample<const CHANNELS: usize>(
    image: &DecodedImage,
    resize: &Resize,
    [height, width]: [usize; 2],
    output: &mut [f32],
) {
    let [down, across] = resize
        .fit
        .place([image.height(), image.width()], [height, width]);
    let kernel = |source: usize, placement: Placement| {
        Kernel::new(source, placement, resize.interpolation, resize.antialias)
    };
    let rows = kernel(image.height(), down);
    let columns = kernel(image.width(), across);

    let row_length = width * CHANNELS;
    let covered = across.offset * CHANNELS..(across.offset + across.length) * CHANNELS;
    let mut output_rows: Vec<&mut [f32]> = output
        .chunks_exact_mut(row_length)
        .skip(down.offset)
        .take(down.length)
        .map(|row| &mut row[covered.clone()])
        .collect();

    let source_rows = image
        .pixels()
        .chunks_exact(image.width() * image.channels());
    let mut filtered = vec![0.0; covered.len()];
    let mut first = 0;
    for (position, source_row) in source_rows.enumerate() {
        let pending = rows.windows().get(first..).unwrap_or_default();
        first += pending
            .iter()
            .take_while(|window| window.end <= position)
            .count();
        let active = rows.windows()[first..]
            .iter()
            .take_while(|window| window.start <= position)
            .count();
        if active == 0 {
            continue;
        }
        let source_row = convert::<CHANNELS>(source_row, image.channels());
        filter_row::<CHANNELS>(&source_row, &columns, &mut filtered);
        if resize.rounds() {
            round_to_levels(&mut filtered);
        }
        for (window, sum) in rows.windows()[first..first + active]
            .iter()
            .zip(&mut output_rows[first..first + active])
        {
            let weight = rows.weights(*window)[position - window.start];
            for (sum, value) in sum.iter_mut().zip(&filtered) {
                *sum += weight * value;
            }
        }
    }
    if resize.rounds() {
        for row in output_rows {
            round_to_levels(row);
        }
    }
}

/// The levels of a picture stretched to `[height, width]`, with as many channels as it has; every
/// level is the mean of the area that its pixel covers.
pub(crate) fn shrink(image: &DecodedImage, [height, width]: [usize; 2]) -> Vec<f32> {
    let resize = Resize {
        fit: Fit::Stretch,
        interpolation: Interpolation::Area,
        antialias: false,
    };
    let mut levels = vec![0.0; height * width * image.channels()];
    match image.channels() {
        1 => resample::<1>(image, &resize, [height, width], &mut levels),
        _ => resample::<3>(image, &resize, [height, width], &mut levels),
    }
    levels
}

/// A row with the wanted number of channels: luma of RGB, or grey three times.
fn convert<const CHANNELS: usize>(row: &[u8], channels: usize) -> Cow<'_, [u8]> {
    match (channels, CHANNELS) {
        (3, 1) => Cow::Owned(row.as_chunks().0.iter().map(luma).collect()),
        (1, 3) => Cow::Owned(row.iter().flat_map(|&grey| [grey; 3]).collect()),
        _ => Cow::Borrowed(row),
    }
}

/// ITU-R BT.601 luma in 16-bit fixed point, the same levels as Pillow's `convert("L")`.
fn luma(&[red, green, blue]: &[u8; 3]) -> u8 {
    let sum = 19_595 * u32::from(red) + 38_470 * u32::from(green) + 7_471 * u32::from(blue);
    ((sum + (1 << 15)) >> 16) as u8
}

fn filter_row<const CHANNELS: usize>(row: &[u8], columns: &Kernel, filtered: &mut [f32]) {
    let (pixels, _) = row.as_chunks::<CHANNELS>();
    let (filtered, _) = filtered.as_chunks_mut::<CHANNELS>();
    for (&window, value) in columns.windows().iter().zip(filtered) {
        let mut sum = [0.0; CHANNELS];
        let covered = &pixels[window.start..window.end];
        for (pixel, &weight) in covered.iter().zip(columns.weights(window)) {
            for (sum, &level) in sum.iter_mut().zip(pixel) {
                *sum += weight * f32::from(level);
            }
        }
        *value = sum;
    }
}

/// Rounds half up to whole levels from 0 to 255, as 8-bit pixels would hold them.
fn round_to_levels(values: &mut [f32]) {
    for value in values {
        *value = f32::from((*value + 0.5) as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luma_of_primaries() {
        let check = |rgb: [u8; 3], expected: u8| assert_eq!(luma(&rgb), expected);
        check([0, 0, 0], 0);
        check([255, 255, 255], 255);
        check([255, 0, 0], 76);
        check([0, 255, 0], 150);
        check([0, 0, 255], 29);
    }

    #[test]
    fn rounding_clips_overshoot() {
        let mut values = [-3.0, 0.49, 0.5, 127.5, 254.6, 300.0];
        round_to_levels(&mut values);
        assert_eq!(values, [0.0, 0.0, 1.0, 128.0, 255.0, 255.0]);
    }
}
