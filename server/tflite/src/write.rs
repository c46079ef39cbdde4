use flatbuffers::{FlatBufferBuilder, ForwardsUOffset, Vector, WIPOffset};
use graph::{Graph, TensorId};

use crate::options::{OptionValue, Options};
use crate::payload::Payload;
use crate::plan::plan;
use crate::planned::{Plan, PlannedOperator, PlannedTensor};
use crate::version::{OLDEST_RUNTIME, minimum_runtime};
use crate::{Builtin, Encodings, WriteError, schema};

type Builder = FlatBufferBuilder<'static>;
type AnyTable = WIPOffset<flatbuffers::TableFinishedWIPOffset>;
type Tables = WIPOffset<Vector<'static, ForwardsUOffset<flatbuffers::TableFinishedWIPOffset>>>;

/// Largest file: offsets of the format are signed 32-bit numbers.
const LARGEST_FILE: u64 = (1 << 31) - 1;

/// Signature that converters give a model.
const SIGNATURE: &str = "serving_default";

/// Length of the metadata that names the oldest runtime, padded with zeros.
const RUNTIME_VERSION_BYTES: usize = 16;

/// What to write besides the graph.
#[derive(Debug, Clone, Copy, Default)]
pub struct WriteOptions<'a> {
    /// Tensors that become outputs of the model after the graph's own, in this order; those that
    /// are outputs already are not repeated. Calibration reads intermediate tensors so.
    pub extra_outputs: &'a [TensorId],
    /// `Model.description`, for people.
    pub description: &'a str,
}

/// Writes a model as a TFLite file: static shapes, one subgraph, one signature
/// `serving_default` with the names of the inputs and outputs.
///
/// Equal input gives equal bytes. Contents of constants lie at multiples of 16 bytes, equal
/// contents once. Tensors that no node uses are left out.
///
/// # Errors
/// [`WriteError`] when a node has no TFLite operator, an encoding does not fit its tensor, or the
/// file would reach 2 GiB.
pub fn write(
    graph: &Graph,
    encodings: &Encodings,
    options: &WriteOptions,
) -> Result<Vec<u8>, WriteError> {
    let plan = plan(graph, encodings, options.extra_outputs)?;
    let capacity = capacity(most_bytes(&plan, options))?;
    let mut builder = Builder::with_capacity(capacity);
    let root = model(&mut builder, &plan, graph, options);
    // The header of root offset and identifier comes first; what follows must keep its alignment.
    align(&mut builder, 8);
    builder.finish(root, Some(schema::IDENTIFIER));
    let (mut bytes, start) = builder.collapse();
    bytes.drain(..start);
    Ok(bytes)
}

fn capacity(bytes: u64) -> Result<usize, WriteError> {
    usize::try_from(bytes)
        .ok()
        .filter(|_| bytes <= LARGEST_FILE)
        .ok_or(WriteError::TooLarge { bytes })
}

/// An upper bound of the file's size, so that the builder never has to grow.
fn most_bytes(plan: &Plan, options: &WriteOptions) -> u64 {
    const TABLE: usize = 128;
    let buffers = plan.buffers.iter().map(|payload| payload.size() + TABLE);
    let tensors = plan.tensors.iter().map(|tensor| {
        3 * TABLE + 2 * tensor.name.len() + 8 * tensor.shape.len() + 12 * tensor.scales.len()
    });
    let operators = plan.operators.iter().map(|operator| {
        2 * TABLE + 8 * operator.inputs.len() + operator.options.as_ref().map_or(0, listed)
    });
    // Names of inputs and outputs appear again in the signature.
    let signature = (plan.inputs.iter().chain(&plan.outputs))
        .filter_map(|&index| plan.tensors.get(usize::try_from(index).ok()?))
        .map(|tensor| TABLE + tensor.name.len());
    let fixed = 32 * TABLE + TABLE * plan.codes.len() + options.description.len();
    buffers
        .chain(tensors)
        .chain(operators)
        .chain(signature)
        .fold(fixed as u64, |sum, size| sum.saturating_add(size as u64))
}

fn listed(options: &Options) -> usize {
    options
        .iter()
        .map(|(_, value)| match value {
            OptionValue::Ints(values) => 8 + 4 * values.len(),
            _ => 8,
        })
        .sum()
}

