use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// One calibration image and how often it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Index into the list of images.
    pub image: usize,
    /// Number of times it was drawn, at least one.
    pub weight: u32,
}

/// Draws `samples` images out of `images` with a seeded generator: every image once before any is
/// drawn twice. Samples come in the order of the images; preprocessing is deterministic, so an
/// image that is drawn twice need not be run twice.
pub fn draw_samples(images: usize, samples: usize, seed: u64) -> Vec<Sample> {
    if images == 0 {
        return Vec::new();
    }
    let rounds = u32::try_from(samples / images).unwrap_or(u32::MAX);
    let mut weights = vec![rounds; images];
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    for image in choose(&mut generator, images, samples % images) {
        if let Some(weight) = weights.get_mut(image) {
            *weight = weight.saturating_add(1);
        }
    }
    weights
        .into_iter()
        .enumerate()
        .filter(|&(_, weight)| weight > 0)
        .map(|(image, weight)| Sample { image, weight })
        .collect()
}

/// Draws `count` of the numbers below `all` without putting any back.
pub(crate) fn choose(generator: &mut ChaCha8Rng, all: usize, count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..all).collect();
    for position in 0..count {
        let chosen = position + below(generator, all - position);
        order.swap(position, chosen);
    }
    order.truncate(count);
    order
}

/// A uniform index below `bound` (rejection of the incomplete last interval).
fn below(generator: &mut ChaCha8Rng, bound: usize) -> usize {
    let bound = bound as u64;
    let limit = u64::MAX - u64::MAX % bound;
    loop {
        let value = generator.next_u64();
        if value < limit {
            return (value % bound) as usize;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_image_is_used_before_any_is_used_twice() {
        let check = |images: usize, samples: usize| {
            let drawn = draw_samples(images, samples, 3);
            let total: usize = drawn.iter().map(|sample| sample.weight as usize).sum();
            assert_eq!(total, samples);
            assert_eq!(drawn.len(), images.min(samples));
            let weights = drawn.iter().map(|sample| sample.weight);
            let spread = weights.clone().max().unwrap() - weights.min().unwrap();
            assert!(spread <= 1);
            assert!(drawn.windows(2).all(|pair| pair[0].image < pair[1].image));
        };
        check(300, 500);
        check(300, 300);
        check(300, 10);
        check(7, 100);
        check(1, 1);
    }

    #[test]
    fn the_seed_decides() {
        assert_eq!(draw_samples(100, 20, 1), draw_samples(100, 20, 1));
        assert_ne!(draw_samples(100, 20, 1), draw_samples(100, 20, 2));
    }

    #[test]
    fn no_images_give_no_samples() {
        assert_eq!(draw_samples(0, 20, 1), []);
    }
}
