use super::{ComparedRun, LayerFigures, RunComparison, spread};
use crate::chart::{Line, lines, swatch};
use crate::markup::Text;
use crate::number::{bytes, grouped, percent, points, signed};
use crate::page::document;
use crate::table;

/// Rows of layers or classes that are in view; the rest unfolds.
const IN_VIEW: usize = 40;

pub(super) fn page(comparison: &RunComparison) -> String {
    let mut body = overview(comparison);
    body += &settings(comparison);
    if comparison.runs.iter().any(|run| run.quantization.is_some()) {
        body += &layers(comparison);
    }
    body += &classes(comparison);
    document(
        &format!("Comparison of {} runs", comparison.runs.len()),
        &comparison.generator,
        &body,
    )
}

/// `1`, `2` and so on, by which the tables name the runs.
fn headings(first: &str, comparison: &RunComparison) -> Vec<String> {
    let numbers = (1..=comparison.runs.len()).map(|number| format!("Run {number}"));
    std::iter::once(first.to_owned()).chain(numbers).collect()
}

/// A row of text cells.
fn row(heading: &str, cells: impl IntoIterator<Item = String>) -> String {
    let mut row = format!(
        "<tr><th scope=\"row\" class=\"name text\"><bdi>{}</bdi></th>",
        Text(heading)
    );
    cells.into_iter().for_each(|cell| row += &cell);
    row + "</tr>\n"
}

fn cell(text: &str) -> String {
    format!("<td><bdi>{}</bdi></td>", Text(text))
}

fn dash() -> String {
    cell("–")
}

fn overview(comparison: &RunComparison) -> String {
    let runs = &comparison.runs;
    let mut rows = files(runs);
    rows.push(text_row(runs, "Images of the calibration", |run| {
        let count = run.quantization.as_ref()?.calibration_images;
        Some(grouped(count))
    }));
    rows.extend(accuracies(runs));
    rows.push(text_row(runs, "ms per image of int8", |run| {
        let time = run.evaluation.as_ref()?.milliseconds_per_image?;
        Some(format!("{time:.2}"))
    }));
    rows.push(text_row(runs, "Images evaluated", |run| {
        Some(grouped(run.evaluation.as_ref()?.images))
    }));
    format!(
        "{}<section>\n<h2 id=\"figures\">Figures</h2>\n{}<p class=\"note\">Differences in brackets are against run 1, in points or decibels.</p>\n</section>\n",
        names(runs),
        table::table_of(
            "Figures of the runs",
            &headings("Figure", comparison),
            &rows
        )
    )
}

/// The runs by name, and which other runs have given figures to them.
fn names(runs: &[ComparedRun]) -> String {
    let mut list = "<ol class=\"runs\">\n".to_owned();
    for (index, run) in runs.iter().enumerate() {
        let joined = [
            run.quantization.as_ref().map(|other| &other.run),
            run.evaluation.as_ref().map(|other| &other.run),
        ];
        let others: Vec<String> = joined
            .into_iter()
            .flatten()
            .filter(|other| **other != run.name)
            .map(|other| {
                format!(
                    "; with the figures of {} on the same int8 model",
                    Text(other)
                )
            })
            .collect();
        list += &format!(
            "<li>{}<bdi>{}</bdi>{}</li>\n",
            swatch(index),
            Text(&run.name),
            others.concat()
        );
    }
    list + "</ol>\n"
}

/// Times, models and sizes.
fn files(runs: &[ComparedRun]) -> Vec<String> {
    let short = |hash: &Option<String>| hash.as_ref().map(|hash| hash.chars().take(12).collect());
    vec![
        text_row(runs, "Ended", |run| Some(run.time.clone())),
        text_row(runs, "Keras model", |run| Some(run.model.clone())),
        text_row(runs, "SHA-256 of the Keras model", |run| {
            short(&run.keras_sha256)
        }),
        text_row(runs, "SHA-256 of the int8 model", |run| {
            short(&run.quantized_sha256)
        }),
        text_row(runs, "Size of the float model", |run| {
            run.float_bytes.map(bytes)
        }),
        text_row(runs, "Size of the int8 model", |run| {
            run.quantized_bytes.map(bytes)
        }),
    ]
}

