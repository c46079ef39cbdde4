//! The option tables of `BuiltinOptions` in TensorFlow's `schema.fbs`, as data that the writer and
//! the reader share.

use graph::{FusedActivation, Padding};

/// Value of one option.
#[derive(Debug, Clone, PartialEq)]
pub enum OptionValue {
    /// A flag.
    Bool(bool),
    /// A number of steps, an axis or a factor.
    Int(i32),
    /// A slope or factor.
    Float(f32),
    /// A name of an enumeration, such as `SAME`.
    Name(&'static str),
    /// A list, such as a shape.
    Ints(Vec<i32>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Bool {
        default: bool,
    },
    Int {
        default: i32,
    },
    Float,
    /// Names by their codes; the default has code zero.
    Name {
        default: &'static str,
        names: &'static [&'static str],
    },
    Ints,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) slot: u16,
    pub(crate) kind: Kind,
}

/// One table of the union: its name, its tag and its fields.
#[derive(Debug, PartialEq)]
pub(crate) struct OptionsTable {
    pub(crate) name: &'static str,
    pub(crate) tag: u8,
    pub(crate) fields: &'static [Field],
}

/// Options of an operator.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    pub(crate) table: &'static OptionsTable,
    pub(crate) values: Vec<OptionValue>,
}

impl Options {
    pub(crate) fn new(table: &'static OptionsTable) -> Self {
        let values = table.fields.iter().map(Field::default).collect();
        Self { table, values }
    }

    /// Sets a field that the table has; any other is left out.
    pub(crate) fn with(mut self, name: &'static str, value: OptionValue) -> Self {
        let position = self.position(name);
        debug_assert!(
            position.is_some_and(|index| self.table.fields[index].kind.admits(&value)),
            "{} has no {name}",
            self.table.name
        );
        if let Some(slot) = position.and_then(|index| self.values.get_mut(index)) {
            *slot = value;
        }
        self
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.position(name).is_some()
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.table
            .fields
            .iter()
            .position(|field| field.name == name)
    }

    /// Value of an option by its name in the schema, its default when the file does not say.
    pub fn get(&self, name: &str) -> Option<&OptionValue> {
        self.position(name).and_then(|index| self.values.get(index))
    }

    /// All options with their names in the schema.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &OptionValue)> {
        self.table
            .fields
            .iter()
            .map(|field| field.name)
            .zip(&self.values)
    }
}

impl Kind {
    fn admits(self, value: &OptionValue) -> bool {
        match (self, value) {
            (Kind::Name { .. }, OptionValue::Name(name)) => self.code(name).is_some(),
            (Kind::Bool { .. }, OptionValue::Bool(_))
            | (Kind::Int { .. }, OptionValue::Int(_))
            | (Kind::Float, OptionValue::Float(_))
            | (Kind::Ints, OptionValue::Ints(_)) => true,
            _ => false,
        }
    }

    /// Code of a name.
    pub(crate) fn code(self, name: &str) -> Option<i8> {
        let Kind::Name { names, .. } = self else {
            return None;
        };
        let position = names.iter().position(|known| *known == name)?;
        i8::try_from(position).ok()
    }
}

impl Field {
    pub(crate) fn default(&self) -> OptionValue {
        match self.kind {
            Kind::Bool { default } => OptionValue::Bool(default),
            Kind::Int { default } => OptionValue::Int(default),
            Kind::Float => OptionValue::Float(0.0),
            Kind::Name { default, .. } => OptionValue::Name(default),
            Kind::Ints => OptionValue::Ints(Vec::new()),
        }
    }
}

pub(crate) fn padding_name(padding: Padding) -> OptionValue {
    OptionValue::Name(match padding {
        Padding::Same => "SAME",
        Padding::Valid => "VALID",
    })
}

pub(crate) fn activation_name(activation: FusedActivation) -> OptionValue {
    OptionValue::Name(match activation {
        FusedActivation::None => "NONE",
        FusedActivation::Relu => "RELU",
        FusedActivation::Relu6 => "RELU6",
    })
}

pub(crate) const ACTIVATION: &str = "fused_activation_function";
pub(crate) const ADJ_Y: &str = "adj_y";
pub(crate) const ALPHA: &str = "alpha";
pub(crate) const APPROXIMATE: &str = "approximate";
pub(crate) const AXIS: &str = "axis";
pub(crate) const BETA: &str = "beta";
pub(crate) const DEPTH_MULTIPLIER: &str = "depth_multiplier";
pub(crate) const DILATION_H: &str = "dilation_h_factor";
pub(crate) const DILATION_W: &str = "dilation_w_factor";
pub(crate) const FILTER_HEIGHT: &str = "filter_height";
pub(crate) const FILTER_WIDTH: &str = "filter_width";
pub(crate) const HALF_PIXEL_CENTERS: &str = "half_pixel_centers";
pub(crate) const KEEP_DIMS: &str = "keep_dims";
pub(crate) const KEEP_NUM_DIMS: &str = "keep_num_dims";
pub(crate) const NEW_SHAPE: &str = "new_shape";
pub(crate) const PADDING: &str = "padding";
pub(crate) const POT_SCALE_INT16: &str = "pot_scale_int16";
pub(crate) const STRIDE_H: &str = "stride_h";
pub(crate) const STRIDE_W: &str = "stride_w";

