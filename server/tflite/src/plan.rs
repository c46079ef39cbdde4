//! What the file will contain, with every tensor, buffer and operator code in its place.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use graph::{Graph, Node, TensorId};

use crate::lower::{Context, Lowered, Operand, lower};
use crate::payload::Payload;
use crate::planned::{Plan, PlannedOperator, PlannedTensor};
use crate::stored::{Stored, encode, encode_scalar, encode_zero_bias};
use crate::version::{Facts, operator_version};
use crate::{Builtin, Encodings, Options, WriteError, rules, schema};

/// Lays out a graph: inputs first, then the tensors of each node in execution order.
///
/// # Errors
/// As [`write`](crate::write).
pub(crate) fn plan<'a>(
    graph: &'a Graph,
    encodings: &'a Encodings,
    extra_outputs: &[TensorId],
) -> Result<Plan<'a>, WriteError> {
    let mut planner = Planner::new(graph, encodings);
    for &input in graph.inputs() {
        let index = planner.define(input)?;
        planner.plan.inputs.push(index);
    }
    for node in graph.nodes() {
        planner.node(node)?;
    }
    for &output in graph.outputs().iter().chain(extra_outputs) {
        let index = planner.read(output)?;
        if !planner.plan.outputs.contains(&index) {
            planner.plan.outputs.push(index);
        }
    }
    Ok(planner.plan)
}

struct Planner<'a> {
    context: Context<'a>,
    plan: Plan<'a>,
    /// Position in the file of each tensor of the graph.
    positions: HashMap<TensorId, i32>,
    names: HashSet<Cow<'a, str>>,
    integers: HashMap<(Vec<usize>, Vec<i32>), i32>,
    /// Buffers by fingerprint, so that equal contents are stored once.
    contents: HashMap<(usize, Vec<u8>), Vec<u32>>,
    codes: HashMap<(Builtin, i32), u32>,
}

impl<'a> Planner<'a> {
    fn new(graph: &'a Graph, encodings: &'a Encodings) -> Self {
        let names = graph
            .tensors()
            .map(|(_, tensor)| Cow::Borrowed(tensor.name.as_str()))
            .collect();
        Self {
            context: Context { graph, encodings },
            plan: Plan::default(),
            positions: HashMap::new(),
            names,
            integers: HashMap::new(),
            contents: HashMap::new(),
            codes: HashMap::new(),
        }
    }

    fn node(&mut self, node: &Node) -> Result<(), WriteError> {
        let Lowered {
            builtin,
            options,
            operands,
        } = lower(&self.context, node)?;
        let inputs = operands
            .into_iter()
            .map(|operand| self.operand(node, operand))
            .collect::<Result<Vec<i32>, WriteError>>()?;
        let output = self.define(node.output)?;
        let version = self.check(node, builtin, options.as_ref(), &inputs, output)?;
        let next = self.plan.codes.len() as u32;
        let code = *self.codes.entry((builtin, version)).or_insert(next);
        if code == next {
            self.plan.codes.push((builtin, version));
        }
        self.plan.operators.push(PlannedOperator {
            code,
            inputs,
            output,
            options,
        });
        Ok(())
    }

    /// Checks an operator's tensors and finds the version that it needs for them.
    fn check(
        &self,
        node: &Node,
        builtin: Builtin,
        options: Option<&Options>,
        inputs: &[i32],
        output: i32,
    ) -> Result<i32, WriteError> {
        let tensor = |index: i32| self.plan.tensors.get(usize::try_from(index).ok()?);
        let inputs: Vec<&PlannedTensor> =
            inputs.iter().filter_map(|&index| tensor(index)).collect();
        let output = tensor(output).ok_or_else(|| self.undefined(node.output))?;
        rules::check(self.context.graph, node, &inputs, output).map_err(|problem| {
            WriteError::Unsupported {
                node: node.name.clone(),
                op: node.op.name(),
                problem,
            }
        })?;
        Ok(operator_version(&Facts {
            builtin,
            options,
            inputs: &inputs,
            output,
        }))
    }

