//! Rewrites that do not change what a graph computes.
