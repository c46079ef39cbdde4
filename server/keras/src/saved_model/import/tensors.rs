//! Tensors as operators read them: known ones, weights, and the values of the draft that they become.

use std::collections::{HashMap, HashSet};

use localization::{phrase, text};

use super::operand::Operand;
use super::scopes::Scopes;
use super::value::{Elements, Value};
use crate::draft::{Draft, Layout, ValueId};
use crate::error::ErrorKind;
use crate::limits;
use crate::problem::{LayerProblem, invalid, unsupported};
use crate::saved_model::attributes::Attributes;
use crate::saved_model::data_type::DataType;
use crate::saved_model::flat::{FlatGraph, Port};
use crate::saved_model::variable_key::VariableKey;
use crate::saved_model::variables::Variables;

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
            what: text!("constants that are computed from others in great numbers"),
            limit: text!(
                "{count} million elements",
                count = limits::FOLDED_ELEMENTS >> 20
            ),
        })
    }

    /// Notes elements that are held no longer.
    pub(super) fn free(&mut self, elements: u64) {
        self.held = self.held.saturating_sub(elements);
    }
}

/// What a constant of the draft was made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Origin {
    Variable(VariableKey),
    Node(Port),
}

/// The draft of a flat graph, with the weights and constants that it has so far.
pub(super) struct Tensors<'a> {
    pub(super) draft: Draft,
    flat: &'a FlatGraph<'a>,
    scopes: &'a Scopes,
    variables: &'a Variables,
    /// Weights that have been laid out, so that shared layers share them.
    constants: HashMap<(Origin, Layout), ValueId>,
    counted: HashSet<VariableKey>,
    /// Nodes that read variables first, and how many elements these have.
    parameters: Vec<(usize, u64)>,
    pub(super) memory: Memory,
}

impl<'a> Tensors<'a> {
    pub(super) fn new(
        flat: &'a FlatGraph<'a>,
        scopes: &'a Scopes,
        variables: &'a Variables,
        weights: bool,
    ) -> Self {
        Self {
            draft: Draft::without_names(weights),
            flat,
            scopes,
            variables,
            constants: HashMap::new(),
            counted: HashSet::new(),
            parameters: Vec::new(),
            memory: Memory::default(),
        }
    }

    /// The draft, the nodes that read variables first, and how many elements these have.
    pub(super) fn into_parts(self) -> (Draft, Vec<(usize, u64)>) {
        (self.draft, self.parameters)
    }

    /// Notes elements that are held, unless they are more than weights justify.
    pub(super) fn hold(&mut self, elements: u64) -> Result<(), LayerProblem> {
        Ok(self.memory.hold(elements)?)
    }

    /// The value of a `Const` node.
    pub(super) fn stored(&mut self, attributes: &Attributes<'_>) -> Result<Operand, LayerProblem> {
        let Some(tensor) = attributes.tensor("value")? else {
            return invalid(phrase!("it has no value"));
        };
        let damaged = |error| LayerProblem::Other(ErrorKind::from(error));
        let shape = tensor.shape().map_err(damaged)?;
        let count = elements(&shape);
        self.memory.store(count);
        let unread = !self.draft.reads_weights() && count > limits::INSPECTED_ELEMENTS;
        Ok(Operand::Known(match tensor.data_type() {
            // Texts and handles matter only to operators that are refused.
            DataType::String | DataType::Resource | DataType::Other(_) => {
                return Ok(Operand::Unknown);
            }
            data_type if !data_type.is_float() => {
                Value::integers(shape, tensor.integers().map_err(damaged)?)
            }
            _ if unread => Value::unread(shape),
            _ => Value::floats(shape, tensor.floats().map_err(damaged)?)?,
        }))
    }

    /// Shape of a tensor.
    pub(super) fn shape(&self, operand: &Operand) -> Result<Vec<usize>, LayerProblem> {
        match operand {
            Operand::Known(value) => Ok(value.shape().to_vec()),
            Operand::Computed { id, .. } => Ok(self.draft.shape(*id).to_vec()),
            Operand::Variable(index) => Ok(self.variables.shape(self.key(*index)?)?.to_vec()),
            Operand::Unknown => invalid(phrase!("an input is missing")),
        }
    }

