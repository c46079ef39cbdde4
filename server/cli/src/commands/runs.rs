use configuration::Document;
use jobs::{Run, Summary};

use crate::Ending;
use crate::arguments::RunsArguments;
use crate::print::{note, print};
use crate::table::Alignment::{Left, Right};
use crate::table::{Table, bytes, percent};

/// Lists the runs of a configuration that were kept. What is wrong with the rest of the
/// configuration does not matter.
pub(crate) fn runs(arguments: &RunsArguments) -> Result<Ending, String> {
    let path = &arguments.configuration;
    let document = Document::read(path).map_err(|error| error.to_string())?;
    let mentions = document.mentions();
    let output_dir = mentions.into_iter().find(|path| path.key == "output_dir");
    let folder = output_dir.map(|mention| mention.path).ok_or_else(|| {
        format!(
            "\"{}\" does not say where runs are kept; give output_dir a folder",
            path.display()
        )
    })?;
    let list = jobs::runs(&folder).map_err(|error| {
        format!(
            "cannot list \"{}\": {error}; check the folder",
            folder.join(jobs::RUNS).display()
        )
    })?;
    if arguments.json {
        let json = jobs::to_json(&list).map_err(|error| error.to_string())?;
        print(&json)?;
        return Ok(Ending::Done);
    }
    for damaged in &list.damaged {
        note(&format!("warning: {damaged}"));
    }
    if list.runs.is_empty() {
        print(&format!("no runs in {}\n", list.folder.display()))?;
        return Ok(Ending::Done);
    }
    let mut table = Table::new(
        &[Left, Right, Right, Left],
        &["run", "seconds", "int8 size", "result"],
    );
    for run in &list.runs {
        table.row([
            run.name.clone(),
            format!("{:.1}", run.record.seconds),
            run.record
                .model(jobs::ModelRole::Quantized)
                .map_or_else(|| "-".to_owned(), |model| bytes(model.bytes)),
            result(run),
        ]);
    }
    print(&format!("{}in {}\n", table.render(), list.folder.display()))?;
    Ok(Ending::Done)
}

fn result(run: &Run) -> String {
    match &run.record.summary {
        Summary::Quantize(summary) => match (summary.logits_sqnr_db, summary.top_1_agreement) {
            (Some(ratio), Some(agreement)) => format!(
                "logits SQNR {ratio:.1} dB, same answer on {} of the calibration images",
                percent(agreement)
            ),
            _ => format!("{} calibration images", summary.calibration_images),
        },
        Summary::Evaluate(summary) => format!(
            "top-1 {} in Keras, {} in int8, {} images",
            percent(summary.top_1_accuracy_keras),
            percent(summary.top_1_accuracy_tflite_quantized),
            summary.images
        ),
    }
}
