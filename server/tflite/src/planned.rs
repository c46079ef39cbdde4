//! What a file will hold, before it is laid out in bytes.

use std::borrow::Cow;

use crate::payload::Payload;
use crate::{Builtin, ElementType, Options};

/// A tensor of the file.
pub(crate) struct PlannedTensor<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) shape: Cow<'a, [usize]>,
    pub(crate) element: ElementType,
    /// Empty for tensors that are not quantized.
    pub(crate) scales: Cow<'a, [f32]>,
    pub(crate) zero_point: i32,
    pub(crate) axis: usize,
    pub(crate) buffer: u32,
}

pub(crate) struct PlannedOperator {
    pub(crate) code: u32,
    pub(crate) inputs: Vec<i32>,
    pub(crate) output: i32,
    pub(crate) options: Option<Options>,
}

/// Contents of the file. Buffer `i + 1` of the file is `buffers[i]`; buffer 0 is empty.
#[derive(Default)]
pub(crate) struct Plan<'a> {
    pub(crate) tensors: Vec<PlannedTensor<'a>>,
    pub(crate) buffers: Vec<Payload<'a>>,
    pub(crate) codes: Vec<(Builtin, i32)>,
    pub(crate) operators: Vec<PlannedOperator>,
    pub(crate) inputs: Vec<i32>,
    pub(crate) outputs: Vec<i32>,
}
