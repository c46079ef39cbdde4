//! The language server: what the crate `configuration` knows about a configuration, spoken in the
//! Language Server Protocol 3.17, and the jobs as commands with progress.
//!
//! It is the only crate that knows the protocol. Messages arrive at the [`ingress`], which applies
//! changes of documents in the order of the wire; everything else is handled by [`backend`], four
//! requests at a time. A handler reads what is known and answers; it never waits for the disk, for
//! a job or for the client. Checks run on threads of their own ([`checking`]), jobs in child
//! processes ([`jobs`]).

mod abilities;
mod backend;
mod capabilities;
mod checking;
mod checks;
mod commands;
mod diagnostics;
mod disk;
mod documents;
mod features;
mod framing;
mod glob;
mod ingress;
mod jobs;
mod label_files;
mod lifetime;
mod lines;
mod log;
mod options;
mod schema_reference;
mod server;
mod session;
mod status;
mod watching;

pub use options::Options;
pub use server::{Ended, run, serve};
