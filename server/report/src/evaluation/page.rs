use super::{EvaluationReport, Which, classes, confusion, gallery};
use crate::advice;
use crate::markup::Text;
use crate::number::{bytes, grouped, percent, points};
use crate::page::{document, figures};
use crate::table::{self, Column};

pub(super) fn page(report: &EvaluationReport) -> String {
    let mut body = summary(report);
    body += &advice_and_warnings(report);
    body += &accuracy(report);
    body += &classes::section(report);
    body += &confusion::section(report);
    body += &gallery::section(report);
    document(
        &format!("Evaluation of {}", report.model),
        &report.generator,
        &body,
    )
}

fn summary(report: &EvaluationReport) -> String {
    let (Some(keras), Some(float), Some(int8)) = (
        report.model(Which::Keras),
        report.model(Which::Float),
        report.model(Which::Int8),
    ) else {
        return String::new();
    };
    let ratio = int8.file_bytes as f64 / float.file_bytes.max(1) as f64;
    figures(&[
        (
            "int8 top-1",
            percent(int8.top_1_accuracy),
            format!(
                "{} points against Keras' {}",
                points(int8.top_1_accuracy - keras.top_1_accuracy),
                percent(keras.top_1_accuracy)
            ),
        ),
        (
            "Same answer",
            percent(int8.agreement_with_keras),
            format!(
                "of {} images get the class of the Keras model",
                grouped(report.images as u64)
            ),
        ),
        (
            "Size",
            bytes(int8.file_bytes),
            format!(
                "{} of the float TFLite model's {}",
                percent(ratio),
                bytes(float.file_bytes)
            ),
        ),
        (
            "Lost and gained",
            format!("−{} +{}", report.changes.lost, report.changes.gained),
            "images that only float, and only int8, gets right".to_owned(),
        ),
    ]) + &report.output.paragraph()
}

fn advice_and_warnings(report: &EvaluationReport) -> String {
    let mut markup = advice::section(report.advice.iter().map(|advice| advice::Piece {
        code: &advice.code,
        layers: &advice.layers,
        key: &advice.key,
        value: advice.value.as_ref(),
        message: advice.message.clone(),
    }));
    if !report.warnings.is_empty() {
        markup += "<section>\n<h2 id=\"warnings\">Warnings</h2>\n<ul class=\"advice\">\n";
        for warning in &report.warnings {
            markup += &format!("<li>{}</li>\n", Text(warning));
        }
        markup += "</ul>\n</section>\n";
    }
    markup
}

const COLUMNS: [Column; 8] = [
    Column::text("Model"),
    Column::number("Top-1"),
    Column::number("Change"),
    Column::number("Top-5"),
    Column::number("Agreement with Keras"),
    Column::number("ms per image"),
    Column::number("Size"),
    Column::text("Run by"),
];

fn accuracy(report: &EvaluationReport) -> String {
    let keras = report
        .model(Which::Keras)
        .map_or(0.0, |model| model.top_1_accuracy);
    let rows: Vec<String> = report
        .models
        .iter()
        .map(|model| {
            format!(
                "<tr><th scope=\"row\" class=\"text\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td>\
                 <td class=\"time\">{:.2}</td><td>{}</td><td class=\"text\">{}</td></tr>\n",
                Text(&model.name),
                percent(model.top_1_accuracy),
                points(model.top_1_accuracy - keras),
                model.top_5_accuracy.map_or_else(|| "–".to_owned(), percent),
                percent(model.agreement_with_keras),
                model.milliseconds_per_image,
                bytes(model.file_bytes),
                Text(&model.engine)
            )
        })
        .collect();
    let note = match margin(keras, report.images) {
        Some(margin) => format!(
            " {} images tell the accuracy of a model to ±{:.1} points (95 % confidence).",
            grouped(report.images as u64),
            margin * 100.0
        ),
        None => String::new(),
    };
    format!(
        "<section>\n<h2 id=\"accuracy\">Accuracy</h2>\n{}<p class=\"note\">Change is in points against the Keras model. \
         Times are medians of single inferences on one thread while every thread is at work.{note}</p>\n</section>\n",
        table::table("Accuracy of the three models", &COLUMNS, &rows)
    )
}

/// Half the width of the 95 % confidence interval of a fraction of `images` (the score interval of
/// E. B. Wilson, 1927, which also holds for fractions near one).
fn margin(fraction: f64, images: usize) -> Option<f64> {
    const Z: f64 = 1.96;
    let n = images as f64;
    let spread = fraction * (1.0 - fraction) / n + Z * Z / (4.0 * n * n);
    (images > 0).then(|| Z / (1.0 + Z * Z / n) * spread.sqrt())
}
