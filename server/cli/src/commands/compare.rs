use jobs::RunComparison;

use crate::Ending;
use crate::arguments::CompareArguments;
use crate::print::print;
use crate::table::Alignment::{Left, Right};
use crate::table::{Table, bytes, percent};

/// Shows runs side by side: the figures on the terminal, everything on a page.
pub(crate) fn compare(arguments: &CompareArguments) -> Result<Ending, String> {
    let comparison = jobs::compare(&arguments.runs).map_err(|error| error.to_string())?;
    if let Some(path) = &arguments.output {
        jobs::write_page(path, &comparison.to_html()).map_err(|error| error.to_string())?;
    }
    if arguments.json {
        let json = jobs::to_json(&comparison).map_err(|error| error.to_string())?;
        print(&json)?;
        return Ok(Ending::Done);
    }
    let mut text = figures(&comparison) + &settings(&comparison);
    if let Some(path) = &arguments.output {
        text += &format!("comparison: {}\n", path.display());
    }
    print(&text)?;
    Ok(Ending::Done)
}

fn figures(comparison: &RunComparison) -> String {
    let mut table = Table::new(
        &[Left, Right, Right, Right, Right, Right],
        &[
            "run",
            "int8 size",
            "logits SQNR",
            "Keras top-1",
            "int8 top-1",
            "agreement",
        ],
    );
    let dash = || "-".to_owned();
    for run in &comparison.runs {
        let quantization = run.quantization.as_ref();
        let evaluation = run.evaluation.as_ref();
        let accuracy = |model: usize| {
            evaluation.map_or_else(dash, |evaluation| percent(evaluation.top_1_accuracy[model]))
        };
        table.row([
            run.name.clone(),
            run.quantized_bytes.map_or_else(dash, bytes),
            quantization
                .and_then(|quantization| quantization.logits_sqnr_db)
                .map_or_else(dash, |ratio| format!("{ratio:.1} dB")),
            accuracy(0),
            accuracy(2),
            evaluation.map_or_else(dash, |evaluation| percent(evaluation.agreement_with_keras)),
        ]);
    }
    table.render()
}

fn settings(comparison: &RunComparison) -> String {
    if comparison.settings.is_empty() {
        return "all settings are the same\n".to_owned();
    }
    let mut table = Table::new(&[Left, Left], &["setting", "in each run"]);
    for setting in &comparison.settings {
        let values: Vec<&str> = setting
            .values
            .iter()
            .map(|value| value.as_ref().map_or("-", |value| &*value.value))
            .collect();
        table.row([setting.key.clone(), values.join(" | ")]);
    }
    table.render()
}
