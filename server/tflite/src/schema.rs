//! Slots of the tables in TensorFlow's `schema.fbs` (schema version 3), by the names used there.
//!
//! A slot is the position of a field in its table's vtable. Operator options are in
//! [`options`](crate::options).

/// File identifier, at byte 4.
pub(crate) const IDENTIFIER: &str = "TFL3";
/// Value of `Model.version`.
pub(crate) const VERSION: u32 = 3;
/// Input of an operator that is not given.
pub(crate) const ABSENT: i32 = -1;
/// Alignment of a buffer's data in the file, which kernels rely on (`force_align` in the schema).
pub(crate) const BUFFER_ALIGNMENT: usize = 16;
/// Codes from here on are only in `OperatorCode.builtin_code`; the deprecated field says this one.
pub(crate) const PLACEHOLDER_FOR_GREATER_OP_CODES: i8 = 127;

pub(crate) mod model {
    pub(crate) const VERSION: u16 = 0;
    pub(crate) const OPERATOR_CODES: u16 = 1;
    pub(crate) const SUBGRAPHS: u16 = 2;
    pub(crate) const DESCRIPTION: u16 = 3;
    pub(crate) const BUFFERS: u16 = 4;
    pub(crate) const METADATA: u16 = 6;
    pub(crate) const SIGNATURE_DEFS: u16 = 7;
}

pub(crate) mod operator_code {
    pub(crate) const DEPRECATED_BUILTIN_CODE: u16 = 0;
    pub(crate) const CUSTOM_CODE: u16 = 1;
    pub(crate) const VERSION: u16 = 2;
    pub(crate) const BUILTIN_CODE: u16 = 3;
}

pub(crate) mod subgraph {
    pub(crate) const TENSORS: u16 = 0;
    pub(crate) const INPUTS: u16 = 1;
    pub(crate) const OUTPUTS: u16 = 2;
    pub(crate) const OPERATORS: u16 = 3;
    pub(crate) const NAME: u16 = 4;
}

pub(crate) mod tensor {
    pub(crate) const SHAPE: u16 = 0;
    pub(crate) const TYPE: u16 = 1;
    pub(crate) const BUFFER: u16 = 2;
    pub(crate) const NAME: u16 = 3;
    pub(crate) const QUANTIZATION: u16 = 4;
    pub(crate) const SPARSITY: u16 = 6;
    pub(crate) const HAS_RANK: u16 = 8;
}

pub(crate) mod quantization {
    pub(crate) const SCALE: u16 = 2;
    pub(crate) const ZERO_POINT: u16 = 3;
    pub(crate) const QUANTIZED_DIMENSION: u16 = 6;
}

pub(crate) mod operator {
    pub(crate) const OPCODE_INDEX: u16 = 0;
    pub(crate) const INPUTS: u16 = 1;
    pub(crate) const OUTPUTS: u16 = 2;
    pub(crate) const BUILTIN_OPTIONS_TYPE: u16 = 3;
    pub(crate) const BUILTIN_OPTIONS: u16 = 4;
}

pub(crate) mod buffer {
    pub(crate) const DATA: u16 = 0;
    pub(crate) const OFFSET: u16 = 1;
    pub(crate) const SIZE: u16 = 2;
}

pub(crate) mod metadata {
    pub(crate) const NAME: u16 = 0;
    pub(crate) const BUFFER: u16 = 1;
}

pub(crate) mod signature_def {
    pub(crate) const INPUTS: u16 = 0;
    pub(crate) const OUTPUTS: u16 = 1;
    pub(crate) const SIGNATURE_KEY: u16 = 2;
    pub(crate) const SUBGRAPH_INDEX: u16 = 4;
}

pub(crate) mod tensor_map {
    pub(crate) const NAME: u16 = 0;
    pub(crate) const TENSOR_INDEX: u16 = 1;
}
