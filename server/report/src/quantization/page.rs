use super::{
    AccuracyBudget, Activation, BudgetVerdict, Comparison, Layer, QuantizationReport, Search,
    Trial, Weights,
};
use crate::advice;
use crate::chart::{Column, Emphasis, columns, distribution};
use crate::markup::Text;
use crate::number::{bytes, grouped, percent, signed, significant};
use crate::page::{document, figures};
use crate::table;

/// Below this ratio (dB) noise is a tenth of the signal's amplitude, and answers begin to change.
const BAD: f64 = 10.0;

/// Below this ratio (dB) a layer deserves a look.
const WEAK: f64 = 20.0;

pub(super) fn page(report: &QuantizationReport) -> String {
    let mut body = summary(report);
    body += &advice::section(report.advice.iter().map(|advice| advice::Piece {
        code: advice.code,
        layers: &advice.layers,
        key: &advice.key,
        value: advice.value.as_ref(),
        message: advice.message.to_string(),
    }));
    if report.comparison.is_some() {
        body += &noise_chart(report);
    }
    body += &layer_table(report);
    body += &report.search.as_ref().map(search_table).unwrap_or_default();
    document(
        &format!("Quantization of {}", report.model),
        &report.generator,
        &body,
    )
}

fn summary(report: &QuantizationReport) -> String {
    let mut items = Vec::new();
    if let Some(comparison) = &report.comparison {
        let Comparison { images, engine, .. } = comparison;
        let folder = match comparison.from_evaluation {
            true => "evaluation",
            false => "calibration",
        };
        let interval = comparison.logits_sqnr_interval_db;
        let interval = interval.map(|interval| format!("; ± {interval:.1} dB"));
        let low = comparison.logits_sqnr_5th_percentile_db;
        let low = low.map(|low| format!("; 5 % of the images have less than {low:.1} dB"));
        items.push((
            "Logits SQNR",
            decibels(comparison.logits_sqnr_db),
            format!(
                "int8 against the original in float on {images} {folder} images, {engine}{}{}",
                interval.unwrap_or_default(),
                low.unwrap_or_default()
            ),
        ));
        items.extend(comparison.top_1_agreement.map(|agreement| {
            (
                "Same answer",
                percent(agreement),
                format!("of these {images} images get the same class"),
            )
        }));
    }
    if let Some(budget) = &report.accuracy_budget {
        items.push((
            match budget.verdict {
                BudgetVerdict::Met => "Budget met",
                BudgetVerdict::WithinChance => "Budget met on these images",
                BudgetVerdict::NotMet => "Budget missed",
            },
            percent(budget.top_1_accuracy),
            budget_details(budget),
        ));
    }
    let ratio = report.files.quantized_bytes as f64 / report.files.float_bytes.max(1) as f64;
    items.push((
        "Size",
        bytes(report.files.quantized_bytes),
        format!(
            "{} of the float model's {}",
            percent(ratio),
            bytes(report.files.float_bytes)
        ),
    ));
    items.push((
        "Calibration",
        format!("{} images", grouped(report.calibration.images as u64)),
        format!("drawn {} times", grouped(report.calibration.samples as u64)),
    ));
    items.push(report.output.figure());
    figures(&items)
}

fn budget_details(budget: &AccuracyBudget) -> String {
    let [low, high] = budget.loss_interval;
    let chance = match budget.verdict {
        BudgetVerdict::WithinChance => "; these images are too few to tell, so evaluate on more",
        BudgetVerdict::Met | BudgetVerdict::NotMet => "",
    };
    format!(
        "top-1 on {} labelled images, where float has {} and 8 bits alone {}; on other images of the kind the loss lies between {} and {} points (95 %), and the budget is {}{chance}; layers in more bits: {}",
        budget.images,
        percent(budget.float_top_1_accuracy),
        percent(budget.int8_top_1_accuracy),
        signed(low),
        signed(high),
        budget.budget,
        budget.layers.len(),
    )
}

