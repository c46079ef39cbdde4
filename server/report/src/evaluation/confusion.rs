//! What is taken for what: a matrix for few classes, and the commonest errors for any number.

use super::{ConfusedPair, EvaluationReport, Which};
use crate::chart::pair;
use crate::markup::Text;
use crate::number::{grouped, percent};
use crate::table::{self, Column};

/// Errors that are in view; the rest unfolds.
const IN_VIEW: usize = 20;

/// Steps of colour in a matrix.
const SHADES: usize = 10;

const COLUMNS: [Column; 7] = [
    Column::text("Class"),
    Column::text("Taken for"),
    Column::text("Keras above, int8 below"),
    Column::number("Keras"),
    Column::number("TFLite"),
    Column::number("int8"),
    Column::number("int8, of the class"),
];

pub(super) fn section(report: &EvaluationReport) -> String {
    let mut markup = "<section>\n<h2 id=\"confusion\">Confusion</h2>\n".to_owned();
    match &report.confusion.matrices {
        Some(matrices) => {
            markup += "<p class=\"note\">Rows are the classes of the images, columns the answers; right answers are on the diagonal. \
                 Colours are relative to the images of the row.</p>\n";
            // Int8 is what the report is about.
            let order = [Which::Int8, Which::Float, Which::Keras];
            for which in order {
                let (Some(model), Some(matrix)) =
                    (report.model(which), matrices.get(which as usize))
                else {
                    continue;
                };
                let open = if which == Which::Int8 { " open" } else { "" };
                markup += &format!(
                    "<details{open}>\n<summary>{}</summary>\n{}</details>\n",
                    Text(&model.name),
                    matrix_table(report, &model.name, matrix)
                );
            }
        }
        None => {
            markup += "<p class=\"note\">A matrix of so many classes would be no help to the eye; <code>results.json</code> has it. \
                 These are the commonest errors.</p>\n";
        }
    }
    markup + &pairs(report) + "</section>\n"
}

fn matrix_table(report: &EvaluationReport, model: &str, matrix: &[Vec<usize>]) -> String {
    let names: Vec<&str> = report.classes.iter().map(|class| &*class.name).collect();
    let columns = matrix.first().map_or(0, Vec::len);
    let label = format!("Confusion matrix of {model}");
    let mut table = format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{label}\">\n\
         <table class=\"matrix\">\n<caption>{label}</caption>\n<thead><tr><th scope=\"col\" class=\"text\">Class</th>",
        label = Text(&label)
    );
    for column in 0..columns {
        let name = names.get(column).copied().unwrap_or("without label");
        table += &format!(
            "<th scope=\"col\" class=\"turned\"><span><bdi>{}</bdi></span></th>",
            Text(name)
        );
    }
    table += "</tr></thead>\n<tbody>\n";
    for (row, (name, counts)) in names.iter().zip(matrix).enumerate() {
        table += &format!(
            "<tr><th scope=\"row\" class=\"name text\"><bdi>{}</bdi></th>",
            Text(name)
        );
        let images: usize = counts.iter().sum();
        for (column, &count) in counts.iter().enumerate() {
            let kind = if row == column { "right" } else { "wrong" };
            let shade = (count * SHADES).div_ceil(images.max(1));
            table += &match count {
                0 => "<td class=\"none\">0</td>".to_owned(),
                _ => format!(
                    "<td class=\"{kind} shade-{shade}\">{}</td>",
                    grouped(count as u64)
                ),
            };
        }
        table += "</tr>\n";
    }
    table + "</tbody>\n</table>\n</div>\n"
}

fn pairs(report: &EvaluationReport) -> String {
    let pairs = &report.confusion.pairs;
    if pairs.is_empty() {
        return "<p>No model takes an image for another class.</p>\n".to_owned();
    }
    let rows: Vec<String> = pairs.iter().map(row).collect();
    let (shown, folded) = rows.split_at(rows.len().min(IN_VIEW));
    let caption = "The commonest errors";
    let mut markup = format!(
        "<h3>{caption}</h3>\n{}",
        table::table(
            "The commonest errors, in numbers of images",
            &COLUMNS,
            shown
        )
    );
    if !folded.is_empty() {
        markup += &format!(
            "<details>\n<summary>{} more kinds of errors</summary>\n{}</details>\n",
            folded.len(),
            table::table("Further errors, in numbers of images", &COLUMNS, folded)
        );
    }
    if report.confusion.further_pairs > 0 {
        markup += &format!(
            "<p class=\"note\">{} rarer kinds of errors are not listed.</p>\n",
            grouped(report.confusion.further_pairs as u64)
        );
    }
    markup
}

fn row(errors: &ConfusedPair) -> String {
    let count = |which: Which| errors.images.get(which as usize).copied().unwrap_or(0);
    let share = |which: Which| count(which) as f64 / errors.of.max(1) as f64;
    let predicted = match &errors.predicted {
        Some(name) => format!("<bdi>{}</bdi>", Text(name)),
        None => "<em>an output without label</em>".to_owned(),
    };
    let label = format!(
        "{} taken for {}: Keras {}, int8 {} of {} images",
        errors.actual,
        errors.predicted.as_deref().unwrap_or("no label"),
        count(Which::Keras),
        count(Which::Int8),
        errors.of
    );
    format!(
        "<tr><th scope=\"row\" class=\"name text\"><bdi>{}</bdi></th><td class=\"name text\">{predicted}</td><td class=\"text\">{}</td>\
         <td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
        Text(&errors.actual),
        pair(
            &label,
            [share(Which::Keras), share(Which::Int8)],
            count(Which::Int8) > count(Which::Keras)
        ),
        grouped(count(Which::Keras) as u64),
        grouped(count(Which::Float) as u64),
        grouped(count(Which::Int8) as u64),
        percent(share(Which::Int8))
    )
}
