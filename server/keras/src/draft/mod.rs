//! The builder of a model: values in execution order, before they become a graph.
//!
//! Every reader adds its operators here, through `operations` or one by one. A reader that knows the
//! layers says which one it adds ([`Draft::enter`]), and each operator is then named after the layer
//! and a part of it; the empty part is the layer itself. A reader that only knows nodes of another
//! graph notes their numbers ([`Draft::set_origin`]) and chooses names at the end.

mod layout;
mod names;
mod pending;

use graph::{
    Activation, BinaryOp, Constant, Graph, GraphError, Op, TensorId, operator_multiply_accumulates,
    output_shape,
};
use localization::{phrase, text};
use ndarray::{ArcArray, IxDyn};

use crate::problem::{LayerProblem, invalid};
pub(crate) use layout::Layout;
pub(crate) use names::Names;
pub(crate) use pending::Pending;

/// A value of a [`Draft`]. Only that draft gives its number out, so that it always has an entry there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ValueId(usize);

/// What computes a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// An operator of the graph.
    Op(Op),
    /// A sum that may be the bias of the layer in front of it, whose output nothing else reads.
    Bias,
    /// An operator that has to disappear into a later one.
    Pending(Pending),
}

/// Where a value comes from.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// An input of the model.
    Input,
    /// A constant; no value when only shapes are wanted.
    Constant(Option<Constant>),
    /// What a step computes.
    Node { step: Step, inputs: Vec<ValueId> },
}

/// A value with its origin.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) shape: Vec<usize>,
    /// What the reader was at when it was added.
    pub(crate) origin: usize,
    /// Its name in a draft with names, otherwise what it is to its node, such as `kernel`.
    pub(crate) name: String,
    pub(crate) content: Content,
}

/// Values in execution order.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    entries: Vec<Entry>,
    origin: usize,
    /// Names that are taken and the layer that is added, where layers are known.
    naming: Option<(Names, String)>,
    /// Whether weights are read; otherwise only their shapes are known.
    weights: bool,
}

impl Draft {
    /// A draft whose values get names as they are added.
    pub(crate) fn with_names(weights: bool) -> Self {
        Self {
            naming: Some(Default::default()),
            weights,
            ..Self::default()
        }
    }

    /// A draft whose values get names when it is finished.
    pub(crate) fn without_names(weights: bool) -> Self {
        Self {
            weights,
            ..Self::default()
        }
    }

    /// An empty draft of the same kind.
    pub(crate) fn successor(&self) -> Self {
        match self.naming {
            Some(_) => Self::with_names(self.weights),
            None => Self::without_names(self.weights),
        }
    }

    /// What is added from now on stands for an entry of another draft.
    pub(crate) fn continue_at(&mut self, entry: &Entry) {
        self.origin = entry.origin;
        self.enter(&entry.name);
    }

    /// Adds an entry of another draft, with what it reads here.
    pub(crate) fn copy(
        &mut self,
        entry: &Entry,
        content: Content,
    ) -> Result<ValueId, LayerProblem> {
        if let Some((names, _)) = &mut self.naming {
            names.unique(&entry.name);
        }
        self.push(entry.name.clone(), entry.shape.clone(), content)
    }

    /// What is added from now on belongs to this layer.
    pub(crate) fn enter(&mut self, layer: &str) {
        if let Some((_, name)) = &mut self.naming {
            layer.clone_into(name);
        }
    }

    /// What is added from now on has this origin.
    pub(crate) fn set_origin(&mut self, origin: usize) {
        self.origin = origin;
    }

    pub(crate) fn origin(&self) -> usize {
        self.origin
    }

    pub(crate) fn reads_weights(&self) -> bool {
        self.weights
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// All values with their numbers.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (ValueId, &Entry)> {
        let entries = self.entries.iter().enumerate();
        entries.map(|(index, entry)| (ValueId(index), entry))
    }

    /// Position in [`Draft::entries`].
    pub(crate) fn position(id: ValueId) -> usize {
        id.0
    }

    fn entry(&self, id: ValueId) -> Option<&Entry> {
        self.entries.get(id.0)
    }

    /// Shape of a value of this draft.
    pub(crate) fn shape(&self, id: ValueId) -> &[usize] {
        self.entry(id).map_or(&[], |entry| &entry.shape)
    }

    pub(crate) fn rank(&self, id: ValueId) -> usize {
        self.shape(id).len()
    }

