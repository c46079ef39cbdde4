//! A [`graph::Graph`] in tract.
/// placeholder
pub struct TractModel;