const fn field(name: &'static str, slot: u16, kind: Kind) -> Field {
    Field { name, slot, kind }
}

const INT: Kind = Kind::Int { default: 0 };
const FACTOR: Kind = Kind::Int { default: 1 };
const FALSE: Kind = Kind::Bool { default: false };
const TRUE: Kind = Kind::Bool { default: true };
const PADDING_NAMES: Kind = Kind::Name {
    default: "SAME",
    names: &["SAME", "VALID"],
};
const ACTIVATION_NAMES: Kind = Kind::Name {
    default: "NONE",
    names: &["NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT"],
};

macro_rules! tables {
    ($($constant:ident = $name:literal $tag:literal [$(($field:expr, $slot:literal, $kind:expr)),*];)*) => {
        $(pub(crate) const $constant: &OptionsTable = &OptionsTable {
            name: $name,
            tag: $tag,
            fields: &[$(field($field, $slot, $kind)),*],
        };)*

        /// The table with a tag of the union.
        pub(crate) fn table(tag: u8) -> Option<&'static OptionsTable> {
            match tag {
                $($tag => Some($constant),)*
                _ => None,
            }
        }
    };
}

tables! {
    CONV_2D = "Conv2DOptions" 1 [(PADDING, 0, PADDING_NAMES), (STRIDE_W, 1, INT), (STRIDE_H, 2, INT),
        (ACTIVATION, 3, ACTIVATION_NAMES), (DILATION_W, 4, FACTOR), (DILATION_H, 5, FACTOR)];
    DEPTHWISE_CONV_2D = "DepthwiseConv2DOptions" 2 [(PADDING, 0, PADDING_NAMES), (STRIDE_W, 1, INT),
        (STRIDE_H, 2, INT), (DEPTH_MULTIPLIER, 3, INT), (ACTIVATION, 4, ACTIVATION_NAMES),
        (DILATION_W, 5, FACTOR), (DILATION_H, 6, FACTOR)];
    POOL_2D = "Pool2DOptions" 5 [(PADDING, 0, PADDING_NAMES), (STRIDE_W, 1, INT), (STRIDE_H, 2, INT),
        (FILTER_WIDTH, 3, INT), (FILTER_HEIGHT, 4, INT), (ACTIVATION, 5, ACTIVATION_NAMES)];
    FULLY_CONNECTED = "FullyConnectedOptions" 8 [(ACTIVATION, 0, ACTIVATION_NAMES), (KEEP_NUM_DIMS, 2, FALSE)];
    SOFTMAX = "SoftmaxOptions" 9 [(BETA, 0, Kind::Float)];
    CONCATENATION = "ConcatenationOptions" 10 [(AXIS, 0, INT), (ACTIVATION, 1, ACTIVATION_NAMES)];
    ADD = "AddOptions" 11 [(ACTIVATION, 0, ACTIVATION_NAMES), (POT_SCALE_INT16, 1, TRUE)];
    RESIZE_BILINEAR = "ResizeBilinearOptions" 15 [("align_corners", 2, FALSE), (HALF_PIXEL_CENTERS, 3, FALSE)];
    RESHAPE = "ReshapeOptions" 17 [(NEW_SHAPE, 0, Kind::Ints)];
    MUL = "MulOptions" 21 [(ACTIVATION, 0, ACTIVATION_NAMES)];
    PAD = "PadOptions" 22 [];
    TRANSPOSE = "TransposeOptions" 26 [];
    REDUCER = "ReducerOptions" 27 [(KEEP_DIMS, 0, FALSE)];
    SUB = "SubOptions" 28 [(ACTIVATION, 0, ACTIVATION_NAMES), (POT_SCALE_INT16, 1, TRUE)];
    DIV = "DivOptions" 29 [(ACTIVATION, 0, ACTIVATION_NAMES)];
    EXP = "ExpOptions" 33 [];
    DEQUANTIZE = "DequantizeOptions" 38 [];
    MAXIMUM_MINIMUM = "MaximumMinimumOptions" 39 [];
    NEG = "NegOptions" 42 [];
    PAD_V2 = "PadV2Options" 43 [];
    SLICE = "SliceOptions" 48 [];
    TRANSPOSE_CONV = "TransposeConvOptions" 49 [(PADDING, 0, PADDING_NAMES), (STRIDE_W, 1, INT),
        (STRIDE_H, 2, INT), (ACTIVATION, 3, ACTIVATION_NAMES)];
    SQUARE = "SquareOptions" 66 [];
    RESIZE_NEAREST_NEIGHBOR = "ResizeNearestNeighborOptions" 74 [("align_corners", 0, FALSE),
        (HALF_PIXEL_CENTERS, 1, FALSE)];
    LEAKY_RELU = "LeakyReluOptions" 75 [(ALPHA, 0, Kind::Float)];
    ABS = "AbsOptions" 78 [];
    QUANTIZE = "QuantizeOptions" 89 [];
    HARD_SWISH = "HardSwishOptions" 91 [];
    BATCH_MAT_MUL = "BatchMatMulOptions" 101 [("adj_x", 0, FALSE), (ADJ_Y, 1, FALSE)];
    GELU = "GeluOptions" 116 [(APPROXIMATE, 0, FALSE)];
}