    /// Extent of an axis.
    pub(crate) fn extent(&self, id: ValueId, axis: usize) -> Result<usize, LayerProblem> {
        let shape = self.shape(id);
        match shape.get(axis) {
            Some(&extent) => Ok(extent),
            None => invalid(text!(
                "its input has {rank} axes, not axis {axis}",
                rank = shape.len()
            )),
        }
    }

    /// Extents of an image: batch, height, width, channels.
    pub(crate) fn image(&self, id: ValueId) -> Result<[usize; 4], LayerProblem> {
        match *self.shape(id) {
            [batch, height, width, channels] => Ok([batch, height, width, channels]),
            _ => invalid(phrase!("its input is not an image")),
        }
    }

    /// Extent of the last axis.
    pub(crate) fn channels(&self, id: ValueId) -> Result<usize, LayerProblem> {
        match self.shape(id) {
            [.., channels] => Ok(*channels),
            [] => invalid(phrase!("its input has no axes")),
        }
    }

    /// The step that computes a value, and what it reads.
    pub(crate) fn step(&self, id: ValueId) -> Option<(&Step, &[ValueId])> {
        match &self.entry(id)?.content {
            Content::Node { step, inputs } => Some((step, inputs)),
            _ => None,
        }
    }

    /// The operator that computes a value, and what it reads.
    pub(crate) fn op(&self, id: ValueId) -> Option<(&Op, &[ValueId])> {
        match self.step(id)? {
            (Step::Op(op), inputs) => Some((op, inputs)),
            _ => None,
        }
    }

    /// What a function of one value reads, if it computes `id`.
    pub(crate) fn argument(&self, id: ValueId, function: Activation) -> Option<ValueId> {
        match self.op(id)? {
            (Op::Activation(found), &[x]) if *found == function => Some(x),
            _ => None,
        }
    }

    /// What a function of two values reads, if it computes `id`.
    pub(crate) fn operands(&self, id: ValueId, op: BinaryOp) -> Option<[ValueId; 2]> {
        match self.op(id)? {
            (Op::Binary(found), &[a, b]) if *found == op => Some([a, b]),
            _ => None,
        }
    }

    pub(crate) fn is_input(&self, id: ValueId) -> bool {
        matches!(
            self.entry(id).map(|entry| &entry.content),
            Some(Content::Input)
        )
    }

    pub(crate) fn is_constant(&self, id: ValueId) -> bool {
        let content = self.entry(id).map(|entry| &entry.content);
        matches!(content, Some(Content::Constant(_)))
    }

    /// What is known of a constant.
    pub(crate) fn constant_value(&self, id: ValueId) -> Option<&Constant> {
        match &self.entry(id)?.content {
            Content::Constant(value) => value.as_ref(),
            _ => None,
        }
    }

    /// The value of a constant with one element.
    pub(crate) fn number(&self, id: ValueId) -> Option<f64> {
        let value = self.constant_value(id)?;
        (value.len() == 1).then(|| value.first().copied().map(f64::from))?
    }

    /// Multiply-accumulate operations of what computes a value.
    pub(crate) fn multiply_accumulates(&self, id: ValueId) -> u64 {
        let Some((op, inputs)) = self.op(id) else {
            return 0;
        };
        let shapes: Vec<&[usize]> = inputs.iter().map(|&input| self.shape(input)).collect();
        operator_multiply_accumulates(op, &shapes, self.shape(id))
    }

    /// Adds an input of the model.
    pub(crate) fn input(&mut self, name: &str, shape: Vec<usize>) -> Result<ValueId, LayerProblem> {
        if let Some((names, _)) = &mut self.naming {
            names.unique(name);
        }
        self.push(name.to_owned(), shape, Content::Input)
    }

    /// Adds a value of which only the shape is known.
    pub(crate) fn placeholder(&mut self, shape: Vec<usize>) -> Result<ValueId, LayerProblem> {
        self.push("placeholder".to_owned(), shape, Content::Input)
    }

    /// Adds an operator.
    pub(crate) fn node(
        &mut self,
        part: &str,
        op: Op,
        inputs: &[ValueId],
    ) -> Result<ValueId, LayerProblem> {
        let name = self.name(part, op.name());
        let shape = self.output_shape(&name, &op, inputs)?;
        let inputs = inputs.to_vec();
        let step = Step::Op(op);
        self.push(name, shape, Content::Node { step, inputs })
    }

    /// Adds a step that waits for a later one.
    pub(crate) fn pending(
        &mut self,
        part: &str,
        pending: Pending,
        inputs: &[ValueId],
        shape: Vec<usize>,
    ) -> Result<ValueId, LayerProblem> {
        let name = self.name(part, "step");
        let step = Step::Pending(pending);
        let inputs = inputs.to_vec();
        self.push(name, shape, Content::Node { step, inputs })
    }