    fn operand(&mut self, node: &Node, operand: Operand) -> Result<i32, WriteError> {
        match operand {
            Operand::Tensor(id) => self.read(id),
            Operand::Absent => Ok(schema::ABSENT),
            Operand::Integers {
                role,
                shape,
                values,
            } => Ok(self.integers(node, role, shape, values)),
            Operand::ZeroBias => self.zero_bias(node),
            Operand::Scalar { role, value, like } => {
                let tensor = self.context.graph.tensor(like);
                let stored = encode_scalar(tensor, self.context.encodings.get(like), value)?;
                let name = self.unique_name(node, role);
                Ok(self.push(name, Cow::Owned(Vec::new()), stored))
            }
        }
    }

    fn integers(
        &mut self,
        node: &Node,
        role: &'static str,
        shape: Vec<usize>,
        values: Vec<i32>,
    ) -> i32 {
        let key = (shape, values);
        if let Some(&index) = self.integers.get(&key) {
            return index;
        }
        let name = self.unique_name(node, role);
        let stored = Stored::plain(Payload::Int32(Cow::Owned(key.1.clone())));
        let index = self.push(name, Cow::Owned(key.0.clone()), stored);
        self.integers.insert(key, index);
        index
    }

    fn zero_bias(&mut self, node: &Node) -> Result<i32, WriteError> {
        let Context { graph, encodings } = self.context;
        let (Some(kernel), Some(channels)) = (node.kernel(), graph.channels(node.output)) else {
            return Err(self.undefined(node.output));
        };
        let stored = encode_zero_bias(
            channels,
            encodings.get(node.input()),
            graph.tensor(kernel),
            encodings.get(kernel),
        )?;
        let name = self.unique_name(node, "bias");
        Ok(self.push(name, Cow::Owned(vec![channels]), stored))
    }

    fn unique_name(&mut self, node: &Node, role: &str) -> Cow<'a, str> {
        let mut name = format!("{}/{role}", node.name);
        let mut count = 1;
        while !self.names.insert(Cow::Owned(name.clone())) {
            count += 1;
            name = format!("{}/{role}_{count}", node.name);
        }
        Cow::Owned(name)
    }

    /// Position of a tensor that must have a value by now.
    fn read(&mut self, id: TensorId) -> Result<i32, WriteError> {
        match self.positions.get(&id) {
            Some(&index) => Ok(index),
            None if self.context.graph.constant(id).is_some() => self.define(id),
            None => Err(self.undefined(id)),
        }
    }

    fn undefined(&self, id: TensorId) -> WriteError {
        WriteError::Undefined {
            tensor: self.context.graph.tensor(id).name.clone(),
        }
    }

    fn define(&mut self, id: TensorId) -> Result<i32, WriteError> {
        let graph: &'a Graph = self.context.graph;
        let encodings: &'a Encodings = self.context.encodings;
        let tensor = graph.tensor(id);
        let stored = encode(tensor, encodings.get(id))?;
        let index = self.push(
            Cow::Borrowed(&tensor.name),
            Cow::Borrowed(&tensor.shape),
            stored,
        );
        self.positions.insert(id, index);
        Ok(index)
    }

    fn push(&mut self, name: Cow<'a, str>, shape: Cow<'a, [usize]>, stored: Stored<'a>) -> i32 {
        let buffer = stored.payload.map_or(0, |payload| self.buffer(payload));
        self.plan.tensors.push(PlannedTensor {
            name,
            shape,
            element: stored.element,
            scales: stored.scales,
            zero_point: stored.zero_point,
            axis: stored.axis,
            buffer,
        });
        self.plan.tensors.len() as i32 - 1
    }

    fn buffer(&mut self, payload: Payload<'a>) -> u32 {
        let next = self.plan.buffers.len() as u32 + 1;
        let alike = self.contents.entry(payload.fingerprint()).or_default();
        let equal = alike.iter().find(|&&index| {
            let other = self.plan.buffers.get(index as usize - 1);
            other.is_some_and(|other| payload.same_bytes(other))
        });
        if let Some(&index) = equal {
            return index;
        }
        alike.push(next);
        self.plan.buffers.push(payload);
        next
    }
}
