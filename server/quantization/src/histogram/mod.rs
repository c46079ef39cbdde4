//! Histograms of activations.

mod bins;
mod by_channel;
mod counts;
mod growing;
mod outliers;
mod percentiles;

pub(crate) use by_channel::{ChannelHistograms, ChannelMap};
pub use counts::Histogram;
pub(crate) use growing::{GrowingHistogram, Scratch};
