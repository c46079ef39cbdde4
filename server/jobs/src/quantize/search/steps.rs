//! The improvements, in the order in which they are tried.

use configuration::{Choice, Effort, ErrorMethod, QuantizationSettings};
use graph::Graph;
use graph::passes::channel_groups;
use quantization::{
    ActivationMethod, ActivationParameters, ChannelScales, Options, Statistics, SumScales,
    channel_centers, channel_scales,
};

use super::super::held_out::Expectation;
use super::{Plan, Progress, Search};
use crate::context::Context;
use crate::error::JobError;

/// Room that channels behind a clamp keep for values larger than calibration has seen.
const HEADROOMS: [f64; 2] = [4.0, 2.0];

/// Models that are tried at most, unless the effort is the greatest.
pub(super) const MOST_TRIALS: usize = 14;

/// What brings a clamp at six to eight, a power of two.
const BOUND: f64 = 6.0 / 8.0;

/// What the settings ask for in any case.
pub(super) fn demanded(search: &Search, options: Options) -> Plan {
    chosen(search, options, |choice| choice == Choice::On)
}

/// What the settings ask for, and what suits most models where they leave it open.
pub(super) fn preset(search: &Search, mut options: Options) -> Plan {
    if search.settings.quantization.sum_scales.is_none() {
        options.sum_scales = SumScales::Streams;
    }
    let mut plan = chosen(search, options, |choice| choice != Choice::Off);
    // These take more time or help few.
    let settings = &search.settings.quantization;
    plan.rounding = settings.weights_rounding_optimization == Choice::On;
    plan.second_moment = settings.weights_second_moment_correction == Choice::On;
    plan
}

fn chosen(search: &Search, options: Options, wanted: impl Fn(Choice) -> bool) -> Plan {
    let settings = &search.settings.quantization;
    let mut plan = Plan::new(options);
    if wanted(settings.cross_layer_equalization) {
        plan.centers = channel_centers(search.base, search.statistics);
        let [headroom, ..] = HEADROOMS;
        let (graph, statistics) = plan.rewritten(search.base, search.statistics);
        plan.scales = proposed(&plan, &graph, &statistics, headroom);
    }
    if wanted(settings.relu_bound_to_power_of_2) && power_of_two(&plan.options) {
        let clamped = bounded(search);
        let scaled = |group: &ChannelScales| {
            let mut scales = plan.scales.iter();
            scales.any(|other| other.group.tensors == group.group.tensors)
        };
        let more: Vec<ChannelScales> = clamped.into_iter().filter(|group| !scaled(group)).collect();
        plan.scales.extend(more);
    }
    plan.rounding = wanted(settings.weights_rounding_optimization);
    plan.second_moment = wanted(settings.weights_second_moment_correction);
    plan
}

fn power_of_two(options: &Options) -> bool {
    options.activations.method == ActivationMethod::PowerOfTwo
}

fn is_clamped(scaled: &ChannelScales) -> bool {
    scaled.group.clamped
}

/// Factors for the model that a plan makes.
fn proposed(
    plan: &Plan,
    graph: &Graph,
    statistics: &Statistics,
    headroom: f64,
) -> Vec<ChannelScales> {
    channel_scales(graph, statistics, power_of_two(&plan.options), headroom)
}

/// Factors that bring every clamp at six to eight.
fn bounded(search: &Search) -> Vec<ChannelScales> {
    channel_groups(search.base)
        .into_iter()
        .filter(|group| group.clamped)
        .map(|group| ChannelScales {
            scales: vec![BOUND; group.channels],
            group,
        })
        .collect()
}

/// Tries everything that the settings leave open.
pub(super) fn all(progress: &mut Progress, context: &mut Context) -> Result<(), JobError> {
    let settings = &progress.search.settings.quantization;
    let open = |choice: Choice| choice == Choice::Auto;
    let has_all = together(progress, context)?;
    if settings.sum_scales.is_none() {
        sums(progress, context)?;
    }
    if open(settings.cross_layer_equalization) {
        match has_all {
            true => without(progress, context)?,
            false => {
                centers(progress, context)?;
                factors(progress, context)?;
            }
        }
    }
    if !progress.best.scales.iter().any(is_clamped) {
        clamps(progress, settings, context)?;
    }
    ranges(progress, settings, context)?;
    if settings.effort == Effort::Best {
        if open(settings.weights_second_moment_correction) {
            let change = |plan: &mut Plan| plan.second_moment = true;
            progress.keep(
                "weights_second_moment_correction",
                Expectation::Open,
                change,
                context,
            )?;
        }
        if open(settings.weights_rounding_optimization) {
            let change = |plan: &mut Plan| plan.rounding = true;
            progress.keep(
                "weights_rounding_optimization",
                Expectation::Better,
                change,
                context,
            )?;
        }
    }
    Ok(())
}

