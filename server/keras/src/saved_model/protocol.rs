//! The messages of a SavedModel, as far as they are needed.
//!
//! Names and field numbers are those of `saved_model.proto`, `meta_graph.proto`, `graph.proto`,
//! `function.proto`, `node_def.proto`, `saved_object_graph.proto`, `trackable_object_graph.proto`
//! and `tensor_bundle.proto` in TensorFlow. Every message borrows from the file, and holds those
//! inside it as bytes until somebody asks for them.

use localization::phrase;

use super::wire::{Malformed, Value, fields};

/// A message that is filled field by field. Unknown fields are left out, as in all readers of
/// protocol buffers.
pub(super) trait Message<'a>: Default {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Malformed>;
}

pub(super) fn decode<'a, M: Message<'a>>(bytes: &'a [u8]) -> Result<M, Malformed> {
    let mut message = M::default();
    for field in fields(bytes) {
        let (number, value) = field?;
        message.field(number, value)?;
    }
    Ok(message)
}

/// An entry of a map: the key, and the value as bytes.
#[derive(Debug, Default)]
pub(super) struct MapEntry<'a> {
    pub(super) key: &'a str,
    pub(super) value: &'a [u8],
}

impl<'a> Message<'a> for MapEntry<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Malformed> {
        match number {
            1 => self.key = value.text()?,
            2 => self.value = value.bytes()?,
            _ => {}
        }
        Ok(())
    }
}

/// `tensorflow.SavedModel`: the graphs, each a [`MetaGraphDef`].
#[derive(Debug, Default)]
pub(super) struct SavedModelProto<'a> {
    pub(super) meta_graphs: Vec<&'a [u8]>,
}

impl<'a> Message<'a> for SavedModelProto<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Malformed> {
        if number == 2 {
            let bytes = value.bytes()?;
            if bytes.is_empty() {
                return Err(Malformed(phrase!("a graph is empty")));
            }
            self.meta_graphs.push(bytes);
        }
        Ok(())
    }
}

/// `tensorflow.MetaGraphDef`.
#[derive(Debug, Default)]
pub(super) struct MetaGraphDef<'a> {
    pub(super) meta_info: MetaInfoDef<'a>,
    /// A [`GraphDef`].
    pub(super) graph: &'a [u8],
    pub(super) saver: SaverDef<'a>,
    /// Entries whose values are [`SignatureDef`]s.
    pub(super) signatures: Vec<MapEntry<'a>>,
    /// A [`SavedObjectGraph`].
    pub(super) object_graph: Option<&'a [u8]>,
}

impl<'a> Message<'a> for MetaGraphDef<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Malformed> {
        match number {
            1 => self.meta_info = decode(value.bytes()?)?,
            2 => self.graph = value.bytes()?,
            3 => self.saver = decode(value.bytes()?)?,
            5 => {
                let entry: MapEntry<'_> = decode(value.bytes()?)?;
                if self.signatures.iter().any(|other| other.key == entry.key) {
                    return Err(Malformed(phrase!("two signatures have the same name")));
                }
                self.signatures.push(entry);
                if self.signatures.len() > crate::limits::SIGNATURES {
                    return Err(Malformed(phrase!("there are too many signatures")));
                }
            }
            7 => self.object_graph = Some(value.bytes()?),
            _ => {}
        }
        Ok(())
    }
}

/// `tensorflow.MetaGraphDef.MetaInfoDef`.
#[derive(Debug, Default)]
pub(super) struct MetaInfoDef<'a> {
    pub(super) tags: Vec<&'a str>,
    pub(super) tensorflow_version: &'a str,
}

impl<'a> Message<'a> for MetaInfoDef<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Malformed> {
        match number {
            4 => {
                if self.tags.len() >= crate::limits::SIGNATURES {
                    return Err(Malformed(phrase!("there are too many tags")));
                }
                self.tags.push(value.text()?);
            }
            5 => self.tensorflow_version = value.text()?,
            _ => {}
        }
        Ok(())
    }
}

/// `tensorflow.SaverDef`: which node of the graph restores the variables.
#[derive(Debug, Default)]
pub(super) struct SaverDef<'a> {
    pub(super) restore_op_name: &'a str,
}