fn model(builder: &mut Builder, plan: &Plan, graph: &Graph, options: &WriteOptions) -> AnyTable {
    let (buffers, metadata_buffer) = buffers(builder, plan);
    let subgraph = subgraph(builder, plan, &graph.name);
    let subgraphs = builder.create_vector(&[subgraph]);
    let codes: Vec<AnyTable> = plan
        .codes
        .iter()
        .map(|&(builtin, version)| operator_code(builder, builtin, version))
        .collect();
    let codes = builder.create_vector(&codes);
    let metadata = metadata(builder, metadata_buffer);
    let signatures = signatures(builder, plan);
    let description = builder.create_string(options.description);
    table(builder, |builder| {
        use schema::model as slot;
        set(builder, slot::VERSION, schema::VERSION);
        set(builder, slot::OPERATOR_CODES, codes);
        set(builder, slot::SUBGRAPHS, subgraphs);
        set(builder, slot::DESCRIPTION, description);
        set(builder, slot::BUFFERS, buffers);
        set(builder, slot::METADATA, metadata);
        set(builder, slot::SIGNATURE_DEFS, signatures);
    })
}

/// All buffers, and the index of the one for metadata.
fn buffers(builder: &mut Builder, plan: &Plan) -> (Tables, u32) {
    let runtime = (plan.codes.iter())
        .map(|&(builtin, version)| minimum_runtime(builtin, version))
        .max()
        .unwrap_or(OLDEST_RUNTIME);
    let mut text = format!("{}.{}.0", runtime.0, runtime.1).into_bytes();
    text.resize(RUNTIME_VERSION_BYTES, 0);
    let runtime = Payload::Bytes(text.into());

    let mut scratch = Vec::new();
    let mut tables = vec![table(builder, |_| {})];
    for payload in plan.buffers.iter().chain([&runtime]) {
        let bytes = payload.bytes(&mut scratch);
        // A byte string is a vector of bytes with a zero behind it, and is copied as one block.
        align(builder, bytes.len() + 1);
        let data = builder.create_byte_string(bytes);
        tables.push(table(builder, |builder| {
            set(builder, schema::buffer::DATA, data);
        }));
    }
    let last = tables.len() as u32 - 1;
    (builder.create_vector(&tables), last)
}

/// Pads so that something of `length` bytes, written next, begins at a multiple of
/// [`BUFFER_ALIGNMENT`](schema::BUFFER_ALIGNMENT). The file is written from its end.
fn align(builder: &mut Builder, length: usize) {
    while !(builder.unfinished_data().len() + length).is_multiple_of(schema::BUFFER_ALIGNMENT) {
        builder.push(0u8);
    }
}

fn subgraph(builder: &mut Builder, plan: &Plan, name: &str) -> AnyTable {
    let operators: Vec<AnyTable> = plan
        .operators
        .iter()
        .map(|planned| operator(builder, planned))
        .collect();
    let operators = builder.create_vector(&operators);
    let tensors: Vec<AnyTable> = plan
        .tensors
        .iter()
        .map(|planned| tensor(builder, planned))
        .collect();
    let tensors = builder.create_vector(&tensors);
    let inputs = builder.create_vector(&plan.inputs);
    let outputs = builder.create_vector(&plan.outputs);
    let name = builder.create_string(name);
    table(builder, |builder| {
        use schema::subgraph as slot;
        set(builder, slot::TENSORS, tensors);
        set(builder, slot::INPUTS, inputs);
        set(builder, slot::OUTPUTS, outputs);
        set(builder, slot::OPERATORS, operators);
        set(builder, slot::NAME, name);
    })
}

fn tensor(builder: &mut Builder, planned: &PlannedTensor) -> AnyTable {
    let shape: Vec<i32> = planned.shape.iter().map(|&extent| extent as i32).collect();
    let shape = builder.create_vector(&shape);
    let name = builder.create_string(&planned.name);
    let quantization = (!planned.scales.is_empty()).then(|| quantization(builder, planned));
    table(builder, |builder| {
        use schema::tensor as slot;
        set(builder, slot::SHAPE, shape);
        set(builder, slot::TYPE, planned.element.code());
        set(builder, slot::BUFFER, planned.buffer);
        set(builder, slot::NAME, name);
        if let Some(quantization) = quantization {
            set(builder, slot::QUANTIZATION, quantization);
        }
        // Tells a scalar from a tensor of unknown rank, both of which have an empty shape.
        set(builder, slot::HAS_RANK, true);
    })
}

fn quantization(builder: &mut Builder, planned: &PlannedTensor) -> AnyTable {
    let scales = builder.create_vector(&planned.scales);
    let zero_points = vec![i64::from(planned.zero_point); planned.scales.len()];
    let zero_points = builder.create_vector(&zero_points);
    table(builder, |builder| {
        use schema::quantization as slot;
        set(builder, slot::SCALE, scales);
        set(builder, slot::ZERO_POINT, zero_points);
        builder.push_slot(offset(slot::QUANTIZED_DIMENSION), planned.axis as i32, 0);
    })
}