/// How much of the float model is left, and how often the models are right.
fn accuracies(runs: &[ComparedRun]) -> Vec<String> {
    let decibels: Vec<Option<f64>> = runs
        .iter()
        .map(|run| run.quantization.as_ref()?.logits_sqnr_db)
        .collect();
    let ratio = compared(&decibels, |ratio| format!("{ratio:.1} dB"), signed);
    let fraction = |heading: &str, value: &dyn Fn(&ComparedRun) -> Option<f64>| {
        let values: Vec<Option<f64>> = runs.iter().map(value).collect();
        row(heading, compared(&values, percent, points))
    };
    let mut rows = vec![
        row("Logits SQNR", ratio),
        fraction("Same answer on calibration images", &|run| {
            run.quantization.as_ref()?.top_1_agreement
        }),
    ];
    for (index, name) in ["Keras", "TFLite", "int8"].into_iter().enumerate() {
        rows.push(fraction(&format!("Top-1 of {name}"), &|run| {
            Some(run.evaluation.as_ref()?.top_1_accuracy[index])
        }));
    }
    rows.push(fraction("Top-5 of int8", &|run| {
        run.evaluation.as_ref()?.top_5_accuracy
    }));
    rows.push(fraction("Agreement of int8 with Keras", &|run| {
        Some(run.evaluation.as_ref()?.agreement_with_keras)
    }));
    rows
}

/// A row with a text for each run that has one.
fn text_row(
    runs: &[ComparedRun],
    heading: &str,
    text: impl Fn(&ComparedRun) -> Option<String>,
) -> String {
    let texts = runs.iter().map(text);
    row(
        heading,
        texts.map(|text| text.map_or_else(dash, |text| cell(&text))),
    )
}

/// Cells with the difference against the first.
fn compared(
    values: &[Option<f64>],
    show: impl Fn(f64) -> String,
    difference: impl Fn(f64) -> String,
) -> Vec<String> {
    let first = values.first().copied().flatten();
    values
        .iter()
        .enumerate()
        .map(|(index, value)| {
            let Some(value) = *value else {
                return dash();
            };
            match first {
                Some(first) if index > 0 => {
                    let class = match value - first {
                        change if change < -5e-4 => "worse",
                        change if change > 5e-4 => "better",
                        _ => "same",
                    };
                    format!(
                        "<td>{} <small class=\"{class}\">({})</small></td>",
                        Text(&show(value)),
                        Text(&difference(value - first))
                    )
                }
                _ => cell(&show(value)),
            }
        })
        .collect()
}

fn settings(comparison: &RunComparison) -> String {
    let heading = "<section>\n<h2 id=\"settings\">Settings that differ</h2>\n";
    let same = grouped(comparison.same_settings as u64);
    if comparison.settings.is_empty() {
        return format!("{heading}<p>None: all {same} settings are the same.</p>\n</section>\n");
    }
    let rows: Vec<String> = comparison
        .settings
        .iter()
        .map(|setting| {
            let cells = setting.values.iter().map(|value| match value {
                None => dash(),
                Some(value) if value.default => format!(
                    "<td class=\"setting\"><code>{}</code> <small class=\"note\">default</small></td>",
                    Text(&value.value)
                ),
                Some(value) => {
                    format!("<td class=\"setting\"><code>{}</code></td>", Text(&value.value))
                }
            });
            row(&setting.key, cells)
        })
        .collect();
    format!(
        "{heading}{}<p class=\"note\">{same} other settings are the same.</p>\n</section>\n",
        table::table_of(
            "Settings that differ",
            &headings("Setting", comparison),
            &rows
        )
    )
}

