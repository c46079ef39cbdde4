//! Tensors that are known before the model runs: constants, weights, and what they are drawn as.

use super::drawing::Drawn;
use super::importer::Importer;
use super::term::Term;
use super::value::Value;
use crate::assembly::Layout;
use crate::error::ErrorKind;
use crate::layers::LayerProblem;
use crate::limits;
use crate::saved_model::data_type::DataType;
use crate::saved_model::flat::Port;
use crate::saved_model::variables::VariableKey;

/// Elements of known tensors that are held at a time.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Elements that the file accounts for: weights and constants.
    stored: u64,
    /// Elements that are held.
    held: u64,
    /// Elements that have been computed.
    computed: u64,
}

impl Memory {
    /// Notes elements that the file accounts for.
    fn store(&mut self, elements: u64) {
        self.stored = self.stored.saturating_add(elements);
    }

    /// Notes elements that have been computed.
    pub(super) fn compute(&mut self, elements: u64) {
        self.computed = self.computed.saturating_add(elements);
    }

    /// Notes elements that are held, unless they are more than weights justify.
    pub(super) fn hold(&mut self, elements: u64) -> Result<(), ErrorKind> {
        self.held = self.held.saturating_add(elements);
        let within = |elements: u64, factor: u64| {
            let slack = factor.saturating_mul(limits::FOLDED_ELEMENTS);
            elements <= slack.saturating_add(self.stored.saturating_mul(factor))
        };
        if within(self.held, 2) && within(self.computed, 64) {
            return Ok(());
        }
        Err(ErrorKind::Limit {
            what: "constants that are computed from others in great numbers".to_owned(),
            limit: format!("{} million elements", limits::FOLDED_ELEMENTS >> 20),
        })
    }

    /// Notes elements that are held no longer.
    pub(super) fn free(&mut self, elements: u64) {
        self.held = self.held.saturating_sub(elements);
    }
}

/// What a constant of the graph was made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Origin {
    Variable(VariableKey),
    Node(Port),
}