fn noise_chart(report: &QuantizationReport) -> String {
    let mut layers: Vec<&Layer> = report.layers.iter().collect();
    layers.sort_by_key(|layer| layer.position);
    let bars: Vec<Column> = layers
        .iter()
        .filter_map(|layer| {
            let value = layer.sqnr_db?;
            Some(Column {
                label: format!("{}: {}", layer.name, decibels(Some(value))),
                value,
                emphasis: match value {
                    value if value < BAD => Emphasis::Bad,
                    value if value < WEAK => Emphasis::Weak,
                    _ => Emphasis::Normal,
                },
            })
        })
        .collect();
    format!(
        "<section>\n<h2 id=\"noise\">Signal to quantization noise, layer by layer</h2>\n\
         <p class=\"note\">In decibels, from the input of the model on the left to its output on the right; higher is better. \
         Below {WEAK} dB a layer deserves a look, below {BAD} dB answers begin to change.</p>\n{}</section>\n",
        columns(
            "Signal to quantization noise ratio of each layer in decibels; the numbers are in the table of layers",
            &bars,
            &[(WEAK, Emphasis::Weak), (BAD, Emphasis::Bad)]
        )
    )
}

const TRIAL_COLUMNS: [table::Column; 3] = [
    table::Column::text("Improvement"),
    table::Column::number("Gain"),
    table::Column::text("Kept"),
];

fn search_table(search: &Search) -> String {
    let row = |trial: &Trial| {
        let gain = trial
            .gain_db
            .map_or_else(|| "–".to_owned(), |gain| format!("{} dB", signed(gain)));
        let kept = if trial.kept { "yes" } else { "no" };
        format!(
            "<tr><th scope=\"row\"><bdi>{}</bdi></th><td>{gain}</td><td class=\"text\">{kept}</td></tr>\n",
            Text(&trial.what)
        )
    };
    let rows: Vec<String> = search.trials.iter().map(row).collect();
    let images = match search.held_out {
        true => "calibration images that took no part in them",
        false => "the calibration images, for want of others",
    };
    format!(
        "<section>\n<h2 id=\"search\">What was tried</h2>\n\
         <p class=\"note\">Each improvement was judged by the noise of the logits on {} {images}, and kept where there was less. \
         The gain is that over what had been kept until then; together they brought the ratio from {} to {}. \
         Weights were rounded without a search for their thresholds meanwhile, unless the effort is <code>best</code>.</p>\n{}</section>\n",
        search.images,
        decibels(search.before_sqnr_db),
        decibels(search.after_sqnr_db),
        table::table("Improvements that were tried", &TRIAL_COLUMNS, &rows)
    )
}

const COLUMNS: [table::Column; 11] = [
    table::Column::text("Layer"),
    table::Column::number("Bits"),
    table::Column::number("SQNR"),
    table::Column::number("Loss"),
    table::Column::number("Cosine"),
    table::Column::text("Distribution"),
    table::Column::number("Data"),
    table::Column::number("Representable"),
    table::Column::number("Weights SQNR"),
    table::Column::number("Parameters"),
    table::Column::number("MACs"),
];

fn layer_table(report: &QuantizationReport) -> String {
    let rows: Vec<String> = report.layers.iter().map(row).collect();
    format!(
        "<section>\n<h2 id=\"layers\">Layers, the noisiest first</h2>\n\
         <p class=\"note\">SQNR counts all noise from the input on; loss is what the layer adds to its noisiest operand. \
         In the distributions red lines are the ends of what the stored values can represent, what lies beyond is clipped; counts are logarithmic.</p>\n{}</section>\n",
        table::table("Every layer's output and weights", &COLUMNS, &rows)
    )
}

