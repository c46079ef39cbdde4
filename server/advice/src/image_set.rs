//! What is known of the images of a folder.

/// Mean and standard deviation of each channel of one image, prepared for the model.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ImageMoments {
    /// Mean of each channel.
    pub means: Vec<f64>,
    /// Standard deviation of each channel.
    pub deviations: Vec<f64>,
}

impl ImageMoments {
    /// The moments of an input in the order rows, columns, `channels`.
    pub fn of(input: &[f32], channels: usize) -> Self {
        let count = (input.len() / channels.max(1)).max(1) as f64;
        let mut sums = vec![0.0f64; channels];
        let mut squares = vec![0.0f64; channels];
        for pixel in input.chunks_exact(channels.max(1)) {
            for ((sum, square), &value) in sums.iter_mut().zip(&mut squares).zip(pixel) {
                let value = f64::from(value);
                *sum += value;
                *square += value * value;
            }
        }
        let means: Vec<f64> = sums.iter().map(|sum| sum / count).collect();
        let deviations = squares
            .iter()
            .zip(&means)
            .map(|(square, mean)| (square / count - mean * mean).max(0.0).sqrt())
            .collect();
        Self { means, deviations }
    }
}

/// What is known of some images of a folder.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ImageSet {
    /// Moments of each image.
    pub moments: Vec<ImageMoments>,
    /// The class that the float model names for each image; empty where it was not asked.
    pub answers: Vec<usize>,
}

impl ImageSet {
    /// Over the images, of one number each: mean and variance.
    pub(crate) fn spread(&self, value: impl Fn(&ImageMoments) -> f64) -> (f64, f64) {
        let count = self.moments.len().max(1) as f64;
        let mean = self.moments.iter().map(&value).sum::<f64>() / count;
        let square = |moments| (value(moments) - mean).powi(2);
        let variance = self.moments.iter().map(square).sum::<f64>() / count;
        (mean, variance)
    }

    /// Mean and standard deviation of a channel over all pixels.
    pub(crate) fn channel(&self, channel: usize) -> (f64, f64) {
        let (mean, between) = self.spread(|image| image.means[channel]);
        let (within, _) = self.spread(|image| image.deviations[channel].powi(2));
        (mean, (between + within).sqrt())
    }

    /// Number of channels.
    pub(crate) fn channels(&self) -> usize {
        self.moments.first().map_or(0, |image| image.means.len())
    }
}