impl<'a> Message<'a> for SaverDef<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Malformed> {
        if number == 3 {
            self.restore_op_name = value.text()?;
        }
        Ok(())
    }
}

/// `tensorflow.SignatureDef`: entries whose values are [`TensorInfo`]s.
#[derive(Debug, Default)]
pub(super) struct SignatureDef<'a> {
    pub(super) inputs: Vec<MapEntry<'a>>,
    pub(super) outputs: Vec<MapEntry<'a>>,
}

impl<'a> Message<'a> for SignatureDef<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Malformed> {
        let entries = match number {
            1 => &mut self.inputs,
            2 => &mut self.outputs,
            _ => return Ok(()),
        };
        let entry: MapEntry<'_> = decode(value.bytes()?)?;
        if entries.iter().any(|other| other.key == entry.key) {
            return Err(Malformed(phrase!(
                "two tensors of a signature have the same name"
            )));
        }
        if entries.len() >= crate::limits::SIGNATURES {
            return Err(Malformed(phrase!("a signature has too many tensors")));
        }
        entries.push(entry);
        Ok(())
    }
}

/// `tensorflow.TensorInfo`.
#[derive(Debug, Default)]
pub(super) struct TensorInfo<'a> {
    /// `node:output` in the graph.
    pub(super) name: &'a str,
    pub(super) data_type: i64,
    pub(super) shape: Option<TensorShape>,
}

impl<'a> Message<'a> for TensorInfo<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Malformed> {
        match number {
            1 => self.name = value.text()?,
            2 => self.data_type = value.integer()?,
            3 => self.shape = Some(decode(value.bytes()?)?),
            _ => {}
        }
        Ok(())
    }
}

/// `tensorflow.TensorShapeProto`; an unknown extent is -1.
#[derive(Debug, Clone, Default)]
pub(super) struct TensorShape {
    pub(super) extents: Vec<i64>,
    pub(super) unknown_rank: bool,
}

/// More axes than TensorFlow has.
const MAX_RANK: usize = 254;

impl<'a> Message<'a> for TensorShape {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Malformed> {
        match number {
            2 => {
                let mut extent = 0;
                for field in fields(value.bytes()?) {
                    if let (1, value) = field? {
                        extent = value.integer()?;
                    }
                }
                if self.extents.len() >= MAX_RANK {
                    return Err(Malformed(phrase!("a shape has too many axes")));
                }
                self.extents.push(extent);
            }
            3 => self.unknown_rank = value.boolean()?,
            _ => {}
        }
        Ok(())
    }
}

impl TensorShape {
    /// Extents, `None` where one is open; `None` where even their number is.
    pub(super) fn open(&self) -> Option<Vec<Option<usize>>> {
        let extents = self.extents.iter();
        (!self.unknown_rank).then(|| {
            extents
                .map(|&extent| usize::try_from(extent).ok())
                .collect()
        })
    }

    /// Extents of a shape that leaves nothing open.
    pub(super) fn fixed(&self) -> Result<Vec<usize>, Malformed> {
        let shape = self.open().and_then(|open| open.into_iter().collect());
        shape.ok_or(Malformed(phrase!("the shape of a tensor is open")))
    }
}

/// `tensorflow.GraphDef`: [`NodeDef`]s, and the library of [`FunctionDef`]s.
#[derive(Debug, Default)]
pub(super) struct GraphDef<'a> {
    pub(super) nodes: Vec<NodeDef<'a>>,
    pub(super) library: &'a [u8],
}

impl<'a> Message<'a> for GraphDef<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Malformed> {
        match number {
            1 => push_node(&mut self.nodes, value)?,
            2 => self.library = value.bytes()?,
            _ => {}
        }
        Ok(())
    }
}

fn push_node<'a>(nodes: &mut Vec<NodeDef<'a>>, value: Value<'a>) -> Result<(), Malformed> {
    if nodes.len() >= crate::limits::FUNCTION_NODES {
        return Err(Malformed(phrase!("a function has too many nodes")));
    }
    nodes.push(NodeDef::heading(value.bytes()?)?);
    Ok(())
}