fn row(layer: &Layer) -> String {
    let range = |[low, high]: [f64; 2]| format!("{} … {}", significant(low), significant(high));
    let activation = layer.activation.as_ref();
    let weights = layer.weights.as_ref();
    let shape: Vec<String> = layer.output_shape.iter().map(usize::to_string).collect();
    let data_range = activation.and_then(|activation| activation.data_range);
    let sqnr = layer.cosine_similarity.map(|_| decibels(layer.sqnr_db));
    let mut row = format!(
        "<tr><th scope=\"row\" class=\"name text\"><bdi>{}</bdi><small class=\"note\">{} <span class=\"shape\">{}</span></small></th><td>{}</td>",
        Text(&layer.name),
        Text(&layer.operator),
        shape.join("×"),
        bits(activation, weights)
    );
    row += &format!(
        "<td{}>{}</td>",
        match layer.sqnr_db {
            Some(ratio) if ratio < BAD => " class=\"worse\"",
            _ => "",
        },
        or_dash(sqnr)
    );
    row += &cells([
        layer.sqnr_loss_db.map(|loss| format!("{loss:.1} dB")),
        layer.cosine_similarity.map(|cosine| format!("{cosine:.4}")),
    ]);
    let picture = activation.and_then(|activation| picture(&layer.name, activation));
    row += &format!("<td class=\"text\">{}</td>", picture.unwrap_or_default());
    row += &cells([
        data_range.map(range),
        activation.map(|activation| range(activation.range)),
        weights.map(|weights| decibels(weights.sqnr_db)),
    ]);
    row += &match weights {
        Some(weights) => format!(
            "<td>{}<br><small class=\"note\">{} → {}</small></td>",
            grouped(weights.parameters),
            bytes(weights.float_bytes),
            bytes(weights.quantized_bytes)
        ),
        None => "<td>–</td>".to_owned(),
    };
    row += &cells([(layer.macs > 0).then(|| grouped(layer.macs))]);
    row + "</tr>\n"
}

fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "–".to_owned())
}

fn cells<const N: usize>(texts: [Option<String>; N]) -> String {
    let cell = |text: Option<String>| format!("<td>{}</td>", Text(&or_dash(text)));
    texts.map(cell).concat()
}

/// How the output is stored, and below it how the kernel is.
fn bits(activation: Option<&Activation>, weights: Option<&Weights>) -> String {
    let output = match activation {
        Some(activation) => activation.bits.to_string(),
        None => "float32".to_owned(),
    };
    match weights {
        Some(Weights { bits: 32, .. }) => {
            format!("{output}<br><small class=\"note\">weights float32</small>")
        }
        Some(weights) => format!(
            "{output}<br><small class=\"note\">weights {}</small>",
            weights.bits
        ),
        None => output,
    }
}

fn picture(name: &str, activation: &Activation) -> Option<String> {
    let histogram = activation.histogram.as_ref()?;
    let [low, high] = activation.data_range?.map(significant);
    let [lowest, highest] = activation.range.map(significant);
    let title = format!(
        "Distribution of the values of {name} from {low} to {high}; from {lowest} to {highest} can be represented"
    );
    Some(distribution(
        &title,
        activation.data_range?,
        &histogram.counts,
        activation.range,
    ))
}

