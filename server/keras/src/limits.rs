//! Bounds on what is read from a file. They are far above real models and keep the memory and time
//! that a damaged or hostile file can cost in proportion to its size.

/// Bytes of attributes read in one go.
pub(crate) const ATTRIBUTE_BYTES: u64 = 64 << 20;
/// Bytes of the model's configuration; a parsed configuration takes about ten times as much.
pub(crate) const CONFIGURATION_BYTES: usize = 16 << 20;
/// Bytes of one weight, and of all weights together, as `f32`.
pub(crate) const WEIGHT_BYTES: u64 = 2 << 30;
/// Most that deflate can expand a byte to, rounded up.
pub(crate) const EXPANSION: u64 = 1100;
/// Groups and datasets on the path to a weight.
pub(crate) const PATH_COMPONENTS: usize = 64;
/// Bytes that all activations of a classifier take together for one image as `f32`: calibration sees every
/// one of them. EfficientNetB7 for pictures of 600 pixels takes three quarters of it.
pub(crate) const ACTIVATION_BYTES: u64 = 4 << 30;
/// Models inside models.
pub(crate) const NESTING: usize = 8;
/// Layer calls, counting nested models each time they are called.
pub(crate) const CALLS: usize = 20_000;
/// Largest integer that a layer setting may have.
pub(crate) const SETTING: u64 = 1 << 24;
/// Stack of the thread that reads a model.
pub(crate) const STACK_BYTES: usize = 64 << 20;
/// Bytes of the name of a layer; nested models join the names of their layers.
pub(crate) const NAME_BYTES: usize = 512;
/// Members of an archive; Keras writes three, and a few for tables of words.
pub(crate) const ARCHIVE_MEMBERS: u64 = 4096;
/// Bytes of the list of an archive's members.
pub(crate) const ARCHIVE_DIRECTORY_BYTES: u64 = 1 << 20;
/// Bytes of the text that states the version of Keras.
pub(crate) const METADATA_BYTES: u64 = 64 << 10;
/// Bytes that a compressed member may expand to beyond one and a half times its size in the archive.
/// It is held in memory beside the weights that are read from it, and both together are to stay
/// below three times the file and 64 MB.
pub(crate) const ARCHIVE_SLACK_BYTES: u64 = 24 << 20;
/// Bytes of the graph of a SavedModel; protocol buffers cannot be longer.
pub(crate) const SAVED_MODEL_BYTES: u64 = 2 << 30;
/// Signatures of a SavedModel, and tensors of a signature.
pub(crate) const SIGNATURES: usize = 1000;
/// Functions of a SavedModel, called or not.
pub(crate) const FUNCTIONS: usize = 200_000;
/// Nodes of all functions that are called, counted once, and of the graph that calls them.
pub(crate) const FUNCTION_NODES: usize = 400_000;
/// Function calls inside each other.
pub(crate) const CALL_DEPTH: usize = 64;
/// Operators once function calls are replaced by what they call.
pub(crate) const FLAT_NODES: usize = 100_000;
/// Connections between those operators, and arguments of the calls.
pub(crate) const REFERENCES: usize = 500_000;
/// Steps from names to the nodes that they mean, beyond a number in proportion to the file.
pub(crate) const REFERENCE_STEPS: u64 = 2_000_000;
/// Bytes that constants of a graph take beyond those that the file has for them.
pub(crate) const CONSTANT_EXPANSION: usize = 16 << 20;
/// Elements of a constant that are stored one by one or that are integers.
pub(crate) const SINGLE_ELEMENTS: usize = 1 << 20;
/// Bytes of the list of a checkpoint's variables.
pub(crate) const CHECKPOINT_INDEX_BYTES: u64 = 64 << 20;
/// Variables of a checkpoint.
pub(crate) const CHECKPOINT_ENTRIES: usize = 100_000;
/// Bytes of the names of a checkpoint's variables.
pub(crate) const CHECKPOINT_KEY_BYTES: usize = 16 << 20;
/// Files that a checkpoint is spread over.
pub(crate) const SHARDS: u32 = 10_000;
/// Elements of tensors that are computed from shapes and constants, beyond a number in proportion
/// to the weights.
pub(crate) const FOLDED_ELEMENTS: u64 = 4 << 20;
/// Elements of a constant that is looked at when weights are not.
pub(crate) const INSPECTED_ELEMENTS: u64 = 4096;
/// Objects of a SavedModel, and children that they have.
pub(crate) const OBJECTS: usize = 400_000;
/// Parts that a tensor is cut into.
pub(crate) const PARTS: usize = 1024;
/// Pieces of a tensor that are put together: runs of picked elements, or copies.
pub(crate) const PIECES: usize = 256;
/// Largest whole exponent that is written out as multiplications.
pub(crate) const EXPONENT: usize = 8;
/// Edge of the blocks that operations move between pixels and channels.
pub(crate) const BLOCK: usize = 1 << 12;
