//! Which paths of its own crate a Rust file names.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// A path in a crate, from its root: of a module, or of an item in one.
pub type Path = Vec<String>;

/// What a file says of its crate. Tests are left out: they may use whatever they test.
#[derive(Debug, Default, PartialEq)]
pub struct Source {
    /// Modules that the file has in braces.
    pub modules: Vec<Path>,
    /// Modules in files of their own that are for tests only.
    pub test_modules: Vec<Path>,
    /// What is named, and the module in which it is.
    pub references: Vec<Reference>,
    /// What `use` brings into a module.
    pub imports: Vec<Import>,
}

#[derive(Debug, PartialEq)]
pub struct Reference {
    pub from: Path,
    pub to: Path,
}

/// A name in a module that stands for a path. The path of a `use` without `crate`, `self` or
/// `super` starts at a module of the same file or is another crate's.
#[derive(Debug, PartialEq)]
pub struct Import {
    pub module: Path,
    pub name: String,
    pub to: Path,
}

/// Reads the text of the file of a module.
pub fn read(text: &str, module: &[String]) -> Source {
    let tokens: TokenStream = text.parse().unwrap();
    let mut source = Source::default();
    source.walk(tokens, module);
    source
}

impl Source {
    fn walk(&mut self, tokens: TokenStream, module: &[String]) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut rest = &tokens[..];
        while let [first, behind @ ..] = rest {
            rest = match (word(first).as_deref(), behind) {
                (_, [TokenTree::Group(attribute), item @ ..])
                    if is(first, '#') && squeezed(attribute.stream()) == "cfg(test)" =>
                {
                    self.skip(item, module)
                }
                (Some("mod"), [name, TokenTree::Group(body), behind @ ..]) => {
                    let inner = below(module, &name.to_string());
                    if name.to_string() != "tests" {
                        self.walk(body.stream(), &inner);
                    }
                    self.modules.push(inner);
                    behind
                }
                (Some("use"), [next, ..]) if !is(next, '<') => {
                    let end = behind.iter().position(|token| is(token, ';')).unwrap();
                    self.import(&behind[..end], &[], module);
                    &behind[end..]
                }
                (Some("crate" | "self" | "super"), _) if starts_with_colons(behind) => {
                    let (path, behind) = path(rest);
                    let to = absolute(&path, module).unwrap();
                    let from = module.to_vec();
                    self.references.push(Reference { from, to });
                    behind
                }
                _ => {
                    if let TokenTree::Group(group) = first {
                        self.walk(group.stream(), module);
                    }
                    behind
                }
            };
        }
    }

    /// Passes over an item that is there in tests only.
    fn skip<'a>(&mut self, item: &'a [TokenTree], module: &[String]) -> &'a [TokenTree] {
        let is_end = |token: &TokenTree| match token {
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            token => is(token, ';'),
        };
        let end = item.iter().position(is_end).unwrap();
        let words: Vec<String> = item[..end].iter().filter_map(word).collect();
        if let Some(at) = words.iter().position(|word| word == "mod") {
            self.test_modules.push(below(module, &words[at + 1]));
        }
        &item[end + 1..]
    }

    /// Adds what a tree of a `use` names behind `prefix`.
    fn import(&mut self, tree: &[TokenTree], prefix: &[String], module: &[String]) {
        let (mut full, rest) = path(tree);
        full.splice(..0, prefix.iter().cloned());
        if let Some(TokenTree::Group(group)) = rest.first() {
            let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
            for branch in tokens.split(|token| is(token, ',')) {
                self.import(branch, &full, module);
            }
            return;
        }
        if full.last().is_some_and(|last| last == "self") && full.len() > 1 {
            full.pop();
        }
        let alias = rest.get(1).and_then(word).filter(|_| !is(&rest[0], '*'));
        let Some(name) = alias.or_else(|| full.last().cloned()) else {
            return;
        };
        let (module, own) = (module.to_vec(), absolute(&full, module));
        if let Some(to) = own.clone() {
            let from = module.clone();
            self.references.push(Reference { from, to });
        }
        let to = own.unwrap_or_else(|| module.iter().cloned().chain(full).collect());
        self.imports.push(Import { module, name, to });
    }
}