fn operator(builder: &mut Builder, planned: &PlannedOperator) -> AnyTable {
    let inputs = builder.create_vector(&planned.inputs);
    let outputs = builder.create_vector(&[planned.output]);
    let options =
        (planned.options.as_ref()).map(|options| (options, self::options(builder, options)));
    table(builder, |builder| {
        use schema::operator as slot;
        set(builder, slot::OPCODE_INDEX, planned.code);
        set(builder, slot::INPUTS, inputs);
        set(builder, slot::OUTPUTS, outputs);
        if let Some((options, written)) = options {
            set(builder, slot::BUILTIN_OPTIONS_TYPE, options.table.tag);
            set(builder, slot::BUILTIN_OPTIONS, written);
        }
    })
}

fn options(builder: &mut Builder, options: &Options) -> AnyTable {
    let lists: Vec<_> = options
        .values
        .iter()
        .map(|value| match value {
            OptionValue::Ints(values) => Some(builder.create_vector(values)),
            _ => None,
        })
        .collect();
    table(builder, |builder| {
        for ((field, value), list) in options.table.fields.iter().zip(&options.values).zip(lists) {
            match value {
                OptionValue::Bool(value) => set(builder, field.slot, *value),
                OptionValue::Int(value) => set(builder, field.slot, *value),
                OptionValue::Float(value) => set(builder, field.slot, *value),
                OptionValue::Name(name) => {
                    // Options hold only names that their tables have.
                    if let Some(code) = field.kind.code(name) {
                        set(builder, field.slot, code);
                    }
                }
                OptionValue::Ints(_) => {
                    if let Some(list) = list {
                        set(builder, field.slot, list);
                    }
                }
            }
        }
    })
}

fn operator_code(builder: &mut Builder, builtin: Builtin, version: i32) -> AnyTable {
    let deprecated =
        i8::try_from(builtin.code()).unwrap_or(schema::PLACEHOLDER_FOR_GREATER_OP_CODES);
    table(builder, |builder| {
        use schema::operator_code as slot;
        set(builder, slot::DEPRECATED_BUILTIN_CODE, deprecated);
        set(builder, slot::VERSION, version);
        set(builder, slot::BUILTIN_CODE, builtin.code());
    })
}

fn metadata(builder: &mut Builder, buffer: u32) -> Tables {
    let name = builder.create_string("min_runtime_version");
    let entry = table(builder, |builder| {
        set(builder, schema::metadata::NAME, name);
        set(builder, schema::metadata::BUFFER, buffer);
    });
    builder.create_vector(&[entry])
}

fn signatures(builder: &mut Builder, plan: &Plan) -> Tables {
    let inputs = tensor_maps(builder, plan, &plan.inputs);
    let outputs = tensor_maps(builder, plan, &plan.outputs);
    let key = builder.create_string(SIGNATURE);
    let signature = table(builder, |builder| {
        use schema::signature_def as slot;
        set(builder, slot::INPUTS, inputs);
        set(builder, slot::OUTPUTS, outputs);
        set(builder, slot::SIGNATURE_KEY, key);
        set(builder, slot::SUBGRAPH_INDEX, 0u32);
    });
    builder.create_vector(&[signature])
}

fn tensor_maps(builder: &mut Builder, plan: &Plan, indices: &[i32]) -> Tables {
    let mut maps = Vec::with_capacity(indices.len());
    for &index in indices {
        let Some(tensor) = plan.tensors.get(index as usize) else {
            continue;
        };
        let name = builder.create_string(&tensor.name);
        maps.push(table(builder, |builder| {
            set(builder, schema::tensor_map::NAME, name);
            set(builder, schema::tensor_map::TENSOR_INDEX, index as u32);
        }));
    }
    builder.create_vector(&maps)
}

fn table(builder: &mut Builder, fill: impl FnOnce(&mut Builder)) -> AnyTable {
    let start = builder.start_table();
    fill(builder);
    builder.end_table(start)
}

fn set<T: flatbuffers::Push>(builder: &mut Builder, slot: u16, value: T) {
    builder.push_slot_always(offset(slot), value);
}

/// Position of a slot in its vtable, behind the vtable's own two fields.
fn offset(slot: u16) -> u16 {
    4 + 2 * slot
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::samples;

    #[test]
    fn files_reach_two_gigabytes_at_most() {
        assert_eq!(capacity(LARGEST_FILE), Ok((1 << 31) - 1));
        let bytes = LARGEST_FILE + 1;
        assert_eq!(capacity(bytes), Err(WriteError::TooLarge { bytes }));
    }

    #[test]
    fn the_size_is_never_underestimated() {
        for sample in samples().unwrap() {
            let encodings = Encodings::float();
            let options = WriteOptions::default();
            let plan = plan(&sample.graph, &encodings, options.extra_outputs).unwrap();
            let written = write(&sample.graph, &encodings, &options).unwrap();
            let most = most_bytes(&plan, &options);
            assert!(written.len() as u64 <= most, "{}: {most}", sample.name);
        }
    }
}
