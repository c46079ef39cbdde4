//! Operands of a concatenation share one scale, which suits only those with a similar range.

use std::collections::HashMap;

use configuration::Code;
use graph::{Node, Op, TensorId};
use localization::{phrase, text};
use quantization::moves_values;

use crate::evidence::Evidence;
use crate::overrides;
use crate::words::{figure, reach};
use crate::{Proposal, advice};

/// Ranges of the operands may differ by this factor (the toolkit's judge).
const LARGEST_RATIO: f64 = 16.0;

/// A branch that its concatenation leaves few levels.
struct Starved {
    concatenation: String,
    branch: String,
    /// How far the branch reaches, and how far the concatenation does.
    reach: [f64; 2],
}

pub(crate) fn advise(evidence: &Evidence) -> Vec<Proposal> {
    let producers = evidence.producers();
    let mut found: Vec<Starved> = evidence
        .graph
        .nodes()
        .iter()
        .filter(|node| matches!(node.op, Op::Concatenate { .. }))
        .flat_map(|node| starved(evidence, &producers, node))
        .collect();
    found.sort_by(|a, b| {
        let ratio = |starved: &Starved| starved.reach[1] / starved.reach[0];
        ratio(b).total_cmp(&ratio(a))
    });
    let Some(worst) = found.first() else {
        return Vec::new();
    };
    let branches: Vec<String> = found.iter().map(|starved| starved.branch.clone()).collect();
    let mut joined: Vec<String> = Vec::new();
    for starved in &found {
        if !joined.contains(&starved.concatenation) {
            joined.push(starved.concatenation.clone());
        }
    }
    let value = overrides::wide(evidence, &joined);
    let (key, help) = match value {
        Some(_) => (
            overrides::OVERRIDES,
            phrase!("give the concatenation 16 bits in `overrides`"),
        ),
        None => (
            "source_keras_model",
            phrase!("bring the branches of the concatenation to similar ranges"),
        ),
    };
    let [small, large] = worst.reach;
    let message = text!(
        "{branches} to {small} where {joined} reaches to {large}, {times} times as far, so that one scale for both leaves it {levels:.0} of 256 levels; {help}",
        branches = reach(&branches),
        small = figure(small),
        joined = configuration::list([worst.concatenation.as_str()], 1),
        large = figure(large),
        times = figure(large / small),
        levels = (256.0 * small / large).max(1.0),
    );
    vec![advice(
        Code::UnbalancedConcatenation,
        branches,
        key,
        value,
        message,
    )]
}

fn starved(evidence: &Evidence, producers: &HashMap<TensorId, &Node>, node: &Node) -> Vec<Starved> {
    let reach = |tensor: TensorId| {
        let source = observed(evidence, producers, tensor)?;
        let seen = evidence.statistics.tensor(source)?;
        Some(f64::from(seen.max.max(-seen.min)))
    };
    let Some(stored) = evidence.stored(node.output) else {
        return Vec::new();
    };
    let representable = stored.range[1].max(-stored.range[0]);
    let operands: Vec<(TensorId, f64)> = node
        .inputs
        .iter()
        .filter_map(|&tensor| Some((tensor, reach(tensor)?)))
        .collect();
    // What is cut off needs no levels.
    let largest = operands
        .iter()
        .fold(0.0f64, |largest, &(_, reach)| largest.max(reach))
        .min(representable);
    operands
        .into_iter()
        .filter(|&(_, reach)| reach > 0.0 && largest > LARGEST_RATIO * reach)
        .filter_map(|(tensor, reach)| {
            Some(Starved {
                concatenation: node.name.clone(),
                branch: producers.get(&tensor)?.name.clone(),
                reach: [reach, largest],
            })
        })
        .collect()
}

/// The tensor that was observed in place of one that only repeats its values.
fn observed(
    evidence: &Evidence,
    producers: &HashMap<TensorId, &Node>,
    mut tensor: TensorId,
) -> Option<TensorId> {
    while evidence.statistics.tensor(tensor).is_none() {
        let producer = producers.get(&tensor)?;
        tensor = *producer
            .inputs
            .first()
            .filter(|_| moves_values(&producer.op))?;
    }
    Some(tensor)
}