fn decibels(ratio: Option<f64>) -> String {
    match ratio {
        Some(ratio) => format!("{ratio:.1} dB"),
        None => "exact".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::*;

    fn layer(name: &str, position: usize, sqnr_db: Option<f64>) -> Layer {
        Layer {
            name: name.to_owned(),
            operator: "Conv2D".to_owned(),
            position,
            output_shape: vec![1, 7, 7, 64],
            sqnr_db,
            sqnr_loss_db: Some(1.5),
            cosine_similarity: Some(0.99),
            activation: Some(Activation {
                bits: 8,
                scale: 0.03125,
                zero_point: -128,
                range: [0.0, 7.96875],
                data_range: Some([0.0, 6.0]),
                histogram: Some(Histogram {
                    counts: vec![9, 3, 1],
                }),
            }),
            weights: None,
            macs: 1_000,
        }
    }

    fn report() -> QuantizationReport {
        QuantizationReport {
            model: "<flowers>.h5".to_owned(),
            output: crate::Output {
                kind: "logit",
                classes: Some(2),
                description: "a single number, the logit of <b>".to_owned(),
            },
            configuration: Value::Null,
            calibration: Calibration {
                images: 100,
                samples: 500,
            },
            comparison: Some(Comparison {
                images: 32,
                from_evaluation: true,
                logits_sqnr_db: Some(28.25),
                logits_sqnr_interval_db: Some(0.4),
                logits_sqnr_5th_percentile_db: Some(21.5),
                top_1_agreement: Some(0.96875),
                engine: "TFLite 2.17.1".to_owned(),
            }),
            search: Some(Search {
                images: 48,
                held_out: true,
                before_sqnr_db: Some(20.0),
                after_sqnr_db: Some(23.5),
                trials: vec![
                    Trial {
                        what: "centers & more".to_owned(),
                        gain_db: Some(3.5),
                        kept: true,
                    },
                    Trial {
                        what: "input_scaling".to_owned(),
                        gain_db: Some(-0.25),
                        kept: false,
                    },
                ],
            }),
            accuracy_budget: Some(AccuracyBudget {
                budget: 1.0,
                verdict: BudgetVerdict::WithinChance,
                images: 300,
                trials: 7,
                float_top_1_accuracy: 0.9,
                int8_top_1_accuracy: 0.8,
                top_1_accuracy: 0.895,
                loss_interval: [-1.2, 2.25],
                layers: vec!["a&b".to_owned()],
            }),
            files: Files {
                float_bytes: 4_000_000,
                quantized_bytes: 1_000_000,
            },
            advice: vec![Advice {
                code: "activation-outliers",
                layers: ["a&b", "c"].map(str::to_owned).to_vec(),
                key: "quantization.z_threshold".to_owned(),
                value: Some(8.into()),
                message: localization::Text::verbatim("few values of `a&b` reach far"),
            }],
            layers: vec![
                layer("\"second\"", 1, Some(8.0)),
                layer("first", 0, Some(31.0)),
                layer("same", 2, None),
            ],
            generator: "Model Quantizer".to_owned(),
        }
    }

    #[test]
    fn the_page_says_what_the_data_says() {
        let html = report().to_html();
        for expected in [
            "Budget met",
            "layers in more bits: 1",
            "between \u{2212}1.2 and +2.3 points (95\u{a0}%), and the budget is 1; these images are too few",
            "<title>Quantization of &lt;flowers&gt;.h5</title>",
            "28.2 dB",
            "on 32 evaluation images",
            "± 0.4 dB; 5\u{a0}% of the images have less than 21.5 dB",
            "from 20.0 dB to 23.5 dB",
            "<bdi>centers &amp; more</bdi>",
            "+3.5 dB",
            "−0.3 dB",
            "96.9 %",
            "25.0\u{a0}%",
            "few values of `a&amp;b` reach far",
            "<code>quantization.z_threshold: 8</code>",
            "Layers: <bdi>a&amp;b</bdi>, <bdi>c</bdi>",
            "Conv2D <span class=\"shape\">1×7×7×64</span>",
            "0 … 7.969",
            "exact",
        ] {
            assert!(html.contains(expected), "{expected} is not in {html}");
        }
        assert!(!html.contains("<script"), "{html}");
    }

    #[test]
    fn the_chart_is_in_the_order_of_execution_and_the_table_in_that_of_the_report() {
        let html = report().to_html();
        let first = html.find("first: 31.0 dB").unwrap();
        let second = html.find("&quot;second&quot;: 8.0 dB").unwrap();
        assert!(first < second);
        assert!(html.find("<bdi>&quot;second").unwrap() < html.find("<bdi>first").unwrap());
        assert_eq!(html.matches("class=\"bar bad\"").count(), 1);
    }

    #[test]
    fn bits_are_those_of_the_data() {
        let mut report = report();
        let weights = |bits| Weights {
            bits,
            parameters: 10,
            float_bytes: 40,
            quantized_bytes: 40,
            sqnr_db: None,
        };
        report.layers[0].activation = None;
        report.layers[0].weights = Some(weights(32));
        if let Some(activation) = &mut report.layers[1].activation {
            activation.bits = 16;
        }
        report.layers[1].weights = Some(weights(8));
        let html = report.to_html();
        for expected in [
            "<td>float32<br><small class=\"note\">weights float32</small></td>",
            "<td>16<br><small class=\"note\">weights 8</small></td>",
            "<td>8</td>",
        ] {
            assert!(html.contains(expected), "{expected} is not in {html}");
        }
    }

    #[test]
    fn a_report_without_comparison_has_no_chart() {
        let mut report = report();
        report.comparison = None;
        assert!(
            !report
                .to_html()
                .contains("Signal to quantization noise, layer by layer")
        );
    }
}
