//! What calibration remembers of the float model's tensors.

mod channels;
mod extremes;
mod observation;
mod observer;
mod tensors;

pub use channels::ChannelMoments;
#[cfg(test)]
pub(crate) use channels::ChannelSums;
pub use observation::{Observation, observations};
pub use observer::{NonFinite, Observer};
pub use tensors::{Statistics, TensorStatistics};