fn layers(comparison: &RunComparison) -> String {
    let heading = "<section>\n<h2 id=\"layers\">Layers</h2>\n";
    let chart: Vec<Line> = (0..comparison.runs.len())
        .map(|run| Line {
            values: comparison
                .layers
                .iter()
                .map(|layer| layer.runs.get(run)?.as_ref()?.sqnr_db)
                .collect(),
        })
        .collect();
    let mut layers: Vec<_> = comparison.layers.iter().collect();
    let difference = |layer: &super::ComparedLayer| {
        spread(layer.runs.iter().map(|figures| figures.as_ref()?.sqnr_db))
    };
    // Stable: layers that differ equally stay in the order of execution.
    layers.sort_by(|a, b| difference(b).total_cmp(&difference(a)));
    let rows: Vec<String> = layers
        .iter()
        .map(|layer| {
            let ratios: Vec<Option<f64>> = layer
                .runs
                .iter()
                .map(|figures| figures.as_ref()?.sqnr_db)
                .collect();
            let mut cells = compared(&ratios, |ratio| format!("{ratio:.1} dB"), signed);
            for (cell, figures) in cells.iter_mut().zip(&layer.runs) {
                let Some(figures) = figures else { continue };
                // Compared, and nothing differs.
                if figures.sqnr_db.is_none() && figures.cosine_similarity.is_some() {
                    *cell = self::cell("exact");
                }
                let stored = Text(&stored(figures)).to_string();
                *cell = cell.replace(
                    "</td>",
                    &format!("<br><small class=\"note\">{stored}</small></td>"),
                );
            }
            row(&format!("{} ({})", layer.name, layer.operator), cells)
        })
        .collect();
    let (shown, folded) = rows.split_at(rows.len().min(IN_VIEW));
    let columns = headings("Layer", comparison);
    let mut markup = format!(
        "{heading}<p class=\"note\">Signal to quantization noise ratio of each layer's output in decibels, from the input of the model on the left to its output on the right; higher is better. \
         In the table the layers that differ most come first.</p>\n{}{}",
        lines(
            "Signal to quantization noise ratio of each layer in each run",
            &chart
        ),
        table::table_of(
            "SQNR of the layers, and how their outputs are stored",
            &columns,
            shown
        )
    );
    if !folded.is_empty() {
        markup += &format!(
            "<details>\n<summary>{} more layers</summary>\n{}</details>\n",
            folded.len(),
            table::table_of("SQNR of the other layers", &columns, folded)
        );
    }
    markup + "</section>\n"
}

/// How a layer's output and kernel are stored.
fn stored(figures: &LayerFigures) -> String {
    let output = match (figures.activation_bits, figures.range) {
        (Some(bits), Some([low, high])) => format!(
            "{bits} bits, {} … {}",
            crate::number::significant(low),
            crate::number::significant(high)
        ),
        (Some(bits), None) => format!("{bits} bits"),
        _ => "float32".to_owned(),
    };
    match figures.weights_bits {
        Some(32) => format!("{output}; weights float32"),
        Some(bits) => format!("{output}; weights {bits} bits"),
        None => output,
    }
}

fn classes(comparison: &RunComparison) -> String {
    let mut classes: Vec<_> = comparison.classes.iter().collect();
    if classes.is_empty() {
        return String::new();
    }
    let difference = |class: &super::ComparedClass| spread(class.top_1_accuracy.iter().copied());
    classes.sort_by(|a, b| difference(b).total_cmp(&difference(a)));
    let rows: Vec<String> = classes
        .iter()
        .map(|class| {
            row(
                &class.name,
                compared(&class.top_1_accuracy, percent, points),
            )
        })
        .collect();
    let (shown, folded) = rows.split_at(rows.len().min(IN_VIEW));
    let columns = headings("Class", comparison);
    let mut markup = format!(
        "<section>\n<h2 id=\"classes\">Classes</h2>\n<p class=\"note\">Top-1 accuracy of the int8 model; classes that differ most come first.</p>\n{}",
        table::table_of("Top-1 accuracy of int8 on each class", &columns, shown)
    );
    if !folded.is_empty() {
        markup += &format!(
            "<details>\n<summary>{} more classes</summary>\n{}</details>\n",
            folded.len(),
            table::table_of(
                "Top-1 accuracy of int8 on the other classes",
                &columns,
                folded
            )
        );
    }
    markup + "</section>\n"
}

