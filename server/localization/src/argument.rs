//! What the macro `text!` makes of an argument, by its type: texts stay texts, and anything else is
//! displayed. A type that is both is a text, because its method is found without another reference
//! (<https://doc.rust-lang.org/reference/expressions/method-call-expr.html>).

use crate::text::{Argument, Message};
use std::fmt::Display;

/// The argument as it was given.
pub struct Given<'a, T: ?Sized>(pub &'a T);

/// Arguments that are messages.
pub trait FromMessage {
    /// The argument of the text.
    fn argument(&self) -> Argument;
}

impl<T: Message + ?Sized> FromMessage for Given<'_, T> {
    fn argument(&self) -> Argument {
        self.0.text().into()
    }
}

/// All other arguments.
pub trait FromDisplay {
    /// The argument of the text.
    fn argument(&self) -> Argument;
}

impl<T: Display + ?Sized> FromDisplay for &Given<'_, T> {
    fn argument(&self) -> Argument {
        Argument::Plain(self.0.to_string())
    }
}
