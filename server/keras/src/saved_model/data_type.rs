/// Type of the elements of a tensor (`tensorflow.DataType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DataType {
    Float16,
    BFloat16,
    Float32,
    Float64,
    Int8,
    UInt8,
    Int32,
    Int64,
    Bool,
    String,
    Resource,
    /// Another type, by its number.
    Other(i64),
}

impl DataType {
    pub(super) fn of(number: i64) -> Self {
        match number {
            1 => Self::Float32,
            2 => Self::Float64,
            3 => Self::Int32,
            4 => Self::UInt8,
            6 => Self::Int8,
            7 => Self::String,
            9 => Self::Int64,
            10 => Self::Bool,
            14 => Self::BFloat16,
            19 => Self::Float16,
            20 => Self::Resource,
            other => Self::Other(other),
        }
    }

    /// Bytes of an element as it is stored, for numbers and truth values.
    pub(super) fn width(self) -> Option<usize> {
        match self {
            Self::Int8 | Self::UInt8 | Self::Bool => Some(1),
            Self::Float16 | Self::BFloat16 => Some(2),
            Self::Float32 | Self::Int32 => Some(4),
            Self::Float64 | Self::Int64 => Some(8),
            Self::String | Self::Resource | Self::Other(_) => None,
        }
    }

    /// Whether its values are fractions.
    pub(crate) fn is_float(self) -> bool {
        matches!(
            self,
            Self::Float16 | Self::BFloat16 | Self::Float32 | Self::Float64
        )
    }
}

impl std::fmt::Display for DataType {
    /// Writes the name that TensorFlow uses.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match self {
            Self::Float16 => "float16",
            Self::BFloat16 => "bfloat16",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Int8 => "int8",
            Self::UInt8 => "uint8",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Bool => "bool",
            Self::String => "string",
            Self::Resource => "resource",
            Self::Other(number) => return write!(formatter, "type {number}"),
        };
        formatter.write_str(name)
    }
}
