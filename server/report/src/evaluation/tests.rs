use super::*;

const HOSTILE: &str = "<img src=x onerror=alert(1)>";

fn output() -> Output {
    Output {
        kind: "probability",
        classes: Some(2),
        description: HOSTILE.to_owned(),
    }
}

fn name(index: usize) -> String {
    match index {
        0 => HOSTILE.to_owned(),
        index => format!("class {index}"),
    }
}

/// A report on `count` classes of ten images, each named right by Keras; int8 loses one image of
/// each to the next class.
fn report(count: usize) -> EvaluationReport {
    let matrix = |lost: usize| -> Vec<Vec<usize>> {
        let mut matrix = vec![vec![0; count]; count];
        for (index, row) in matrix.iter_mut().enumerate() {
            row[index] += 10 - lost;
            row[(index + 1) % count] += lost;
        }
        matrix
    };
    let model = |name: &str, top_1_accuracy: f64| EvaluatedModel {
        name: name.to_owned(),
        engine: "TFLite 2.17.1".to_owned(),
        file_bytes: 4_000,
        top_1_accuracy,
        top_5_accuracy: (count > 10).then_some(0.995),
        agreement_with_keras: top_1_accuracy,
        milliseconds_per_image: 1.25,
    };
    EvaluationReport {
        model: "flowers.h5".to_owned(),
        images: 10 * count,
        output: output(),
        models: vec![
            model("Keras", 1.0),
            model("TFLite", 1.0),
            model("TFLite int8", 0.9),
        ],
        changes: Changes {
            same: 9 * count,
            lost: count,
            ..Changes::default()
        },
        classes: (0..count)
            .map(|index| EvaluatedClass {
                name: name(index),
                images: 10,
                correct: vec![10, 10, 9],
            })
            .collect(),
        confusion: ConfusionFigures {
            matrices: (count <= EvaluationReport::MATRIX_CLASSES)
                .then(|| vec![matrix(0), matrix(0), matrix(1)]),
            pairs: (0..count.min(EvaluationReport::PAIRS))
                .map(|index| ConfusedPair {
                    actual: name(index),
                    predicted: (index != 1).then(|| name((index + 1) % count)),
                    images: vec![0, 0, 1],
                    of: 10,
                })
                .collect(),
            further_pairs: count.saturating_sub(EvaluationReport::PAIRS),
        },
        disagreements: Disagreements {
            total: count,
            images: vec![Disagreement {
                file: format!("{HOSTILE}/1.jpg"),
                actual: HOSTILE.to_owned(),
                float: Answer {
                    class: Some(HOSTILE.to_owned()),
                    score: 0.75,
                },
                int8: Answer {
                    class: None,
                    score: 0.5,
                },
                thumbnail: Some(Picture::jpeg(4, 3, b"\xff\xd8")),
            }],
        },
        advice: vec![EvaluationAdvice {
            code: HOSTILE.to_owned(),
            layers: vec![HOSTILE.to_owned(), "b".to_owned()],
            key: "quantization.z_threshold".to_owned(),
            value: Some(HOSTILE.into()),
            message: format!("outliers of {HOSTILE}"),
        }],
        warnings: vec![format!("cannot read {HOSTILE}")],
        generator: "Model Quantizer".to_owned(),
    }
}

#[track_caller]
fn check(html: &str, parts: &[&str]) {
    for part in parts {
        assert!(html.contains(part), "{part} is not in {html}");
    }
}

#[test]
fn the_page_says_what_the_data_says() {
    let html = report(3).to_html();
    check(
        &html,
        &[
            "−10.0 points against Keras&#39; 100.0\u{a0}%",
            "<dd>−3 +0<small>",
            "<td class=\"time\">1.25</td>",
            "<td class=\"right shade-9\">9</td><td class=\"wrong shade-1\">1</td><td class=\"none\">0</td>",
            "<em>an output without label</em>",
            "<td class=\"worse\">−10.0</td>",
            "alt=\"Image &lt;img src=x onerror=alert(1)&gt;/1.jpg\"",
            "src=\"data:image/jpeg;base64,/9g=\"",
            "<small>75.0 %</small>",
            "1 of them are shown",
            "outliers of &lt;img",
            "Setting: <code>quantization.z_threshold: &quot;&lt;img",
        ],
    );
    assert!(!html.contains("<img src=x"), "{html}");
    assert!(!html.contains("<details>\n<summary>0"), "{html}");
}

#[test]
fn every_chart_has_a_name_and_every_table_a_caption() {
    for count in [2, 24, 25, 300] {
        let html = report(count).to_html();
        let tags = |tag: &str| html.matches(tag).count();
        assert_eq!(tags("<svg "), tags("role=\"img\" aria-label=\""));
        assert_eq!(tags("<table"), tags("<caption>"));
        assert_eq!(tags("<table"), tags("tabindex=\"0\" role=\"region\""));
        assert_eq!(tags("<details"), tags("<summary>"));
    }
}

#[test]
fn many_classes_unfold() {
    let html = report(1_000).to_html();
    check(
        &html,
        &[
            "<summary>960 more classes</summary>",
            "A matrix of so many classes would be no help",
            "<summary>80 more kinds of errors</summary>",
            "900 rarer kinds of errors are not listed",
            "<td>99.5 %</td>",
        ],
    );
    // Some hundred bytes a class.
    assert!(html.len() < 900_000, "{}", html.len());
}

#[test]
fn scores_that_are_no_probabilities_are_shown_as_they_are() {
    let mut report = report(2);
    report.disagreements.images[0].float.score = -7.25;
    let html = report.to_html();
    check(&html, &["<small>-7.25</small>", "<small>0.5</small>"]);
}