/// What suits most models, all at once: some of it helps only beside the rest. Whether it is kept.
fn together(progress: &mut Progress, context: &mut Context) -> Result<bool, JobError> {
    let plan = preset(progress.search, progress.start.clone());
    if plan == progress.best {
        return Ok(false);
    }
    let plans = vec![("what `effort` fast does".to_owned(), plan)];
    progress.keep_best(plans, Expectation::Usual, context)
}

fn sums(progress: &mut Progress, context: &mut Context) -> Result<(), JobError> {
    let base = progress.search.base;
    if !base
        .nodes()
        .iter()
        .any(|node| quantization::is_sum(base, node))
    {
        return Ok(());
    }
    let scales = [
        ("sum_scales own", SumScales::Own),
        ("sum_scales streams", SumScales::Streams),
        ("sum_scales operands", SumScales::Operands),
    ];
    let present = progress.best.options.sum_scales;
    let others = scales.into_iter().filter(|(_, scales)| *scales != present);
    let plans = others.map(|(what, scales)| {
        let mut plan = progress.best.clone();
        plan.options.sum_scales = scales;
        (what.to_owned(), plan)
    });
    progress.keep_best(plans.collect(), Expectation::Better, context)?;
    Ok(())
}

/// Takes centers and factors away, each alone.
fn without(progress: &mut Progress, context: &mut Context) -> Result<(), JobError> {
    if !progress.best.centers.is_empty() {
        let change = |plan: &mut Plan| plan.centers.clear();
        progress.keep("no centers of channels", Expectation::Open, change, context)?;
    }
    if progress
        .best
        .scales
        .iter()
        .any(|scaled| !is_clamped(scaled))
    {
        let change = |plan: &mut Plan| plan.scales.retain(is_clamped);
        progress.keep("no factors of channels", Expectation::Open, change, context)?;
    }
    if progress.best.scales.iter().any(is_clamped) {
        let change = |plan: &mut Plan| plan.scales.retain(|scaled| !is_clamped(scaled));
        progress.keep(
            "no factors behind clamps",
            Expectation::Open,
            change,
            context,
        )?;
    }
    Ok(())
}

fn centers(progress: &mut Progress, context: &mut Context) -> Result<(), JobError> {
    let search = progress.search;
    let centers = channel_centers(search.base, search.statistics);
    if centers.is_empty() {
        return Ok(());
    }
    progress.keep(
        "centers of channels",
        Expectation::Better,
        |plan| plan.centers = centers,
        context,
    )?;
    Ok(())
}

/// Factors where no clamp lies, all together or else by halves.
fn factors(progress: &mut Progress, context: &mut Context) -> Result<(), JobError> {
    let [headroom, ..] = HEADROOMS;
    let (graph, statistics) = &progress.rewritten;
    let mut scales = proposed(&progress.best, graph, statistics, headroom);
    scales.retain(|scaled| !is_clamped(scaled));
    by_halves(progress, "factors of channels", &scales, context)
}

/// Keeps factors that help together, or else each half that helps.
fn by_halves(
    progress: &mut Progress,
    what: &str,
    scales: &[ChannelScales],
    context: &mut Context,
) -> Result<(), JobError> {
    if scales.is_empty() {
        return Ok(());
    }
    let more = |plan: &mut Plan| plan.scales.extend(scales.iter().cloned());
    if !progress.keep(what, Expectation::Better, more, context)? {
        halves(progress, what, scales, context)?;
    }
    Ok(())
}

/// Keeps each half of the factors that helps; with the greatest effort, of halves of those, too.
fn halves(
    progress: &mut Progress,
    what: &str,
    scales: &[ChannelScales],
    context: &mut Context,
) -> Result<(), JobError> {
    if scales.len() < 2 {
        return Ok(());
    }
    let (first, second) = scales.split_at(scales.len() / 2);
    for (which, half) in [("first", first), ("second", second)] {
        let what = format!("{what}, {which} half");
        if progress.search.settings.quantization.effort == Effort::Best {
            by_halves(progress, &what, half, context)?;
        } else {
            let more = |plan: &mut Plan| plan.scales.extend(half.iter().cloned());
            progress.keep(&what, Expectation::Open, more, context)?;
        }
    }
    Ok(())
}