/// The path that tokens start with, and what is behind it.
fn path(tokens: &[TokenTree]) -> (Path, &[TokenTree]) {
    let mut path = Path::new();
    let mut rest = tokens;
    while let [first, behind @ ..] = rest {
        let Some(name) = word(first) else { break };
        path.push(name);
        rest = behind;
        match behind {
            [_, _, next @ ..] if starts_with_colons(behind) => rest = next,
            _ => break,
        }
    }
    (path, rest)
}

/// The path from the root of the crate; `None` for one of another crate.
fn absolute(path: &[String], module: &[String]) -> Option<Path> {
    let (first, rest) = path.split_first()?;
    let mut absolute = match first.as_str() {
        "crate" => Path::new(),
        "self" => module.to_vec(),
        "super" => module.split_last()?.1.to_vec(),
        _ => return None,
    };
    for name in rest {
        match name.as_str() {
            "super" => drop(absolute.pop()),
            _ => absolute.push(name.clone()),
        }
    }
    Some(absolute)
}

pub fn below(module: &[String], name: &str) -> Path {
    module.iter().cloned().chain([name.to_owned()]).collect()
}

fn word(token: &TokenTree) -> Option<String> {
    match token {
        TokenTree::Ident(ident) => Some(ident.to_string()),
        _ => None,
    }
}

fn is(token: &TokenTree, letter: char) -> bool {
    matches!(token, TokenTree::Punct(mark) if mark.as_char() == letter)
}

fn starts_with_colons(tokens: &[TokenTree]) -> bool {
    let joint = |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.spacing() == Spacing::Joint);
    matches!(tokens, [first, second, ..] if is(first, ':') && joint(first) && is(second, ':'))
}

fn squeezed(tokens: TokenStream) -> String {
    tokens.to_string().replace(' ', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path_of(text: &str) -> Path {
        text.split("::").map(str::to_owned).collect()
    }

    #[test]
    fn paths_that_a_file_names() {
        let check = |text: &str, expected: &[&str]| {
            let source = read(text, &path_of("a::b"));
            let found = source.references.iter();
            let found: Vec<String> = found.map(|reference| reference.to.join("::")).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("use crate::x::Y;", &["x::Y"]);
        check(
            "pub(crate) use super::{c, d::{E, self}};",
            &["a::c", "a::d::E", "a::d"],
        );
        check("use super::super::x::Y as Z;", &["x::Y"]);
        check(
            "fn f() { let y = crate::x::y::<u8>(self::z); self.w }",
            &["x::y", "a::b::z"],
        );
        check(
            "format!(\"crate::text\", super::c::VALUE); // crate::comment",
            &["a::c::VALUE"],
        );
        check("mod inner { use super::c; }", &["a::b::c"]);
        check(
            "fn f() -> impl Iterator + use<'_> { g(super::h) }",
            &["a::h"],
        );
        check("use std::fmt; use other::crate_name;", &[]);
        check(
            "#[cfg(test)] mod tests { use crate::x; } use crate::y;",
            &["y"],
        );
        check(
            "#[cfg(test)] use crate::x; #[cfg(test)] fn f() { crate::z }",
            &[],
        );
    }

    #[test]
    fn names_that_a_file_imports() {
        let source = read("pub use inner::{Name, Other as Third};", &path_of("a"));
        let found: Vec<(&str, String)> = source
            .imports
            .iter()
            .map(|import| (import.name.as_str(), import.to.join("::")))
            .collect();
        let expected = [("Name", "a::inner::Name"), ("Third", "a::inner::Other")];
        assert_eq!(found, expected.map(|(name, to)| (name, to.to_owned())));
        let source = read("#[cfg(test)]\nmod writing;", &path_of("a"));
        assert_eq!(source.test_modules, [path_of("a::writing")]);
    }
}