impl<'a> Importer<'a, '_> {
    pub(super) fn constant(&mut self, index: usize) -> Result<Term, LayerProblem> {
        let tensor = match self.flat.nodes.get(index) {
            Some(node) => node.attributes.tensor("value")?,
            None => None,
        };
        let Some(tensor) = tensor else {
            return Err(LayerProblem::Invalid("it has no value".to_owned()));
        };
        let damaged = |error| LayerProblem::Other(ErrorKind::from(error));
        let shape = tensor.shape().map_err(damaged)?;
        let count = elements(&shape);
        self.memory.store(count);
        let value = match tensor.data_type() {
            // Texts and handles matter only to operators that are refused.
            DataType::String | DataType::Resource | DataType::Other(_) => return Ok(Term::Unknown),
            data_type if !data_type.is_float() => {
                Value::integers(shape, tensor.integers().map_err(damaged)?)
            }
            _ if !self.weights && count > limits::INSPECTED_ELEMENTS => Value::unread(shape),
            _ => Value::floats(shape, tensor.floats().map_err(damaged)?)?,
        };
        Ok(Term::Value(value))
    }

    /// Shape of a tensor.
    pub(super) fn shape(&self, term: &Term) -> Result<Vec<usize>, LayerProblem> {
        Ok(match term {
            Term::Value(value) => value.shape().to_vec(),
            Term::Drawn { id, .. } => self.drawing.shape(*id).to_vec(),
            Term::Variable(index) => self.variables.shape(self.key(*index)?)?.to_vec(),
            Term::Unknown => Vec::new(),
        })
    }

    fn key(&self, index: usize) -> Result<&'a VariableKey, LayerProblem> {
        let node = self.flat.nodes.get(index);
        node.and_then(|node| node.attributes.variable())
            .ok_or_else(|| LayerProblem::Invalid("a variable is missing".to_owned()))
    }

    /// A known tensor.
    pub(super) fn value(&mut self, term: &Term) -> Result<Value, LayerProblem> {
        match term {
            Term::Value(value) => Ok(value.clone()),
            Term::Variable(index) => {
                let key = self.key(*index)?;
                let shape = self.variables.shape(key)?.to_vec();
                self.count(key, &shape);
                if !self.variables.data_type(key)?.is_float() {
                    let elements = self.variables.read_integers(key)?;
                    return Ok(Value::integers(shape, elements));
                }
                if !self.weights {
                    return Ok(Value::unread(shape));
                }
                let elements = self.variables.read(key)?;
                if let Some(&value) = elements.iter().find(|value| !value.is_finite()) {
                    return Err(LayerProblem::Other(ErrorKind::NotFinite {
                        layer: self.scopes.layer(*index).to_owned(),
                        weight: self.scopes.variable(*index).to_owned(),
                        value,
                    }));
                }
                Value::floats(shape, elements)
            }
            Term::Drawn { .. } | Term::Unknown => Err(LayerProblem::Unsupported(
                "one of its settings depends on the image".to_owned(),
            )),
        }
    }

    /// Counts a variable when it is read first.
    pub(super) fn count(&mut self, key: &VariableKey, shape: &[usize]) {
        if self.counted.insert(key.clone()) {
            let elements = elements(shape);
            self.parameters.push((self.drawing.origin(), elements));
            self.memory.store(elements);
        }
    }

    /// A tensor of the drawing for any tensor.
    pub(super) fn drawn(&mut self, term: &Term, role: &'static str) -> Result<Drawn, LayerProblem> {
        match term {
            Term::Drawn { id, .. } => Ok(*id),
            Term::Variable(index) => self.variable(*index, Layout::Keras, role),
            Term::Value(value) => self.drawing.add_value(value, role),
            Term::Unknown => Err(LayerProblem::Invalid("an input is missing".to_owned())),
        }
    }

    /// A kernel in the layout of the graph.
    ///
    /// `port` is where it comes from, if it is used as it is.
    pub(super) fn kernel(
        &mut self,
        term: &Term,
        layout: Layout,
        port: Option<Port>,
    ) -> Result<Drawn, LayerProblem> {
        match term {
            Term::Variable(index) => self.variable(*index, layout, "kernel"),
            Term::Value(value) => {
                let key = port.map(|port| (Origin::Node(port), layout));
                if let Some(&found) = key.as_ref().and_then(|key| self.constants.get(key)) {
                    return Ok(found);
                }
                let value = laid_out(value.clone(), layout)?;
                self.memory.hold(value.count() as u64)?;
                let id = self.drawing.add_value(&value, "kernel")?;
                self.constants.extend(key.map(|key| (key, id)));
                Ok(id)
            }
            Term::Drawn { .. } | Term::Unknown => Err(LayerProblem::Unsupported(
                "its kernel depends on the image".to_owned(),
            )),
        }
    }

    fn variable(
        &mut self,
        index: usize,
        layout: Layout,
        role: &'static str,
    ) -> Result<Drawn, LayerProblem> {
        let key = (Origin::Variable(self.key(index)?.clone()), layout);
        if let Some(&found) = self.constants.get(&key) {
            return Ok(found);
        }
        let value = laid_out(self.value(&Term::Variable(index))?, layout)?;
        let id = self.drawing.add_value(&value, role)?;
        self.constants.insert(key, id);
        Ok(id)
    }
}

fn elements(shape: &[usize]) -> u64 {
    let extents = shape.iter().map(|&extent| extent as u64);
    extents.fold(1, u64::saturating_mul)
}

fn laid_out(value: Value, layout: Layout) -> Result<Value, LayerProblem> {
    let misfit = || LayerProblem::Invalid(format!("its kernel has shape {:?}", value.shape()));
    if layout == Layout::Keras {
        return Ok(value);
    }
    match value.as_floats() {
        Some(array) => {
            let elements = array.iter().copied().collect();
            let laid_out = layout.convert(elements, value.shape());
            laid_out.map(Value::from).ok_or_else(misfit)
        }
        None => layout
            .shape(value.shape())
            .map(Value::unread)
            .ok_or_else(misfit),
    }
}