    /// Adds a sum that may be a bias.
    pub(crate) fn bias(&mut self, a: ValueId, b: ValueId) -> Result<ValueId, LayerProblem> {
        let op = Op::Binary(BinaryOp::Add);
        let name = self.name("", op.name());
        let shape = self.output_shape(&name, &op, &[a, b])?;
        let inputs = vec![a, b];
        let step = Step::Bias;
        self.push(name, shape, Content::Node { step, inputs })
    }

    fn output_shape(
        &self,
        name: &str,
        op: &Op,
        inputs: &[ValueId],
    ) -> Result<Vec<usize>, LayerProblem> {
        let shapes: Vec<&[usize]> = inputs.iter().map(|&id| self.shape(id)).collect();
        output_shape(op, &shapes).map_err(|problem| match self.naming {
            Some(_) => LayerProblem::from(GraphError::Shape {
                node: name.to_owned(),
                op: op.name(),
                problem,
            }),
            None => LayerProblem::Invalid(text!("its {op} {problem}", op = op.name())),
        })
    }

    /// Adds a function of one value.
    pub(crate) fn unary(
        &mut self,
        part: &str,
        function: Activation,
        x: ValueId,
    ) -> Result<ValueId, LayerProblem> {
        self.node(part, Op::Activation(function), &[x])
    }

    /// Adds a function of two values.
    pub(crate) fn binary(
        &mut self,
        part: &str,
        op: BinaryOp,
        a: ValueId,
        b: ValueId,
    ) -> Result<ValueId, LayerProblem> {
        self.node(part, Op::Binary(op), &[a, b])
    }

    /// Adds a function of a value and a number.
    pub(crate) fn with_number(
        &mut self,
        part: &str,
        op: BinaryOp,
        x: ValueId,
        number: f32,
    ) -> Result<ValueId, LayerProblem> {
        let number = self.scalar(&within(part, "number"), number)?;
        self.binary(part, op, x, number)
    }

    /// Adds a change of shape.
    pub(crate) fn reshape(
        &mut self,
        part: &str,
        x: ValueId,
        shape: Vec<usize>,
    ) -> Result<ValueId, LayerProblem> {
        self.node(part, Op::Reshape { shape }, &[x])
    }

    /// Adds a change of the order of axes.
    pub(crate) fn transpose(
        &mut self,
        part: &str,
        x: ValueId,
        permutation: Vec<usize>,
    ) -> Result<ValueId, LayerProblem> {
        self.node(part, Op::Transpose { permutation }, &[x])
    }

    /// Adds a constant; without a value, only its shape is known.
    pub(crate) fn weight(
        &mut self,
        part: &str,
        shape: Vec<usize>,
        value: Option<Constant>,
    ) -> Result<ValueId, LayerProblem> {
        let name = self.name(part, part);
        self.push(name, shape, Content::Constant(value))
    }

    /// Adds a constant whose values are in row-major order.
    pub(crate) fn constant(
        &mut self,
        part: &str,
        shape: &[usize],
        values: Vec<f32>,
    ) -> Result<ValueId, LayerProblem> {
        let Ok(value) = ArcArray::from_shape_vec(IxDyn(shape), values) else {
            return invalid(text!("a constant does not have the shape {shape:?}"));
        };
        self.weight(part, shape.to_vec(), Some(value))
    }

    /// Adds a constant of rank 1.
    pub(crate) fn vector(&mut self, part: &str, values: Vec<f32>) -> Result<ValueId, LayerProblem> {
        self.constant(part, &[values.len()], values)
    }

    /// Adds a constant with one element.
    pub(crate) fn scalar(&mut self, part: &str, value: f32) -> Result<ValueId, LayerProblem> {
        let part = match self.naming {
            Some(_) => part,
            None => "constant",
        };
        self.vector(part, vec![value])
    }

    /// Adds a constant with the same value for each of `count` channels.
    pub(crate) fn filled(
        &mut self,
        part: &str,
        value: f32,
        count: usize,
    ) -> Result<ValueId, LayerProblem> {
        match self.weights {
            true => self.vector(part, vec![value; count]),
            false => self.weight(part, vec![count], None),
        }
    }

