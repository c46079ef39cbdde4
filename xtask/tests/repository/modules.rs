//! The modules of a crate, and which use which.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path as File;

use crate::sources::{Import, Path, Reference, Source, below, read};

/// Names that stand for names are followed so far.
const LONGEST_CHAIN: usize = 16;

/// The arrows among modules of one folder, by the path of the module that holds them: `a` → `b`
/// where `a` or a module below it names something in `b` or below. What a module and those below
/// it use of each other is no arrow here.
pub type Arrows = BTreeMap<Path, BTreeSet<(String, String)>>;

#[derive(Debug, Default)]
pub struct Modules {
    all: BTreeSet<Path>,
    imports: BTreeMap<(Path, String), Path>,
    references: Vec<Reference>,
}

impl Modules {
    /// The modules of the crate whose sources are in a folder.
    pub fn of(folder: &File) -> Modules {
        let mut sources = Vec::new();
        collect(folder, &Path::new(), &mut sources);
        Modules::from_sources(sources)
    }

    fn from_sources(sources: Vec<(Path, Source)>) -> Modules {
        let tests: Vec<Path> = sources
            .iter()
            .flat_map(|(_, source)| source.test_modules.iter().cloned())
            .collect();
        let mut modules = Modules::default();
        for (path, source) in sources {
            if tests.iter().any(|test| path.starts_with(test)) {
                continue;
            }
            modules.all.insert(path);
            modules.all.extend(source.modules);
            modules.references.extend(source.references);
            for Import { module, name, to } in source.imports {
                modules.imports.insert((module, name), to);
            }
        }
        modules
    }

    /// The modules directly below one.
    pub fn children(&self, parent: &[String]) -> BTreeSet<String> {
        let children = self
            .all
            .iter()
            .filter(|path| path.len() == parent.len() + 1);
        children
            .filter(|path| path.starts_with(parent))
            .filter_map(|path| path.last().cloned())
            .collect()
    }

    pub fn arrows(&self) -> Arrows {
        let mut arrows = Arrows::new();
        for Reference { from, to } in &self.references {
            let to = self.module_of(to);
            let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
            if let (Some(a), Some(b)) = (from.get(common), to.get(common)) {
                let level = arrows.entry(from[..common].to_vec()).or_default();
                level.insert((a.clone(), b.clone()));
            }
        }
        arrows
    }

    /// The module in which the item is that a path leads to.
    fn module_of(&self, path: &[String]) -> Path {
        let mut path = path.to_vec();
        for _ in 0..LONGEST_CHAIN {
            let known = (0..=path.len()).rev();
            let length = known
                .into_iter()
                .find(|&length| length == 0 || self.all.contains(&path[..length]))
                .unwrap_or(0);
            let (module, rest) = path.split_at(length);
            let Some((name, rest)) = rest.split_first() else {
                return path;
            };
            match self.imports.get(&(module.to_vec(), name.clone())) {
                Some(to) if !to.starts_with(&below(module, name)) => {
                    path = to.iter().chain(rest).cloned().collect();
                }
                _ => return module.to_vec(),
            }
        }
        panic!("{path:?} leads in a circle of imports");
    }
}

fn collect(folder: &File, module: &Path, sources: &mut Vec<(Path, Source)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if name == "tests" {
            continue;
        }
        if path.is_dir() {
            collect(&path, &below(module, &name), sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let module = match name.as_str() {
                "lib" | "main" | "mod" => module.clone(),
                name => below(module, name),
            };
            let source = read(&fs::read_to_string(&path).unwrap(), &module);
            sources.push((module, source));
        }
    }
}

/// The groups of names that lead to each other, each in the order of the alphabet.
pub fn circles(arrows: &BTreeSet<(String, String)>) -> BTreeSet<Vec<String>> {
    let from = |name: &str| {
        let mut reached = BTreeSet::new();
        let mut open = vec![name.to_owned()];
        while let Some(name) = open.pop() {
            for (_, next) in arrows.iter().filter(|(from, _)| *from == name) {
                if reached.insert(next.clone()) {
                    open.push(next.clone());
                }
            }
        }
        reached
    };
    let names: BTreeSet<&String> = arrows.iter().map(|(from, _)| from).collect();
    let reached: BTreeMap<&String, BTreeSet<String>> =
        names.into_iter().map(|name| (name, from(name))).collect();
    reached
        .iter()
        .filter(|(name, others)| others.contains(**name))
        .map(|(name, others)| {
            let back = others.iter().filter(|other| {
                reached
                    .get(other)
                    .is_some_and(|others| others.contains(*name))
            });
            back.cloned().collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_lead_to_where_an_item_is() {
        let modules = |files: &[(&str, &str)]| {
            let sources = files.iter().map(|(module, text)| {
                let module: Path = module.split_terminator("::").map(str::to_owned).collect();
                let source = read(text, &module);
                (module, source)
            });
            Modules::from_sources(sources.collect())
        };
        let check = |files: &[(&str, &str)], expected: &[(&str, &str, &str)]| {
            let mut found = Vec::new();
            for (level, arrows) in modules(files).arrows() {
                found.extend(arrows.into_iter().map(|(a, b)| (level.join("::"), a, b)));
            }
            let expected: Vec<_> = expected
                .iter()
                .map(|(level, a, b)| ((*level).to_owned(), (*a).to_owned(), (*b).to_owned()))
                .collect();
            assert_eq!(found, expected, "{files:?}");
        };
        check(
            &[("", ""), ("a", "use crate::b::C;"), ("b", "")],
            &[("", "a", "b")],
        );
        check(
            &[("", "pub use b::C;"), ("a", "use crate::C;"), ("b", "")],
            &[("", "a", "b")],
        );
        check(
            &[
                ("", ""),
                ("a", ""),
                ("a::x", "super::y::z();"),
                ("a::y", "crate::a::w();"),
            ],
            &[("a", "x", "y")],
        );
        check(&[("", "fn f() {}"), ("a", "crate::f();")], &[]);
        check(
            &[
                ("", "#[cfg(test)] mod a;"),
                ("a", "use crate::b;"),
                ("b", ""),
            ],
            &[],
        );
    }

    #[test]
    fn circles_are_found() {
        let check = |arrows: &[(&str, &str)], expected: &[&[&str]]| {
            let arrows = arrows
                .iter()
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
            let expected: BTreeSet<Vec<String>> = expected
                .iter()
                .map(|circle| circle.iter().map(|name| (*name).to_owned()).collect())
                .collect();
            assert_eq!(circles(&arrows.collect()), expected);
        };
        check(&[("a", "b"), ("b", "c")], &[]);
        check(&[("a", "b"), ("b", "a"), ("c", "a")], &[&["a", "b"]]);
        check(
            &[("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")],
            &[&["a", "b", "c"]],
        );
        check(
            &[("a", "b"), ("b", "a"), ("c", "d"), ("d", "c")],
            &[&["a", "b"], &["c", "d"]],
        );
    }
}
