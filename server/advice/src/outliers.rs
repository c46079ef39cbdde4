//! A few values far outside the bulk hold a range much wider than the others need.

use configuration::Code;
use localization::{phrase, text};
use quantization::TensorStatistics;
use serde_json::json;

use crate::evidence::{Evidence, Stored};
use crate::overrides;
use crate::words::{figure, names, percent};
use crate::{Proposal, advice};

/// Distances from the mean, in standard deviations, beyond which values may be outliers, the most
/// cautious first (the range that the toolkit's troubleshooting page recommends; its judge takes 5).
const DISTANCES: [f64; 7] = [20.0, 16.0, 12.0, 10.0, 8.0, 6.0, 5.0];

/// The range is so many times as wide as the others need: two of eight bits are lost.
const WIDER: f64 = 4.0;

/// Outliers are at most this share of the values.
const LARGEST_SHARE: f64 = 1e-3;

/// Where the others are this far above the noise (dB), the width does no harm.
const ENOUGH: f64 = 30.0;

/// An outlier in a tensor.
struct Outlier {
    /// Least distance at which only outliers are cut off.
    distance: f64,
    /// Share of the values beyond it.
    share: f64,
    /// How far the range reaches, and how far it would have to.
    reach: [f64; 2],
}

pub(crate) fn advise(evidence: &Evidence) -> Vec<Proposal> {
    let producers = evidence.producers();
    let mut found: Vec<(String, Outlier)> = evidence
        .activations()
        .filter_map(|(tensor, name, seen, stored)| {
            let present = match producers.get(&tensor) {
                Some(node) => evidence.options.layer(node).activations,
                None => evidence.options.input(name),
            };
            let outlier = outlier(seen, stored, present.z_threshold)?;
            Some((name.to_owned(), outlier))
        })
        .collect();
    found.sort_by(|(_, a), (_, b)| {
        let wider = |outlier: &Outlier| outlier.reach[0] / outlier.reach[1];
        wider(b).total_cmp(&wider(a))
    });
    let Some((_, worst)) = found.first() else {
        return Vec::new();
    };
    let [reach, needed] = worst.reach.map(figure);
    let share = percent(worst.share);
    let layers: Vec<String> = found.iter().map(|(name, _)| name.clone()).collect();
    let seen = text!(
        "the range of {layers} reaches to {reach} for {share} of the values, where the others end at {needed}, which leaves these few levels",
        layers = names(&layers)
    );
    let mut options = evidence.options.clone();
    let (key, value, help) = if overrides::exist() {
        for (name, outlier) in &found {
            let changes = options.layers.entry(name.clone()).or_default();
            changes.z_threshold = Some(outlier.distance);
        }
        let help = text!(
            "set `z_threshold` for {layers} in `overrides`, so that the far values do not count",
            layers = match layers.len() {
                1 => phrase!("this layer"),
                _ => phrase!("these layers"),
            }
        );
        let distances = found
            .into_iter()
            .map(|(name, outlier)| (outlier.distance as u64, name));
        let value = overrides::with_entries(evidence, "z_threshold", distances);
        (overrides::OVERRIDES, value, help)
    } else {
        let distance = worst.distance;
        options.activations.z_threshold = distance;
        let help = text!("set `z_threshold` to {distance}, so that the far values do not count");
        ("quantization.z_threshold", json!(distance as u64), help)
    };
    let message = text!("{seen}; {help}");
    let proposal = advice(Code::ActivationOutliers, layers, key, value, message);
    // Few values may decide all the same.
    vec![proposal.if_better(options)]
}

/// The outliers of a tensor at the largest distance that tells them from the rest.
fn outlier(seen: &TensorStatistics, stored: Stored, present: f64) -> Option<Outlier> {
    let total: f64 = seen.histogram.counts.iter().sum();
    let magnitude = |low: f64, high: f64| low.abs().max(high.abs());
    let farthest = magnitude(f64::from(seen.min), f64::from(seen.max));
    let reach = magnitude(stored.range[0], stored.range[1]).min(farthest);
    DISTANCES
        .into_iter()
        .filter(|&distance| distance < present)
        .find_map(|distance| {
            let bulk = seen.histogram.without_outliers(distance);
            let share = 1.0 - bulk.counts.iter().sum::<f64>() / total;
            let (low, high) = bulk.extent()?;
            let needed = magnitude(low.min(0.0), high.max(0.0));
            let mean_square = bulk
                .counts
                .iter()
                .zip(bulk.edges.windows(2))
                .map(|(count, edges)| count * (edges[0] + edges[1]).powi(2) / 4.0)
                .sum::<f64>()
                / total;
            let noise = stored.scale * stored.scale / 12.0;
            let audible = 10.0 * (mean_square / noise).log10() < ENOUGH;
            (share > 0.0 && share <= LARGEST_SHARE && reach >= WIDER * needed && audible).then_some(
                Outlier {
                    distance,
                    share,
                    reach: [reach, needed],
                },
            )
        })
}