/// Clamps at six: brought to a power of two, or moved with factors of their channels.
fn clamps(
    progress: &mut Progress,
    settings: &QuantizationSettings,
    context: &mut Context,
) -> Result<(), JobError> {
    let mut plans = Vec::new();
    let with = |progress: &Progress, scales: Vec<ChannelScales>| {
        let mut plan = progress.best.clone();
        plan.scales.extend(scales);
        plan
    };
    let free = |progress: &Progress, scales: Vec<ChannelScales>| -> Vec<ChannelScales> {
        let taken = |scaled: &ChannelScales| {
            let mut others = progress.best.scales.iter();
            others.any(|other| other.group.tensors == scaled.group.tensors)
        };
        let clamped = scales.into_iter().filter(is_clamped);
        clamped.filter(|scaled| !taken(scaled)).collect()
    };
    let powers = power_of_two(&progress.best.options);
    if powers && settings.relu_bound_to_power_of_2 == Choice::Auto {
        let scales = free(progress, bounded(progress.search));
        if !scales.is_empty() {
            plans.push((
                "relu_bound_to_power_of_2".to_owned(),
                with(progress, scales),
            ));
        }
    }
    let mut last = Vec::new();
    if settings.cross_layer_equalization == Choice::Auto {
        for headroom in HEADROOMS {
            let (graph, statistics) = &progress.rewritten;
            let scales = proposed(&progress.best, graph, statistics, headroom);
            let scales = free(progress, scales);
            if !scales.is_empty() {
                let what = format!("factors behind clamps with {headroom} times the range");
                plans.push((what, with(progress, scales.clone())));
                last = scales;
            }
        }
    }
    if !progress.keep_best(plans, Expectation::Open, context)? {
        halves(progress, "factors behind clamps", &last, context)?;
    }
    Ok(())
}

/// How ranges of activations are chosen, and what biases make up for.
fn ranges(
    progress: &mut Progress,
    settings: &QuantizationSettings,
    context: &mut Context,
) -> Result<(), JobError> {
    let open = |choice: Choice| choice == Choice::Auto;
    if settings.activation_error_method.is_none() {
        let method = settings.error_method(ErrorMethod::NoClipping, 100.0);
        // One outlier more may double a power of two.
        let expectation = match power_of_two(&progress.best.options) {
            true => Expectation::Open,
            false => Expectation::Safer,
        };
        let change = |plan: &mut Plan| plan.options.activations.error_method = method;
        progress.keep(
            "activation_error_method noclipping",
            expectation,
            change,
            context,
        )?;
    }
    if settings.effort == Effort::Best && open(settings.weights_bias_correction) {
        let change = |plan: &mut Plan| plan.options.bias_correction = false;
        progress.keep(
            "no weights_bias_correction",
            Expectation::Open,
            change,
            context,
        )?;
    }
    if power_of_two(&progress.best.options) {
        if open(settings.input_scaling) {
            let change = |plan: &mut Plan| plan.options.input_scaling = true;
            progress.keep("input_scaling", Expectation::Open, change, context)?;
        }
        let search = progress.search;
        if open(settings.shift_negative_activation_correction)
            && has_negative_tails(search, settings.shift_negative_ratio)
        {
            let ratio = settings.shift_negative_ratio;
            let change = |plan: &mut Plan| plan.options.shift_negative_ratio = Some(ratio);
            progress.keep(
                "shift_negative_activation_correction",
                Expectation::Open,
                change,
                context,
            )?;
        }
    }
    Ok(())
}

/// Whether there are functions whose negative tails are small enough to leave most levels idle.
fn has_negative_tails(search: &Search, ratio: f64) -> bool {
    let parameters = |tensor| {
        let largest = search.statistics.tensor(tensor)?.max;
        let threshold = f64::from(largest.max(f32::MIN_POSITIVE));
        Some(ActivationParameters::from_threshold(threshold, true))
    };
    !quantization::negative_tails(search.base, search.statistics, parameters, ratio).is_empty()
}