#[cfg(test)]
mod tests {
    use super::super::*;

    fn run(number: usize, ratio: f64, accuracy: Option<f64>) -> ComparedRun {
        ComparedRun {
            name: format!("<run {number}>"),
            path: "/runs".to_owned(),
            time: "2026-01-31T10:00:00Z".to_owned(),
            model: "<b>.h5".to_owned(),
            keras_sha256: None,
            quantized_sha256: Some("0123456789abcdef".to_owned()),
            float_bytes: Some(4_000),
            quantized_bytes: Some(1_000),
            quantization: Some(ComparedQuantization {
                run: format!("<run {number}>"),
                logits_sqnr_db: Some(ratio),
                top_1_agreement: Some(1.0),
                calibration_images: 300,
            }),
            evaluation: accuracy.map(|accuracy| ComparedEvaluation {
                run: "another".to_owned(),
                images: 200,
                top_1_accuracy: [0.9, 0.9, accuracy],
                top_5_accuracy: None,
                agreement_with_keras: 0.98,
                milliseconds_per_image: None,
            }),
        }
    }

    fn layer(name: &str, ratios: [Option<f64>; 2]) -> ComparedLayer {
        ComparedLayer {
            name: name.to_owned(),
            operator: "Conv2D".to_owned(),
            runs: ratios
                .into_iter()
                .map(|sqnr_db| {
                    Some(LayerFigures {
                        sqnr_db,
                        cosine_similarity: Some(0.99),
                        activation_bits: sqnr_db.map(|_| 16),
                        range: Some([-1.0, 1.0]),
                        weights_bits: None,
                    })
                })
                .collect(),
        }
    }

    #[test]
    fn differences_are_against_the_first_run() {
        let comparison = RunComparison {
            runs: vec![run(1, 30.0, Some(0.9)), run(2, 28.5, None)],
            settings: vec![DifferentSetting {
                key: "<target>".to_owned(),
                values: vec![
                    None,
                    Some(SettingValue {
                        value: "\"tflite\"".to_owned(),
                        default: true,
                    }),
                ],
            }],
            same_settings: 4,
            layers: vec![
                layer("steady", [Some(30.0), Some(30.0)]),
                layer("<worst>", [Some(30.0), Some(20.0)]),
                layer("float", [None, None]),
            ],
            classes: vec![ComparedClass {
                name: "cat".to_owned(),
                top_1_accuracy: vec![Some(0.5), Some(0.75)],
            }],
            generator: "Model Quantizer".to_owned(),
        };
        let html = comparison.to_html();
        for expected in [
            "<td>28.5 dB <small class=\"worse\">(−1.5)</small></td>",
            "<bdi>&lt;run 2&gt;</bdi>",
            "with the figures of another on the same int8 model",
            "<code>&quot;tflite&quot;</code> <small class=\"note\">default</small>",
            "4 other settings are the same",
            "16 bits, -1 … 1",
            "float32",
            "<td>75.0 % <small class=\"better\">(+25.0)</small></td>",
        ] {
            assert!(html.contains(expected), "{expected} is not in {html}");
        }
        assert!(html.find("&lt;worst&gt;").unwrap() < html.find("steady").unwrap());
        assert!(
            !html.contains("<target>") && !html.contains("<run"),
            "{html}"
        );
    }
}
