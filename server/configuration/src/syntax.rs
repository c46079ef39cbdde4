//! JSON text as a tree with byte ranges. Parsing never fails: it gives a tree of what could be
//! understood and the list of errors.
//!
//! The grammar is RFC 8259's. What people write by mistake (comments, trailing commas, single
//! quotes, bare keys) is an error with a message of its own, and the rest of the text still
//! becomes a tree.

mod fix;
mod lexer;
mod parser;
mod string;
mod tree;

pub(crate) use lexer::{Token, TokenKind, tokenize};
pub(crate) use parser::parse_up_to;
pub use parser::{MAX_DEPTH, MAX_LENGTH, Parsed, SyntaxError, SyntaxErrorKind, parse};
pub(crate) use string::decode_string;
pub(crate) use tree::integer;
pub use tree::{Key, Member, Node, Object, Value};
