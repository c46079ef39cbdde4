use std::path::Path;

use ::tflite::{File, Tensor};
use serde_json::{Value, json};

use super::shape;
use crate::Ending;
use crate::print::{print, printable, terminal_width};
use crate::table::Alignment::{Left, Right};
use crate::table::{Table, bytes};

/// Prints what a TFLite file holds.
pub(super) fn inspect(path: &Path, as_json: bool) -> Result<Ending, String> {
    let contents = ::tflite::load(path).map_err(|error| error.to_string())?;
    let file =
        ::tflite::read(&contents).map_err(|error| format!("\"{}\": {error}", path.display()))?;
    let text = if as_json {
        format!("{:#}\n", to_json(&file, contents.len()))
    } else {
        to_text(&file, contents.len() as u64)
    };
    print(&text)?;
    Ok(Ending::Done)
}

/// A tensor that the file may or may not have at a position.
fn tensor<'f, 'a>(file: &'f File<'a>, position: usize) -> Option<&'f Tensor<'a>> {
    file.tensors.get(position)
}

fn to_text(file: &File, size: u64) -> String {
    let mut text = format!(
        "format      TFLite\nsize        {}\nmade by     {}\n",
        bytes(size),
        printable(file.description)
    );
    for (kind, positions) in [("input", &file.inputs), ("output", &file.outputs)] {
        for tensor in positions
            .iter()
            .filter_map(|&position| tensor(file, position))
        {
            text += &format!(
                "{kind:<12}{} {} {}{}\n",
                printable(tensor.name),
                tensor.element,
                shape(&tensor.shape),
                scales(tensor)
            );
        }
    }
    text.push('\n');
    let mut table = Table::new(
        &[Left, Left, Left, Right, Left],
        &["operator", "output", "type", "weights", "shape and scale"],
    );
    for operator in &file.operators {
        let Some(output) = operator
            .outputs
            .first()
            .and_then(|&position| tensor(file, position))
        else {
            continue;
        };
        let weights: usize = operator
            .inputs
            .iter()
            .flatten()
            .filter_map(|&position| tensor(file, position))
            .map(|input| input.data.len())
            .sum();
        table.row([
            operator.kind.name().into_owned(),
            output.name.to_owned(),
            output.element.to_string(),
            bytes(weights as u64),
            format!("{}{}", shape(&output.shape), scales(output)),
        ]);
    }
    text + &table.render_within(terminal_width().unwrap_or(usize::MAX))
}

fn scales(tensor: &Tensor) -> String {
    match &tensor.quantization {
        Some(quantization) => match (&quantization.scales[..], &quantization.zero_points[..]) {
            ([scale], [zero_point]) => format!(", scale {scale}, zero point {zero_point}"),
            (scales, _) => format!(", {} scales", scales.len()),
        },
        None => String::new(),
    }
}

fn to_json(file: &File, size: usize) -> Value {
    let tensors: Vec<Value> = file
        .tensors
        .iter()
        .map(|tensor| {
            let quantization = tensor.quantization.as_ref().map(|quantization| {
                json!({
                    "scales": quantization.scales,
                    "zero_points": quantization.zero_points,
                    "axis": quantization.axis,
                })
            });
            json!({
                "name": tensor.name,
                "shape": tensor.shape,
                "type": tensor.element.to_string(),
                "bytes": tensor.data.len(),
                "quantization": quantization,
            })
        })
        .collect();
    let operators: Vec<Value> = file
        .operators
        .iter()
        .map(|operator| {
            json!({
                "name": operator.kind.name(),
                "version": operator.version,
                "inputs": operator.inputs,
                "outputs": operator.outputs,
            })
        })
        .collect();
    json!({
        "format": "TFLite",
        "bytes": size,
        "description": file.description,
        "inputs": file.inputs,
        "outputs": file.outputs,
        "tensors": tensors,
        "operators": operators,
    })
}
