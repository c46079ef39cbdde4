//! What an editor shows besides findings: hovers, completions, links, lenses, hints, actions.
//!
//! Everything here is a function of a [`Document`](crate::Document), a place in it and
//! [`Facts`](crate::Facts), and works on broken text as far as it can be understood. Texts about
//! keys and values come from the schema.

mod about;
mod actions;
mod completion;
mod cursor;
mod hints;
mod hover;
mod lenses;
mod links;
mod markdown;

pub use actions::{Action, actions};
pub use completion::{Completion, CompletionKind, TRIGGERS, complete};
pub use hints::{InlayHint, inlay_hints};
pub use hover::{Hover, hover};
pub use lenses::{Lens, LensCommand, lenses};
pub use links::{Link, links};
