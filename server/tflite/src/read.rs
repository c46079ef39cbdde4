use localization::{Phrase, Text, phrase, text};

use crate::file::{File, Operator, OperatorKind, Quantization, Signature, Tensor};
use crate::flatbuffer::{Table, Tables, slice};
use crate::options::{Field, Kind, OptionValue, Options, table};
use crate::{Builtin, ElementType, ReadError, schema};

/// Code of an operator that an application adds.
const CUSTOM: i32 = 32;

/// Reads a TFLite file and checks that everything in it refers to something inside it.
///
/// Contents of constants are not copied. Memory and time are bounded by the length of the bytes.
///
/// # Errors
/// [`ReadError`] when the bytes are not a complete and consistent file of schema version 3.
pub fn read(bytes: &[u8]) -> Result<File<'_>, ReadError> {
    if bytes.get(4..8) != Some(schema::IDENTIFIER.as_bytes()) {
        return Err(ReadError::Identifier);
    }
    let model = Table::root(bytes)?;
    let version = model.u32(schema::model::VERSION, phrase!("the schema version"))?;
    if version != schema::VERSION {
        return Err(ReadError::Version(version));
    }
    let mut reader = Reader {
        bytes,
        budget: bytes.len().saturating_mul(GROWTH),
        buffers: Vec::new(),
        codes: Vec::new(),
    };
    reader.file(model)
}

struct Reader<'a> {
    bytes: &'a [u8],
    /// Bytes of memory that may still be used. A file that refers to one part many times would
    /// otherwise grow beyond any bound.
    budget: usize,
    buffers: Vec<&'a [u8]>,
    codes: Vec<(OperatorKind<'a>, i32)>,
}

/// Most bytes in memory for each byte of a file; ordinary files need less than four.
const GROWTH: usize = 8;

