//! Error types as messages.

use crate::arguments::Call;
use crate::template;
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{format_ident, quote};
use syn::{Attribute, Data, DeriveInput, Fields, Ident};

/// The implementation of `Message` for a struct or an enum.
pub(crate) fn implementation(input: &DeriveInput) -> syn::Result<TokenStream> {
    let name = &input.ident;
    let arms = match &input.data {
        Data::Struct(data) => vec![arm(&quote!(Self), &input.attrs, &data.fields, name)?],
        Data::Enum(data) => data
            .variants
            .iter()
            .map(|variant| {
                let of = &variant.ident;
                arm(&quote!(Self::#of), &variant.attrs, &variant.fields, of)
            })
            .collect::<syn::Result<_>>()?,
        Data::Union(_) => return Err(syn::Error::new(name.span(), "a union is no message")),
    };
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    Ok(quote! {
        impl #generics ::localization::Message for #name #arguments #bounds {
            fn text(&self) -> ::localization::Text {
                #[allow(unused_variables, reason = "not every field is shown")]
                match self {
                    #(#arms)*
                }
            }
        }
    })
}

/// One variant: its fields as variables, and the text that its attribute says.
fn arm(
    path: &TokenStream,
    attributes: &[Attribute],
    fields: &Fields,
    of: &Ident,
) -> syn::Result<TokenStream> {
    let names: Vec<(String, Ident)> = fields
        .iter()
        .enumerate()
        .map(|(position, field)| match &field.ident {
            Some(name) => (name.to_string(), name.clone()),
            None => (position.to_string(), format_ident!("field_{position}")),
        })
        .collect();
    let variables = names.iter().map(|(_, variable)| variable);
    let pattern = match fields {
        Fields::Named(_) => quote!(#path { #(#variables),* }),
        Fields::Unnamed(_) => quote!(#path(#(#variables),*)),
        Fields::Unit => quote!(#path),
    };
    let attribute = attributes
        .iter()
        .find(|attribute| attribute.path().is_ident("error"))
        .ok_or_else(|| syn::Error::new(of.span(), "`#[error(…)]` is missing"))?;
    let tokens = attribute.meta.require_list()?.tokens.clone();
    if tokens.to_string() == "transparent" {
        let Some((_, inner)) = names.first() else {
            return Err(syn::Error::new(of.span(), "nothing is behind it"));
        };
        return Ok(quote!(#pattern => ::localization::Message::text(#inner),));
    }
    let call: Call = syn::parse2(with_fields(tokens))?;
    let values: Vec<(String, TokenStream)> = names
        .iter()
        .map(|(name, variable)| (name.clone(), quote!(#variable)))
        .collect();
    let text = template::text(&call.template, &call.arguments, &values)?;
    Ok(quote!(#pattern => #text,))
}

/// `.name` and `.0`, where they begin an expression, as the variables of these fields.
fn with_fields(tokens: TokenStream) -> TokenStream {
    let mut made = Vec::new();
    let mut begins = true;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is_dot = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '.');
        let before = begins;
        begins =
            matches!(&token, TokenTree::Punct(punct) if matches!(punct.as_char(), ',' | '=' | '&'));
        match token {
            TokenTree::Group(group) => {
                let inside = with_fields(group.stream());
                let mut group = proc_macro2::Group::new(group.delimiter(), inside);
                group.set_span(Span::call_site());
                made.push(TokenTree::Group(group));
            }
            _ if is_dot && before => match tokens.next() {
                Some(TokenTree::Literal(position)) => {
                    made.push(TokenTree::Ident(format_ident!(
                        "field_{}",
                        position.to_string()
                    )));
                }
                Some(other) => made.push(other),
                None => {}
            },
            other => made.push(other),
        }
    }
    made.into_iter().collect()
}
