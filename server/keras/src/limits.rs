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
/// Most that compressed members expand to: a multiple of their size in the archive. Weights hardly
/// shrink; configurations do, and the slack is for them.
pub(crate) const ARCHIVE_EXPANSION: u64 = 16;
/// Bytes that a compressed member may expand to beyond that.
pub(crate) const ARCHIVE_SLACK_BYTES: u64 = CONFIGURATION_BYTES as u64;
