//! The placeholders of a template, and the text that is made from it.

use crate::arguments::Argument;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Ident, LitStr};

/// `{name}` or `{name:format}`
struct Placeholder {
    name: String,
    format: Option<String>,
}

/// The expression of a text. Placeholders that no argument is given for are the `fields` of that name,
/// or else variables of that name.
pub(crate) fn text(
    template: &LitStr,
    arguments: &[Argument],
    fields: &[(String, TokenStream)],
) -> syn::Result<TokenStream> {
    let written = template.value();
    let (bare, placeholders) =
        read(&written).map_err(|problem| syn::Error::new(template.span(), problem))?;
    if let Some(unused) = arguments.iter().find(|argument| {
        let mut names = placeholders.iter().map(|placeholder| &placeholder.name);
        !names.any(|name| argument.name == name)
    }) {
        let message = "no placeholder has this name";
        return Err(syn::Error::new(unused.name.span(), message));
    }
    let mut values = Vec::new();
    for Placeholder { name, format } in &placeholders {
        let given = arguments.iter().find(|argument| argument.name == name);
        let field = fields.iter().find(|(field, _)| field == name);
        let value = match (given, field) {
            (Some(argument), _) => argument.value.clone(),
            (None, Some((_, value))) => value.clone(),
            (None, None) => {
                let variable: Ident = syn::parse_str(name)
                    .map_err(|_| syn::Error::new(template.span(), "name every placeholder"))?;
                let variable = Ident::new(&variable.to_string(), template.span());
                quote!(#variable)
            }
        };
        values.push(match format {
            Some(format) => {
                let format = LitStr::new(&format!("{{:{format}}}"), template.span());
                quote!((#name, ::localization::Argument::from(::std::format!(#format, #value))))
            }
            None => quote!((#name, {
                use ::localization::argument::{FromDisplay as _, FromMessage as _};
                (&::localization::argument::Given(&(#value))).argument()
            })),
        });
    }
    let registered = registered(&bare);
    Ok(quote!({
        #registered
        ::localization::Text::new(#bare, [#(#values),*])
    }))
}

/// The expression of a text without placeholders.
pub(crate) fn phrase(words: &LitStr) -> syn::Result<TokenStream> {
    let wrong = |problem: String| syn::Error::new(words.span(), problem);
    let (bare, placeholders) = read(&words.value()).map_err(wrong)?;
    if !placeholders.is_empty() {
        return Err(wrong(
            "a phrase has no placeholders; write `text!`".to_owned(),
        ));
    }
    let registered = registered(&bare);
    Ok(quote!({
        #registered
        ::localization::Phrase::new(#bare)
    }))
}

/// The item that has a template in the registry.
fn registered(template: &str) -> TokenStream {
    quote! {
        #[::localization::registry::distributed_slice(::localization::registry::TEMPLATES)]
        #[linkme(crate = ::localization::registry::linkme)]
        static TEMPLATE: ::localization::registry::Template = ::localization::registry::Template {
            text: #template,
            file: ::std::file!(),
            line: ::std::line!(),
        };
    }
}

/// The template without formats, and its placeholders.
fn read(template: &str) -> Result<(String, Vec<Placeholder>), String> {
    let mut bare = String::new();
    let mut placeholders: Vec<Placeholder> = Vec::new();
    let mut letters = template.chars().peekable();
    while let Some(letter) = letters.next() {
        bare.push(letter);
        match letter {
            '{' | '}' if letters.next_if_eq(&letter).is_some() => bare.push(letter),
            '}' => return Err("a brace that nothing opens; write `}}`".to_owned()),
            '{' => {
                let inside: String =
                    std::iter::from_fn(|| letters.next_if(|next| *next != '}')).collect();
                if letters.next().is_none() {
                    return Err("a placeholder that does not end".to_owned());
                }
                let (name, format) = match inside.split_once(':') {
                    Some((name, format)) => (name, Some(format.to_owned())),
                    None => (inside.as_str(), None),
                };
                if name.is_empty() {
                    return Err("name every placeholder: `{name}`".to_owned());
                }
                bare.push_str(name);
                bare.push('}');
                match placeholders.iter().find(|known| known.name == name) {
                    Some(known) if known.format == format => {}
                    Some(_) => return Err(format!("`{name}` stands in two formats")),
                    None => placeholders.push(Placeholder {
                        name: name.to_owned(),
                        format,
                    }),
                }
            }
            _ => {}
        }
    }
    Ok((bare, placeholders))
}
