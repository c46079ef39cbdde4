macro_rules! builtins {
    ($($(#[$doc:meta])* $variant:ident = $code:literal $name:literal,)*) => {
        /// Operators that this crate writes: `BuiltinOperator` in TensorFlow's `schema.fbs`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "the names are the schema's")]
        pub enum Builtin {
            $($(#[$doc])* $variant = $code,)*
        }

        impl Builtin {
            /// Every operator, in the order of the codes.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Name in the schema.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

builtins! {
    Add = 0 "ADD",
    AveragePool2d = 1 "AVERAGE_POOL_2D",
    Concatenation = 2 "CONCATENATION",
    Conv2d = 3 "CONV_2D",
    DepthwiseConv2d = 4 "DEPTHWISE_CONV_2D",
    Dequantize = 6 "DEQUANTIZE",
    FullyConnected = 9 "FULLY_CONNECTED",
    Logistic = 14 "LOGISTIC",
    MaxPool2d = 17 "MAX_POOL_2D",
    Mul = 18 "MUL",
    Relu = 19 "RELU",
    Relu6 = 21 "RELU6",
    Reshape = 22 "RESHAPE",
    ResizeBilinear = 23 "RESIZE_BILINEAR",
    Softmax = 25 "SOFTMAX",
    Tanh = 28 "TANH",
    Pad = 34 "PAD",
    Transpose = 39 "TRANSPOSE",
    Mean = 40 "MEAN",
    Sub = 41 "SUB",
    Div = 42 "DIV",
    Exp = 47 "EXP",
    PRelu = 54 "PRELU",
    Maximum = 55 "MAXIMUM",
    Minimum = 57 "MINIMUM",
    Neg = 59 "NEG",
    PadV2 = 60 "PADV2",
    Slice = 65 "SLICE",
    TransposeConv = 67 "TRANSPOSE_CONV",
    Log = 73 "LOG",
    Sum = 74 "SUM",
    Sqrt = 75 "SQRT",
    Rsqrt = 76 "RSQRT",
    ReduceMax = 82 "REDUCE_MAX",
    ReduceMin = 89 "REDUCE_MIN",
    Square = 92 "SQUARE",
    ResizeNearestNeighbor = 97 "RESIZE_NEAREST_NEIGHBOR",
    LeakyRelu = 98 "LEAKY_RELU",
    Abs = 101 "ABS",
    Elu = 111 "ELU",
    Quantize = 114 "QUANTIZE",
    HardSwish = 117 "HARD_SWISH",
    BatchMatMul = 126 "BATCH_MATMUL",
    Gelu = 150 "GELU",
}

impl Builtin {
    pub(crate) fn code(self) -> i32 {
        self as i32
    }

    pub(crate) fn from_code(code: i32) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|builtin| builtin.code() == code)
    }
}
