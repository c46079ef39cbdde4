//! The templates of all texts of the program, collected by the linker.

use crate::system;

pub use linkme::{self, distributed_slice};

/// A template, and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    /// The English text with its placeholders.
    pub text: &'static str,
    /// The source file.
    pub file: &'static str,
    /// The line in it.
    pub line: u32,
}

/// Templates of the macros.
#[distributed_slice]
pub static TEMPLATES: [Template];

/// Every template of the crates that a program is made of, and the system's own words.
pub fn templates() -> impl Iterator<Item = Template> {
    let system = system::COMMON.into_iter().map(|text| Template {
        text,
        file: "server/localization/src/system.rs",
        line: 0,
    });
    TEMPLATES.iter().copied().chain(system)
}