impl<'a> Reader<'a> {
    fn file(&mut self, model: Table<'a>) -> Result<File<'a>, ReadError> {
        use schema::model as slot;
        for buffer in self.tables::<&[u8]>(model, slot::BUFFERS, phrase!("the list of buffers"))? {
            self.buffers.push(self.buffer(buffer?)?);
        }
        for code in self.tables::<(OperatorKind, i32)>(
            model,
            slot::OPERATOR_CODES,
            phrase!("the list of operator codes"),
        )? {
            self.codes.push(operator_code(code?)?);
        }
        let subgraphs = model.tables(slot::SUBGRAPHS, phrase!("the list of subgraphs"))?;
        let main = subgraphs
            .iter(phrase!("a subgraph"))
            .next()
            .ok_or_else(|| inconsistent(phrase!("it has no subgraph")))??;
        let mut file = File {
            description: model.string(slot::DESCRIPTION, phrase!("the description"))?,
            subgraphs: subgraphs.len(),
            name: main.string(schema::subgraph::NAME, phrase!("the name of the model"))?,
            tensors: Vec::new(),
            operators: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            metadata: Vec::new(),
            signatures: Vec::new(),
        };
        self.subgraph(main, &mut file)?;
        for entry in self.tables::<(&str, &[u8])>(model, slot::METADATA, phrase!("the metadata"))? {
            file.metadata.push(self.metadata(entry?)?);
        }
        for signature in
            self.tables::<Signature>(model, slot::SIGNATURE_DEFS, phrase!("the signatures"))?
        {
            let signature = signature?;
            // Other subgraphs have tensors of their own.
            if signature.u32(
                schema::signature_def::SUBGRAPH_INDEX,
                phrase!("a signature"),
            )? == 0
            {
                let signature = self.signature(signature, file.tensors.len())?;
                file.signatures.push(signature);
            }
        }
        Ok(file)
    }

    fn subgraph(&mut self, main: Table<'a>, file: &mut File<'a>) -> Result<(), ReadError> {
        use schema::subgraph as slot;
        for tensor in self.tables::<Tensor>(main, slot::TENSORS, phrase!("the list of tensors"))? {
            let tensor = self.tensor(tensor?)?;
            file.tensors.push(tensor);
        }
        let count = file.tensors.len();
        for operator in
            self.tables::<Operator>(main, slot::OPERATORS, phrase!("the list of operators"))?
        {
            let operator = self.operator(operator?, count)?;
            file.operators.push(operator);
        }
        file.inputs = self.positions(main, slot::INPUTS, count, phrase!("the list of inputs"))?;
        file.outputs =
            self.positions(main, slot::OUTPUTS, count, phrase!("the list of outputs"))?;
        Ok(())
    }

    fn buffer(&self, buffer: Table<'a>) -> Result<&'a [u8], ReadError> {
        use schema::buffer as slot;
        // Files above 2 GiB keep contents behind the FlatBuffer, at an offset from the beginning.
        let offset = buffer.u64(slot::OFFSET, phrase!("a buffer"))?;
        if offset > 1 {
            let size = buffer.u64(slot::SIZE, phrase!("a buffer"))?;
            let limit = |value| usize::try_from(value).unwrap_or(usize::MAX);
            return slice(self.bytes, limit(offset), limit(size), phrase!("a buffer"));
        }
        let data: &[[u8; 1]] = buffer.vector(slot::DATA, phrase!("a buffer"))?;
        Ok(data.as_flattened())
    }

    fn tensor(&mut self, tensor: Table<'a>) -> Result<Tensor<'a>, ReadError> {
        use schema::tensor as slot;
        let name = tensor.string(slot::NAME, phrase!("the name of a tensor"))?;
        let shape = self
            .integers(tensor, slot::SHAPE, phrase!("the shape of a tensor"))?
            .into_iter()
            .map(usize::try_from)
            .collect::<Result<Vec<usize>, _>>()
            .map_err(|_| inconsistent(text!("tensor \"{name}\" has a negative extent")))?;
        let element =
            ElementType::from_code(tensor.u8(slot::TYPE, 0, phrase!("the type of a tensor"))?);
        let buffer = tensor.u32(slot::BUFFER, phrase!("the buffer of a tensor"))?;
        let data = self.buffers.get(buffer as usize).copied();
        // A file without buffers has no constants.
        let data = data.or((buffer == 0).then_some(&[]));
        let data = data.ok_or_else(|| {
            inconsistent(text!(
                "tensor \"{name}\" is in buffer {buffer}, which it has not"
            ))
        })?;
        let sparse = tensor.table(slot::SPARSITY, phrase!("a tensor"))?.is_some();
        if let (Some(size), false, false) = (element.size(), data.is_empty(), sparse) {
            let needed = shape
                .iter()
                .try_fold(size, |product, &extent| product.checked_mul(extent));
            if needed != Some(data.len()) {
                return Err(inconsistent(text!(
                    "tensor \"{name}\" of shape {shape:?} has {bytes} bytes",
                    bytes = data.len()
                )));
            }
        }
        let quantization = self.quantization(tensor, name, &shape)?;
        Ok(Tensor {
            name,
            shape,
            element,
            quantization,
            data,
        })
    }

    fn quantization(
        &mut self,
        tensor: Table<'a>,
        name: &str,
        shape: &[usize],
    ) -> Result<Option<Quantization>, ReadError> {
        use schema::quantization as slot;
        const PART: Phrase = phrase!("the quantization of a tensor");
        let Some(quantization) = tensor.table(schema::tensor::QUANTIZATION, PART)? else {
            return Ok(None);
        };
        let scales: &[[u8; 4]] = quantization.vector(slot::SCALE, PART)?;
        let zero_points: &[[u8; 8]] = quantization.vector(slot::ZERO_POINT, PART)?;
        if scales.is_empty() {
            return Ok(None);
        }
        self.spend(size_of_val(scales) + size_of_val(zero_points))?;
        let axis = quantization.i32(slot::QUANTIZED_DIMENSION, 0, PART)?;
        let axis = usize::try_from(axis).unwrap_or(usize::MAX);
        let fits = zero_points.len() == scales.len()
            && (scales.len() == 1 || shape.get(axis) == Some(&scales.len()));
        if !fits {
            return Err(inconsistent(text!(
                "tensor \"{name}\" of shape {shape:?} has {scales} scales and {points} zero points",
                scales = scales.len(),
                points = zero_points.len()
            )));
        }
        Ok(Some(Quantization {
            scales: scales.iter().copied().map(f32::from_le_bytes).collect(),
            zero_points: zero_points
                .iter()
                .copied()
                .map(i64::from_le_bytes)
                .collect(),
            axis,
        }))
    }

    fn operator(&mut self, operator: Table<'a>, tensors: usize) -> Result<Operator<'a>, ReadError> {
        use schema::operator as slot;
        let code = operator.u32(slot::OPCODE_INDEX, phrase!("an operator"))?;
        let &(kind, version) = self
            .codes
            .get(code as usize)
            .ok_or_else(|| inconsistent(text!("an operator has code {code}, which it has not")))?;
        let inputs = self
            .integers(operator, slot::INPUTS, phrase!("the inputs of an operator"))?
            .into_iter()
            .map(|index| match index {
                schema::ABSENT => Ok(None),
                index => position(index, tensors).map(Some),
            })
            .collect::<Result<_, _>>()?;
        let outputs = self.positions(
            operator,
            slot::OUTPUTS,
            tensors,
            phrase!("the outputs of an operator"),
        )?;
        let tag = operator.u8(slot::BUILTIN_OPTIONS_TYPE, 0, phrase!("an operator"))?;
        let written =
            operator.table(slot::BUILTIN_OPTIONS, phrase!("the options of an operator"))?;
        let options = match (table(tag), written) {
            (Some(table), Some(written)) => {
                let values = (table.fields.iter())
                    .map(|field| self.option(written, field))
                    .collect::<Result<_, _>>()?;
                Some(Options { table, values })
            }
            _ => None,
        };
        Ok(Operator {
            kind,
            version,
            inputs,
            outputs,
            options,
        })
    }

    fn option(&mut self, options: Table<'a>, field: &Field) -> Result<OptionValue, ReadError> {
        const PART: Phrase = phrase!("the options of an operator");
        Ok(match field.kind {
            Kind::Bool { default } => {
                OptionValue::Bool(options.u8(field.slot, default.into(), PART)? != 0)
            }
            Kind::Int { default } => OptionValue::Int(options.i32(field.slot, default, PART)?),
            Kind::Float => {
                let bytes = options.scalar(field.slot, PART)?;
                OptionValue::Float(bytes.map_or(0.0, f32::from_le_bytes))
            }
            Kind::Name { names, .. } => {
                let code = options.u8(field.slot, 0, PART)?;
                let name = names.get(usize::from(code)).ok_or_else(|| {
                    inconsistent(text!("an operator has {name} {code}", name = field.name))
                })?;
                OptionValue::Name(name)
            }
            Kind::Ints => OptionValue::Ints(self.integers(options, field.slot, PART)?),
        })
    }

    fn metadata(&self, entry: Table<'a>) -> Result<(&'a str, &'a [u8]), ReadError> {
        let name = entry.string(schema::metadata::NAME, phrase!("the metadata"))?;
        let buffer = entry.u32(schema::metadata::BUFFER, phrase!("the metadata"))?;
        let data = self.buffers.get(buffer as usize).ok_or_else(|| {
            inconsistent(text!(
                "metadata \"{name}\" is in buffer {buffer}, which it has not"
            ))
        })?;
        Ok((name, data))
    }

    fn signature(
        &mut self,
        signature: Table<'a>,
        tensors: usize,
    ) -> Result<Signature<'a>, ReadError> {
        use schema::signature_def as slot;
        let mut names = |slot| -> Result<Vec<(&'a str, usize)>, ReadError> {
            let mut names = Vec::new();
            for entry in self.tables::<(&str, usize)>(signature, slot, phrase!("a signature"))? {
                let entry = entry?;
                let name = entry.string(schema::tensor_map::NAME, phrase!("a signature"))?;
                let index = entry.u32(schema::tensor_map::TENSOR_INDEX, phrase!("a signature"))?;
                names.push((name, position(i64::from(index), tensors)?));
            }
            Ok(names)
        };
        Ok(Signature {
            inputs: names(slot::INPUTS)?,
            outputs: names(slot::OUTPUTS)?,
            key: signature.string(slot::SIGNATURE_KEY, phrase!("a signature"))?,
        })
    }

    /// The tables of a vector, each of which the caller turns into a `T`.
    fn tables<T>(
        &mut self,
        table: Table<'a>,
        slot: u16,
        part: Phrase,
    ) -> Result<impl Iterator<Item = Result<Table<'a>, ReadError>> + use<'a, T>, ReadError> {
        let tables: Tables<'a> = table.tables(slot, part)?;
        self.spend(tables.len().saturating_mul(size_of::<T>()))?;
        Ok(tables.iter(part))
    }

    fn integers(
        &mut self,
        table: Table<'a>,
        slot: u16,
        part: Phrase,
    ) -> Result<Vec<i32>, ReadError> {
        let values: &[[u8; 4]] = table.vector(slot, part)?;
        self.spend(values.len().saturating_mul(size_of::<Option<usize>>()))?;
        Ok(values.iter().copied().map(i32::from_le_bytes).collect())
    }

    fn positions(
        &mut self,
        table: Table<'a>,
        slot: u16,
        tensors: usize,
        part: Phrase,
    ) -> Result<Vec<usize>, ReadError> {
        let values = self.integers(table, slot, part)?;
        values
            .into_iter()
            .map(|index| position(index, tensors))
            .collect()
    }

    fn spend(&mut self, bytes: usize) -> Result<(), ReadError> {
        self.budget = self
            .budget
            .checked_sub(bytes)
            .ok_or_else(|| inconsistent(phrase!("it refers to the same bytes again and again")))?;
        Ok(())
    }
}

/// Codes up to 127 are in the deprecated field of files older than the other one.
fn operator_code(code: Table<'_>) -> Result<(OperatorKind<'_>, i32), ReadError> {
    use schema::operator_code as slot;
    const PART: Phrase = phrase!("an operator code");
    let deprecated = i32::from(code.u8(slot::DEPRECATED_BUILTIN_CODE, 0, PART)?);
    let builtin = code.i32(slot::BUILTIN_CODE, 0, PART)?.max(deprecated);
    let kind = match Builtin::from_code(builtin) {
        Some(builtin) => OperatorKind::Builtin(builtin),
        None if builtin == CUSTOM => OperatorKind::Custom(code.string(slot::CUSTOM_CODE, PART)?),
        None => OperatorKind::Other(builtin),
    };
    Ok((kind, code.i32(slot::VERSION, 1, PART)?))
}

fn position(
    index: impl TryInto<usize> + Copy + std::fmt::Display,
    tensors: usize,
) -> Result<usize, ReadError> {
    let position = index.try_into().ok().filter(|&position| position < tensors);
    position.ok_or_else(|| inconsistent(text!("something refers to tensor {index} of {tensors}")))
}

fn inconsistent(problem: impl Into<Text>) -> ReadError {
    ReadError::Inconsistent {
        problem: problem.into(),
    }
}
