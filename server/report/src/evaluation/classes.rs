//! Accuracy class by class.

use super::{EvaluatedClass, EvaluationReport, Which};
use crate::chart::pair;
use crate::markup::Text;
use crate::number::{grouped, percent, points};
use crate::table::{self, Column};

/// Classes that are in view; the rest unfolds.
const IN_VIEW: usize = 40;

const COLUMNS: [Column; 7] = [
    Column::text("Class"),
    Column::number("Images"),
    Column::text("Keras above, int8 below"),
    Column::number("Keras"),
    Column::number("TFLite"),
    Column::number("int8"),
    Column::number("Change"),
];

pub(super) fn section(report: &EvaluationReport) -> String {
    let mut classes: Vec<&EvaluatedClass> = report.classes.iter().collect();
    // Stable: what is equal stays in the order of the outputs.
    classes.sort_by(|a, b| {
        let key = |class: &EvaluatedClass| {
            let change = change(class).unwrap_or(f64::INFINITY);
            (
                change,
                accuracy(class, Which::Int8).unwrap_or(f64::INFINITY),
            )
        };
        let ((a, c), (b, d)) = (key(a), key(b));
        a.total_cmp(&b).then(c.total_cmp(&d))
    });
    let row = |class: &&EvaluatedClass| row(class);
    let rows: Vec<String> = classes.iter().map(row).collect();
    let (shown, folded) = rows.split_at(rows.len().min(IN_VIEW));
    let mut markup = "<section>\n<h2 id=\"classes\">Classes</h2>\n\
         <p class=\"note\">Top-1 accuracy on the images of each class. Those that lose most in int8 against Keras come first.</p>\n"
        .to_owned();
    markup += &table::table(
        "Top-1 accuracy of each class, Keras, TFLite and int8",
        &COLUMNS,
        shown,
    );
    if !folded.is_empty() {
        markup += &format!(
            "<details>\n<summary>{} more classes</summary>\n{}</details>\n",
            grouped(folded.len() as u64),
            table::table("Top-1 accuracy of the other classes", &COLUMNS, folded)
        );
    }
    markup + "</section>\n"
}

fn row(class: &EvaluatedClass) -> String {
    let [keras, float, int8] =
        [Which::Keras, Which::Float, Which::Int8].map(|which| accuracy(class, which));
    let shown = |accuracy: Option<f64>| accuracy.map_or_else(|| "–".to_owned(), percent);
    let bars = match (keras, int8) {
        (Some(keras), Some(int8)) => pair(
            &format!(
                "{}: Keras {}, int8 {}",
                class.name,
                percent(keras),
                percent(int8)
            ),
            [keras, int8],
            int8 < keras,
        ),
        _ => "<span class=\"note\">no images</span>".to_owned(),
    };
    let change = change(class);
    let emphasis = match change {
        Some(change) if change < 0.0 => " class=\"worse\"",
        _ => "",
    };
    format!(
        "<tr><th scope=\"row\" class=\"name text\"><bdi>{}</bdi></th><td>{}</td><td class=\"text\">{bars}</td>\
         <td>{}</td><td>{}</td><td>{}</td><td{emphasis}>{}</td></tr>\n",
        Text(&class.name),
        grouped(class.images as u64),
        shown(keras),
        shown(float),
        shown(int8),
        change.map_or_else(|| "–".to_owned(), points)
    )
}

/// Fraction of the images of a class; `None` without images.
fn accuracy(class: &EvaluatedClass, which: Which) -> Option<f64> {
    let correct = *class.correct.get(which as usize)?;
    (class.images > 0).then(|| correct as f64 / class.images as f64)
}

fn change(class: &EvaluatedClass) -> Option<f64> {
    Some(accuracy(class, Which::Int8)? - accuracy(class, Which::Keras)?)
}
