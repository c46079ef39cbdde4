//! Choosing the graph and the signature that serve images.

use localization::text;

use super::damage::damaged;
use super::data_type::DataType;
use super::protocol::{MapEntry, MetaGraphDef, SavedModelProto, SignatureDef, TensorInfo, decode};
use crate::error::ErrorKind;

/// Tag of the graph that is used when a model is applied.
const SERVE: &str = "serve";

/// The signature that Keras and TensorFlow Serving use.
const DEFAULT: &str = "serving_default";

/// The graph that serves among those of a model.
pub(super) fn serving_graph(model: &[u8]) -> Result<MetaGraphDef<'_>, ErrorKind> {
    let model: SavedModelProto<'_> = decode(model)?;
    let mut tags = Vec::new();
    for graph in model.meta_graphs {
        let graph: MetaGraphDef<'_> = decode(graph)?;
        if graph.meta_info.tags.contains(&SERVE) {
            return Ok(graph);
        }
        tags.extend(graph.meta_info.tags.iter().map(|&tag| tag.to_owned()));
    }
    Err(ErrorKind::NoServingGraph(tags))
}

/// A function of the model that can be called from outside.
#[derive(Debug)]
pub(super) struct Signature<'a> {
    /// Sorted by name.
    pub(super) inputs: Vec<SignatureEntry<'a>>,
    /// Sorted by name.
    pub(super) outputs: Vec<SignatureEntry<'a>>,
}

/// An input or output of a signature.
#[derive(Debug)]
pub(super) struct SignatureEntry<'a> {
    pub(super) name: &'a str,
    /// Reference to the tensor in the main graph.
    pub(super) tensor: &'a str,
    pub(super) data_type: DataType,
    pub(super) shape: Option<Vec<Option<usize>>>,
}

impl<'a> Signature<'a> {
    /// The default signature, or else the only one.
    pub(super) fn choose(graph: &MetaGraphDef<'a>) -> Result<Self, ErrorKind> {
        // TensorFlow keeps the function that loads tables under such a name.
        let proper = graph
            .signatures
            .iter()
            .filter(|it| !it.key.starts_with("__"));
        let mut proper: Vec<&MapEntry<'a>> = proper.collect();
        proper.sort_by_key(|signature| signature.key);
        let chosen = match proper.as_slice() {
            [] => return Err(ErrorKind::NoSignature),
            [only] => only,
            several => several
                .iter()
                .find(|signature| signature.key == DEFAULT)
                .ok_or_else(|| {
                    let names = several.iter().map(|signature| signature.key.to_owned());
                    ErrorKind::SeveralSignatures(names.collect())
                })?,
        };
        let signature: SignatureDef<'a> = decode(chosen.value)?;
        Ok(Self {
            inputs: entries(signature.inputs)?,
            outputs: entries(signature.outputs)?,
        })
    }
}

fn entries(entries: Vec<MapEntry<'_>>) -> Result<Vec<SignatureEntry<'_>>, ErrorKind> {
    let mut entries = entries
        .into_iter()
        .map(|entry| {
            let tensor: TensorInfo<'_> = decode(entry.value)?;
            if tensor.name.is_empty() {
                return Err(damaged(text!(
                    "{key:?} of the signature is not a dense tensor",
                    key = entry.key
                )));
            }
            Ok(SignatureEntry {
                name: entry.key,
                tensor: tensor.name,
                data_type: DataType::of(tensor.data_type),
                shape: tensor.shape.and_then(|shape| shape.open()),
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(|entry| entry.name);
    Ok(entries)
}