    /// A value that the same operator has computed from the same inputs.
    pub(crate) fn find(&self, op: &Op, inputs: &[ValueId]) -> Option<ValueId> {
        // What reads a value follows it, and in the patterns at hand soon.
        const WINDOW: usize = 64;
        let latest = self.entries.iter().enumerate().rev().take(WINDOW);
        latest
            .filter(|(_, entry)| match &entry.content {
                Content::Node {
                    step: Step::Op(found),
                    inputs: read,
                } => found == op && read == inputs,
                _ => false,
            })
            .map(|(index, _)| ValueId(index))
            .next()
    }

    /// Whether each value is needed for outputs.
    pub(crate) fn live(&self, outputs: &[ValueId]) -> Vec<bool> {
        let mut live = vec![false; self.entries.len()];
        for output in outputs {
            if let Some(output) = live.get_mut(output.0) {
                *output = true;
            }
        }
        for (index, entry) in self.entries.iter().enumerate().rev() {
            if let (Some(true), Content::Node { inputs, .. }) = (live.get(index), &entry.content) {
                for input in inputs {
                    if let Some(input) = live.get_mut(input.0) {
                        *input = true;
                    }
                }
            }
        }
        live
    }

    /// Steps that outputs need and no later operator has taken in.
    pub(crate) fn left_over(
        &self,
        outputs: &[ValueId],
    ) -> impl Iterator<Item = (&Entry, &Pending)> {
        let entries = self.entries.iter().zip(self.live(outputs));
        entries.filter_map(|(entry, live)| match &entry.content {
            Content::Node {
                step: Step::Pending(pending),
                ..
            } if live => Some((entry, pending)),
            _ => None,
        })
    }

    /// The graph of a draft with names and weights. Values that are not needed come along, unless
    /// they were taken in by others.
    pub(crate) fn into_graph(self, name: &str, output: ValueId) -> Result<Graph, LayerProblem> {
        let pending = |entry: &Entry| {
            matches!(
                entry.content,
                Content::Node {
                    step: Step::Pending(_),
                    ..
                }
            )
        };
        let live = match self.entries.iter().any(pending) {
            true => self.live(&[output]),
            false => vec![true; self.entries.len()],
        };
        let mut graph = Graph::new(name);
        let mut ids: Vec<Option<TensorId>> = Vec::with_capacity(self.entries.len());
        for (entry, live) in self.entries.into_iter().zip(live) {
            let id = match entry.content {
                Content::Input => Some(graph.add_input(entry.name, &entry.shape)?),
                Content::Constant(Some(value)) => Some(graph.add_constant(entry.name, value)),
                Content::Node {
                    step: Step::Op(op),
                    inputs,
                } if live => {
                    let ids = inputs.iter().map(|id| ids.get(id.0).copied().flatten());
                    match ids.collect::<Option<Vec<_>>>() {
                        Some(inputs) => Some(graph.add_node(entry.name, op, &inputs)?),
                        None => return Err(unset(entry.name, op.name()).into()),
                    }
                }
                _ => None,
            };
            ids.push(id);
        }
        match ids.get(output.0).copied().flatten() {
            Some(output) => graph.set_outputs(&[output]),
            None => return Err(unset(name.to_owned(), "output").into()),
        }
        Ok(graph)
    }

    /// The name of a part of the layer that is added.
    fn name(&mut self, part: &str, role: &str) -> String {
        match &mut self.naming {
            Some((names, layer)) => names.unique(&within(layer, part)),
            None => role.to_owned(),
        }
    }

    /// Adds a value under the same limit that a graph has.
    fn push(
        &mut self,
        name: String,
        shape: Vec<usize>,
        content: Content,
    ) -> Result<ValueId, LayerProblem> {
        let elements = shape
            .iter()
            .try_fold(1usize, |product, &extent| product.checked_mul(extent));
        if elements.is_none_or(|elements| elements > Graph::MAX_ELEMENTS) {
            return Err(LayerProblem::from(GraphError::TooLarge {
                tensor: name,
                shape,
            }));
        }
        self.entries.push(Entry {
            shape,
            origin: self.origin,
            name,
            content,
        });
        Ok(ValueId(self.entries.len() - 1))
    }
}

impl AsMut<Draft> for Draft {
    fn as_mut(&mut self) -> &mut Draft {
        self
    }
}

/// That a node reads what nothing computes.
pub(crate) fn unset(node: String, op: &'static str) -> GraphError {
    GraphError::Shape {
        node,
        op,
        problem: text!("reads a tensor that nothing computes"),
    }
}

/// The name of a part inside another; either may be empty.
pub(crate) fn within(outer: &str, part: &str) -> String {
    match (outer, part) {
        (name, "") | ("", name) => name.to_owned(),
        (outer, part) => format!("{outer}/{part}"),
    }
}
