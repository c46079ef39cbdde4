use std::path::Path;

use ::keras::{
    ErrorKind, InputNormalization, LayerSummary, OutputKind, ReadOptions, Summary, TensorSummary,
};
use configuration::{FloatLayer, no_integer};
use serde_json::{Value, json};

use super::open_shape;
use crate::Ending;
use crate::print::{print, printable, terminal_width};
use crate::table::Alignment::{Left, Right};
use crate::table::{Table, bytes, grouped};

/// Prints what a Keras model holds; that it cannot be converted is a finding.
pub(super) fn inspect(path: &Path, as_json: bool) -> Result<Ending, String> {
    let options = ReadOptions::default();
    let summary = ::keras::inspect(path, &options).map_err(|error| error.to_string())?;
    let text = if as_json {
        format!("{:#}\n", to_json(&summary))
    } else {
        to_text(&summary, terminal_width().unwrap_or(usize::MAX))
    };
    print(&text)?;
    Ok(match refusal(&summary) {
        None => Ending::Done,
        Some(_) => Ending::Findings,
    })
}

fn to_text(summary: &Summary, width: usize) -> String {
    let mut text = format!("format      {}", summary.format);
    for (writer, version) in [
        ("Keras", &summary.keras_version),
        ("TensorFlow", &summary.tensorflow_version),
    ] {
        if let Some(version) = version {
            text += &format!(", {writer} {}", printable(version));
        }
    }
    text += &format!("\nmodel       {}\n", printable(&summary.name));
    for (kind, tensors) in [("input", &summary.inputs), ("output", &summary.outputs)] {
        for tensor in tensors {
            text += &format!("{kind:<12}{}\n", end(tensor));
        }
    }
    if let Some(kind) = &summary.output_kind {
        text += &format!("answer      {}\n", answer(kind));
    }
    for layer in &summary.input_normalizations {
        text += &format!("pixels      {}\n", normalization(layer));
    }
    text += &totals(summary);
    text.push('\n');
    text += &layer_table(summary).render_within(width);
    text + &problems(summary)
}

/// `input_1  float32  1 x 224 x 224 x 3`
fn end(tensor: &TensorSummary) -> String {
    let shape = open_shape(tensor.shape.as_deref());
    let (name, dtype) = (printable(&tensor.name), printable(&tensor.dtype));
    format!("{name}  {dtype}  {shape}")
}

/// What the numbers in the output mean.
fn answer(kind: &OutputKind) -> String {
    match (kind, kind.first_class()) {
        (OutputKind::Number(reason), _) => format!("{kind}: it {reason}"),
        (_, Some(values)) => format!("{kind}; {values} stand for class 0"),
        (_, None) => kind.to_string(),
    }
}

/// What a layer of the model does to the pixels, which preprocessing must not do again.
fn normalization(layer: &InputNormalization) -> String {
    let name = printable(&layer.layer);
    match (layer.scale, layer.offset) {
        (Some(scale), Some(offset)) => {
            let sign = if offset < 0.0 { '-' } else { '+' };
            format!("{name}: x * {scale} {sign} {}", offset.abs())
        }
        _ => format!("{name}: {} of each channel", layer.class),
    }
}

fn totals(summary: &Summary) -> String {
    let partial = "without the layers of which they are unknown";
    let parameters: u64 = sum(summary, |layer| layer.parameters);
    let macs = sum(summary, |layer| layer.macs);
    let number = |count: u64, total: Option<u64>, note: &str| match total {
        Some(total) => format!("{}{note}", grouped(total)),
        None if count == 0 => "unknown".to_owned(),
        None => format!("{}, {partial}", grouped(count)),
    };
    let size = match summary.parameters {
        Some(count) => format!(
            "about {} as float32, {} as int8",
            bytes(count.saturating_mul(4)),
            bytes(count)
        ),
        None => "unknown".to_owned(),
    };
    format!(
        "layers      {}\nparameters  {}\nMACs        {}\nsize        {size}\n",
        grouped(summary.layers.len() as u64),
        number(parameters, summary.parameters, ""),
        number(macs, summary.macs, " for an image"),
    )
}

fn sum(summary: &Summary, number: fn(&LayerSummary) -> Option<u64>) -> u64 {
    let numbers = summary.layers.iter().filter_map(number);
    numbers.fold(0, u64::saturating_add)
}

fn layer_table(summary: &Summary) -> Table {
    let mut table = Table::new(
        &[Left, Left, Left, Right, Right],
        &["layer", "class", "output", "parameters", "MACs"],
    );
    let number = |number: Option<u64>| number.map_or_else(|| "?".to_owned(), grouped);
    for layer in &summary.layers {
        table.row([
            layer.name.clone(),
            layer.class.clone(),
            open_shape(layer.output_shape.as_deref()),
            number(layer.parameters),
            number(layer.macs),
        ]);
    }
    table.total([
        "total".to_owned(),
        String::new(),
        String::new(),
        number(summary.parameters),
        number(summary.macs),
    ]);
    table
}

/// Everything that keeps the model from being converted; nothing if it can be.
fn problems(summary: &Summary) -> String {
    let mut text = String::new();
    let layers = &summary.unsupported;
    match layers.len() {
        0 => {}
        1 => text += "\n1 layer cannot be converted:\n",
        count => text += &format!("\n{} layers cannot be converted:\n", grouped(count as u64)),
    }
    for layer in layers {
        let line = format!("\"{}\" ({}): {}", layer.layer, layer.class, layer.reason);
        text += &format!("  {}\n", printable(&line));
    }
    match (summary.refusal(), refusal(summary)) {
        (Some(ErrorKind::UnsupportedLayers(_)), _) | (_, None) => text,
        (_, Some(reason)) => text + &format!("\n{}\n", printable(&reason)),
    }
}

/// Why Quantize refuses the model, unless the configuration keeps layers in float.
fn refusal(summary: &Summary) -> Option<String> {
    let refused = summary.classifier_refusal().map(|kind| kind.to_string());
    refused.or_else(|| no_integer(&FloatLayer::all(summary)).map(|text| text.to_string()))
}

/// The form of `schemas/inspect.schema.json`.
fn to_json(summary: &Summary) -> Value {
    let tensors = |tensors: &[TensorSummary]| -> Vec<Value> {
        tensors
            .iter()
            .map(|tensor| {
                json!({ "name": tensor.name, "dtype": tensor.dtype, "shape": tensor.shape })
            })
            .collect()
    };
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
    let normalizations: Vec<_> = summary
        .input_normalizations
        .iter()
        .map(|layer| {
            json!({
                "name": layer.layer,
                "class": layer.class,
                "scale": layer.scale,
                "offset": layer.offset,
            })
        })
        .collect();
    json!({
        "format": summary.format,
        "keras_version": summary.keras_version,
        "tensorflow_version": summary.tensorflow_version,
        "name": summary.name,
        "inputs": tensors(&summary.inputs),
        "outputs": tensors(&summary.outputs),
        "classes": summary.output_kind.as_ref().and_then(OutputKind::classes),
        "output_kind": summary.output_kind.as_ref().map(OutputKind::name),
        "loss": summary.loss,
        "parameters": summary.parameters,
        "macs": summary.macs,
        "float_bytes": summary.parameters.map(|count| count.saturating_mul(4)),
        "input_normalizations": normalizations,
        "layers": layers,
        "unsupported": unsupported,
        "refusal": refusal(summary),
    })
}
