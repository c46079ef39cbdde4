//! What makes a `localization::Text`: [`text!`] and [`phrase!`] where a message is made, and `#[derive(Message)]` for
//! error types. All register the template, so that a test knows it.

mod arguments;
mod message;
mod template;

use proc_macro::TokenStream;
use syn::parse_macro_input;

/// A text, from a template and what its placeholders stand for.
///
/// Takes what `format!` takes, except that every placeholder has a name: `text!("{count} images in
/// {folder}", folder = quoted(folder))`. What is a message itself, such as another text or an error
/// that derives `Message`, stays one, so that it is translated in turn.
#[proc_macro]
pub fn text(input: TokenStream) -> TokenStream {
    let call = parse_macro_input!(input as arguments::Call);
    let made = template::text(&call.template, &call.arguments, &[]);
    made.unwrap_or_else(syn::Error::into_compile_error).into()
}

/// A text without placeholders that is a constant: `phrase!("the list of tensors")`.
#[proc_macro]
pub fn phrase(input: TokenStream) -> TokenStream {
    let words = parse_macro_input!(input as syn::LitStr);
    let made = template::phrase(&words);
    made.unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Implements `localization::Message` for an error type by the attributes `#[error(…)]` from which
/// `thiserror` makes its `Display`, so that both have the same words.
#[proc_macro_derive(Message, attributes(error))]
pub fn message(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as syn::DeriveInput);
    let made = message::implementation(&input);
    made.unwrap_or_else(syn::Error::into_compile_error).into()
}