    fn key(&self, index: usize) -> Result<&'a VariableKey, LayerProblem> {
        let node = self.flat.nodes.get(index);
        match node.and_then(|node| node.attributes.variable()) {
            Some(key) => Ok(key),
            None => invalid(phrase!("a variable is missing")),
        }
    }

    /// A known tensor.
    pub(super) fn read(&mut self, operand: &Operand) -> Result<Value, LayerProblem> {
        match operand {
            Operand::Known(value) => Ok(value.clone()),
            Operand::Variable(index) => self.read_variable(*index),
            Operand::Computed { .. } | Operand::Unknown => {
                unsupported(phrase!("one of its settings depends on the image"))
            }
        }
    }

    fn read_variable(&mut self, index: usize) -> Result<Value, LayerProblem> {
        let key = self.key(index)?;
        let shape = self.variables.shape(key)?.to_vec();
        self.count(key, &shape);
        if !self.variables.data_type(key)?.is_float() {
            let elements = self.variables.read_integers(key)?;
            return Ok(Value::integers(shape, elements));
        }
        if !self.draft.reads_weights() {
            return Ok(Value::unread(shape));
        }
        let elements = self.variables.read(key)?;
        match elements.iter().find(|value| !value.is_finite()) {
            None => Value::floats(shape, elements),
            Some(&value) => Err(LayerProblem::Other(ErrorKind::NotFinite {
                layer: self.scopes.layer(index).to_owned(),
                weight: self.scopes.variable(index).to_owned(),
                value,
            })),
        }
    }

    /// Counts a variable when it is read first.
    fn count(&mut self, key: &VariableKey, shape: &[usize]) {
        if self.counted.insert(key.clone()) {
            let elements = elements(shape);
            self.parameters.push((self.draft.origin(), elements));
            self.memory.store(elements);
        }
    }

    /// A value of the draft for any tensor.
    pub(super) fn value_of(
        &mut self,
        operand: &Operand,
        role: &'static str,
    ) -> Result<ValueId, LayerProblem> {
        match operand {
            Operand::Computed { id, .. } => Ok(*id),
            Operand::Variable(index) => self.variable(*index, Layout::Keras, role),
            Operand::Known(value) => self.constant_of(value, role),
            Operand::Unknown => invalid(phrase!("an input is missing")),
        }
    }

    /// A constant of the draft; a `role` is what it is to its node, such as `kernel`.
    pub(super) fn constant_of(
        &mut self,
        value: &Value,
        role: &'static str,
    ) -> Result<ValueId, LayerProblem> {
        let known = match value.elements() {
            Elements::Floats(array) => Some(array.clone()),
            Elements::Unread => None,
            Elements::Integers(_) => return unsupported(phrase!("it computes with integers")),
        };
        self.draft.weight(role, value.shape().to_vec(), known)
    }

    /// A kernel in the layout of the graph.
    ///
    /// `port` is where it comes from, if it is used as it is.
    pub(super) fn kernel(
        &mut self,
        operand: &Operand,
        layout: Layout,
        port: Option<Port>,
    ) -> Result<ValueId, LayerProblem> {
        let value = match operand {
            Operand::Variable(index) => return self.variable(*index, layout, "kernel"),
            Operand::Known(value) => value,
            Operand::Computed { .. } | Operand::Unknown => {
                return unsupported(phrase!("its kernel depends on the image"));
            }
        };
        let key = port.map(|port| (Origin::Node(port), layout));
        if let Some(&found) = key.as_ref().and_then(|key| self.constants.get(key)) {
            return Ok(found);
        }
        let value = laid_out(value.clone(), layout)?;
        self.hold(value.count() as u64)?;
        let id = self.constant_of(&value, "kernel")?;
        self.constants.extend(key.map(|key| (key, id)));
        Ok(id)
    }

    fn variable(
        &mut self,
        index: usize,
        layout: Layout,
        role: &'static str,
    ) -> Result<ValueId, LayerProblem> {
        let key = (Origin::Variable(self.key(index)?.clone()), layout);
        if let Some(&found) = self.constants.get(&key) {
            return Ok(found);
        }
        let value = laid_out(self.read_variable(index)?, layout)?;
        let id = self.constant_of(&value, role)?;
        self.constants.insert(key, id);
        Ok(id)
    }
}

fn elements(shape: &[usize]) -> u64 {
    let extents = shape.iter().map(|&extent| extent as u64);
    extents.fold(1, u64::saturating_mul)
}

fn laid_out(value: Value, layout: Layout) -> Result<Value, LayerProblem> {
    let misfit = || {
        LayerProblem::Invalid(text!(
            "its kernel has shape {shape:?}",
            shape = value.shape()
        ))
    };
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
