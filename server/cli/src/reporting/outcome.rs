use jobs::{EvaluateOutcome, Outcome, QuantizeOutcome, Timing};

use crate::table::Alignment::{Left, Right};
use crate::table::{Table, bytes, percent};

/// What a job has made, for people.
pub(super) fn render(outcome: &Outcome, timings: bool) -> String {
    let (mut text, taken) = match outcome {
        Outcome::Quantize(outcome) => (quantized(outcome), &outcome.timings),
        Outcome::Evaluate(outcome) => (evaluated(outcome), &outcome.timings),
    };
    if timings {
        text += &stages(taken);
    }
    text
}

fn quantized(outcome: &QuantizeOutcome) -> String {
    let (float, int8) = (&outcome.model, &outcome.quantized_model);
    let mut table = Table::new(&[Left, Right, Left], &["model", "size", "file"]);
    for (name, file) in [("TFLite", float), ("TFLite int8", int8)] {
        let path = file.path.display().to_string();
        table.row([name.to_owned(), bytes(file.bytes), path]);
    }
    let advice: String = outcome
        .advice
        .iter()
        .map(|advice| format!("advice[{}]: {}\n", advice.code, advice.message))
        .collect();
    format!(
        "{}calibrated on {} images ({} samples){}; report: {}\n{advice}",
        table.render(),
        outcome.calibration_images,
        outcome.calibration_samples,
        outcome
            .logits_sqnr_db
            .map_or_else(String::new, |ratio| format!(", logits SQNR {ratio:.1} dB")),
        outcome.report.path.display()
    )
}

fn evaluated(outcome: &EvaluateOutcome) -> String {
    let with_top_5 = outcome
        .models
        .iter()
        .any(|model| model.top_5_accuracy.is_some());
    let mut table = Table::new(
        &[Left, Right, Right, Right, Right, Right, Right, Left],
        &[
            "model",
            "top-1",
            "change",
            "top-5",
            "agreement",
            "ms/image",
            "size",
            "engine",
        ],
    );
    let keras = outcome
        .models
        .first()
        .map_or(0.0, |model| model.top_1_accuracy);
    for model in &outcome.models {
        let top_5 = model.top_5_accuracy.map_or_else(|| "-".to_owned(), percent);
        let change = 100.0 * (model.top_1_accuracy - keras);
        table.row([
            model.name.to_owned(),
            percent(model.top_1_accuracy),
            format!("{change:+.1}"),
            if with_top_5 { top_5 } else { "-".to_owned() },
            percent(model.agreement_with_keras),
            format!("{:.2}", model.milliseconds_per_image),
            bytes(model.file_bytes),
            model.engine.clone(),
        ]);
    }
    format!(
        "{}{} images; results: {}; report: {}\n",
        table.render(),
        outcome.images,
        outcome.results.path.display(),
        outcome.report.path.display()
    )
}

fn stages(timings: &[Timing]) -> String {
    let mut table = Table::new(&[Left, Right], &["stage", "seconds"]);
    for timing in timings {
        table.row([
            timing.stage.name().to_owned(),
            format!("{:.2}", timing.seconds),
        ]);
    }
    let sum: f64 = timings.iter().map(|timing| timing.seconds).sum();
    table.row(["all".to_owned(), format!("{sum:.2}")]);
    table.render()
}