/// Functions in a `tensorflow.FunctionDefLibrary`.
pub(super) fn library_functions(library: &[u8]) -> impl Iterator<Item = Result<&[u8], Malformed>> {
    fields(library).filter_map(|field| match field {
        Ok((1, value)) => Some(value.bytes()),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    })
}

/// Name in the signature of a `tensorflow.FunctionDef`.
pub(super) fn function_name(function: &[u8]) -> Result<&str, Malformed> {
    for field in fields(function) {
        if let (1, signature) = field? {
            for field in fields(signature.bytes()?) {
                if let (1, name) = field? {
                    return name.text();
                }
            }
        }
    }
    Err(Malformed(phrase!("a function has no name")))
}

/// `tensorflow.FunctionDef`.
#[derive(Debug, Default)]
pub(super) struct FunctionDef<'a> {
    /// Names of the parameters.
    pub(super) parameters: Vec<&'a str>,
    /// Names of the results, in order.
    pub(super) results: Vec<&'a str>,
    pub(super) nodes: Vec<NodeDef<'a>>,
    /// Names of results with the tensors that they are.
    pub(super) returned: Vec<(&'a str, &'a str)>,
}

impl<'a> Message<'a> for FunctionDef<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Malformed> {
        match number {
            1 => {
                for field in fields(value.bytes()?) {
                    match field? {
                        (2, argument) => self.parameters.push(argument_name(argument)?),
                        (3, argument) => self.results.push(argument_name(argument)?),
                        _ => {}
                    }
                }
            }
            3 => push_node(&mut self.nodes, value)?,
            4 => {
                let entry: MapEntry<'_> = decode(value.bytes()?)?;
                let tensor = Value::Bytes(entry.value).text()?;
                self.returned.push((entry.key, tensor));
            }
            _ => {}
        }
        Ok(())
    }
}

fn argument_name(argument: Value<'_>) -> Result<&str, Malformed> {
    for field in fields(argument.bytes()?) {
        if let (1, name) = field? {
            return name.text();
        }
    }
    Err(Malformed(phrase!("a parameter of a function has no name")))
}

/// `tensorflow.NodeDef`: its name and operator; inputs and attributes are read when asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct NodeDef<'a> {
    pub(super) name: &'a str,
    pub(super) op: &'a str,
    message: &'a [u8],
}

impl<'a> NodeDef<'a> {
    fn heading(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut node = Self {
            message,
            ..Self::default()
        };
        for field in fields(message) {
            match field? {
                (1, value) => node.name = value.text()?,
                (2, value) => node.op = value.text()?,
                _ => {}
            }
        }
        if node.name.is_empty() || node.op.is_empty() {
            return Err(Malformed(phrase!("a node has no name or no operator")));
        }
        Ok(node)
    }

    /// Tensors that it takes, in order; control inputs only say when a node runs and are left out.
    pub(super) fn inputs(&self) -> Result<Vec<&'a str>, Malformed> {
        let mut inputs = Vec::new();
        for field in fields(self.message) {
            if let (3, value) = field? {
                let input = value.text()?;
                if input.is_empty() {
                    return Err(Malformed(phrase!("an input of a node has no name")));
                }
                if !input.starts_with('^') {
                    inputs.push(input);
                }
            }
        }
        Ok(inputs)
    }

    /// One of its inputs.
    pub(super) fn input(&self, index: usize) -> Result<Option<&'a str>, Malformed> {
        let mut position = 0;
        for field in fields(self.message) {
            if let (3, value) = field? {
                let input = value.text()?;
                if input.starts_with('^') {
                    continue;
                }
                if position == index {
                    return Ok(Some(input));
                }
                position += 1;
            }
        }
        Ok(None)
    }

    /// The `tensorflow.AttrValue` of one of its attributes.
    pub(super) fn attribute(&self, name: &str) -> Result<Option<&'a [u8]>, Malformed> {
        for field in fields(self.message) {
            if let (5, value) = field? {
                let entry: MapEntry<'_> = decode(value.bytes()?)?;
                if entry.key == name {
                    return Ok(Some(entry.value));
                }
            }
        }
        Ok(None)
    }

    /// Bytes that it takes in the file.
    pub(super) fn length(&self) -> usize {
        self.message.len()
    }
}
