//! Quantize and Evaluate on the whole demo project.

use crate::support::{Project, Schema};

#[test]
fn quantize_then_evaluate() {
    let project = Project::flowers();
    let quantized = project.job("quantize", &[]);
    for said in ["model.tflite", "model_quantized.tflite", "300 images"] {
        assert!(quantized.stdout.contains(said), "{}", quantized.stdout);
    }
    let float = project.read("output/model.tflite").len();
    let int8 = project.read("output/model_quantized.tflite").len();
    // Names, scales and options weigh more in a model as small as this one; in a large one the
    // int8 file comes to a quarter.
    assert!(int8 * 2 < float, "{int8} of {float} bytes");

    let report = project.json("output/quantization_report.json");
    Schema::load("quantization_report").check(&report);
    let sizes = (
        &report["files"]["float_bytes"],
        &report["files"]["quantized_bytes"],
    );
    assert_eq!(sizes, (&float.into(), &int8.into()));
    assert_eq!(report["comparison"]["from_evaluation"], true);
    let images = report["comparison"]["images"].as_u64().unwrap();
    assert!(images >= 32, "{images}");
    let interval = report["comparison"]["logits_sqnr_interval_db"].as_f64();
    // All images, or enough of them.
    assert!(images == 200 || interval.unwrap() <= 0.5, "{interval:?}");
    let logits = report["comparison"]["logits_sqnr_db"].as_f64().unwrap();
    assert!(logits > 20.0, "{logits}");
    let layers = report["layers"].as_array().unwrap();
    let noise = |index: usize| layers[index]["sqnr_db"].as_f64().unwrap();
    assert!((1..layers.len()).all(|index| noise(index - 1) <= noise(index)));
    let page = String::from_utf8(project.read("output/quantization_report.html")).unwrap();
    assert!(page.contains(&format!("{logits:.1} dB")), "{page}");

    let evaluated = project.job("evaluate", &["--timings"]);
    for said in [
        "Keras",
        "TFLite int8",
        "200 images",
        "results.json",
        "evaluate_tflite",
    ] {
        assert!(evaluated.stdout.contains(said), "{}", evaluated.stdout);
    }
    let results = project.json("results/results.json");
    Schema::load("results").check(&results);
    let accuracy = |model: &str| results[format!("top_1_accuracy_{model}")].as_f64().unwrap();
    let keras = accuracy("keras");
    assert!(keras > 0.8, "{keras}");
    assert!((accuracy("tflite") - keras).abs() <= 0.005, "{results}");
    assert!(
        (accuracy("tflite_quantized") - keras).abs() <= 0.05,
        "{results}"
    );
    let agreement = |model: usize| {
        results["models"][model]["agreement_with_keras"]
            .as_f64()
            .unwrap()
    };
    assert_eq!(agreement(0), 1.0);
    assert!(agreement(1) >= 0.995, "{}", agreement(1));
    assert!(agreement(2) >= 0.95, "{}", agreement(2));
}

#[test]
fn results_add_up() {
    let project = Project::small();
    project.job("quantize", &[]);
    project.job("evaluate", &[]);
    let results = project.json("results/results.json");
    assert_eq!(results["images"], 20);
    let classes = results["classes"].as_array().unwrap().len();
    for model in results["models"].as_array().unwrap() {
        let correct: u64 = (0..classes)
            .map(|class| {
                let figures = &model["per_class"][class];
                let answers = model["confusion"][class].as_array().unwrap();
                let images: u64 = answers.iter().map(|count| count.as_u64().unwrap()).sum();
                assert_eq!(figures["class"], results["classes"][class]);
                assert_eq!(figures["images"], images);
                assert_eq!(figures["correct"], answers[class]);
                answers[class].as_u64().unwrap()
            })
            .sum();
        assert_eq!(model["top_1_accuracy"], correct as f64 / 20.0);
    }
}
