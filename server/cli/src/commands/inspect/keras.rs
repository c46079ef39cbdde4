use std::path::Path;

use ::keras::{ReadOptions, Summary};
use serde_json::{Value, json};

use super::{open_shape, shape};
use crate::Ending;
use crate::print::print;
use crate::table::Alignment::{Left, Right};
use crate::table::Table;

/// Prints what a Keras model holds; unsupported layers are findings.
pub(super) fn inspect(path: &Path, as_json: bool) -> Result<Ending, String> {
    let options = ReadOptions::default();
    let summary = ::keras::inspect(path, &options).map_err(|error| error.to_string())?;
    let text = if as_json {
        format!("{:#}\n", to_json(&summary))
    } else {
        to_text(&summary)
    };
    print(&text)?;
    Ok(if summary.unsupported.is_empty() {
        Ending::Done
    } else {
        Ending::Findings
    })
}

fn to_text(summary: &Summary) -> String {
    let mut text = format!(
        "format      {}\nkeras       {}\nmodel       {}\ninput       {} {}\noutput      {} {}\nparameters  {}\n\n",
        summary.format,
        summary
            .keras_version
            .as_deref()
            .unwrap_or("unknown version"),
        summary.name,
        summary.input_name,
        open_shape(&summary.input_shape),
        summary.output_name,
        summary
            .output_shape
            .as_deref()
            .map_or_else(|| "?".to_owned(), shape),
        summary.parameters,
    );
    let mut table = Table::new(
        &[Left, Left, Left, Right, Right],
        &["layer", "class", "output", "parameters", "MACs"],
    );
    for layer in &summary.layers {
        table.row([
            layer.name.clone(),
            layer.class.clone(),
            layer
                .output_shape
                .as_deref()
                .map_or_else(|| "?".to_owned(), shape),
            layer.parameters.to_string(),
            layer
                .macs
                .map_or_else(|| "?".to_owned(), |macs| macs.to_string()),
        ]);
    }
    text += &table.render();
    for unsupported in &summary.unsupported {
        text += &format!(
            "unsupported: layer \"{}\" ({}): {}\n",
            unsupported.layer, unsupported.class, unsupported.reason
        );
    }
    text
}

fn to_json(summary: &Summary) -> Value {
    let layers: Vec<_> = summary
        .layers
        .iter()
        .map(|layer| {
            json!({
                "name": layer.name,
                "class": layer.class,
                "output_shape": layer.output_shape,
                "parameters": layer.parameters,
                "macs": layer.macs,
            })
        })
        .collect();
    let unsupported: Vec<_> = summary
        .unsupported
        .iter()
        .map(|layer| json!({ "name": layer.layer, "class": layer.class, "reason": layer.reason }))
        .collect();
    json!({
        "format": summary.format,
        "keras_version": summary.keras_version,
        "name": summary.name,
        "input": { "name": summary.input_name, "shape": summary.input_shape },
        "output": { "name": summary.output_name, "shape": summary.output_shape },
        "classes": summary.classes,
        "parameters": summary.parameters,
        "layers": layers,
        "unsupported": unsupported,
    })
}
