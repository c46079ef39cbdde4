//! Modules use each other one way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::modules::{Modules, circles};
use crate::{read, repository};

/// The section of `docs/architecture.md` with the order of the modules of crates, one row a crate.
const ORDERS: &str = "## Modules";

/// The crates below `server`, by name.
fn crates() -> BTreeMap<String, Modules> {
    let entries = fs::read_dir(repository().join("server")).unwrap();
    entries
        .map(|entry| {
            let folder = entry.unwrap().path();
            let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
            (name, Modules::of(&folder.join("src")))
        })
        .collect()
}

#[test]
fn modules_use_each_other_one_way() {
    let mut found = Vec::new();
    for (name, modules) in crates() {
        for (level, arrows) in modules.arrows() {
            for circle in circles(&arrows) {
                let place = [std::slice::from_ref(&name), level.as_slice()]
                    .concat()
                    .join("::");
                let inside = arrows
                    .iter()
                    .filter(|(from, to)| circle.contains(from) && circle.contains(to));
                let inside = inside.map(|(from, to)| format!("\n  {from} → {to}"));
                found.push(format!("{place}:{}", inside.collect::<String>()));
            }
        }
    }
    assert!(
        found.is_empty(),
        "modules use each other in circles: {}",
        found.join("\n")
    );
}

/// The orders that `docs/architecture.md` states, by crate.
fn stated_orders() -> BTreeMap<String, Vec<String>> {
    let document = read("docs/architecture.md");
    let section = document.lines().skip_while(|line| *line != ORDERS).skip(1);
    section
        .take_while(|line| !line.starts_with("## "))
        .filter_map(|line| {
            let mut names = line.strip_prefix("| `")?.split('`').step_by(2);
            let name = names.next()?.to_owned();
            Some((name, names.map(str::to_owned).collect()))
        })
        .collect()
}

#[test]
fn the_stated_order_of_modules_holds() {
    let crates = crates();
    let orders = stated_orders();
    assert!(orders.contains_key("configuration"));
    for (name, order) in orders {
        let modules = &crates[&name];
        let stated: BTreeSet<String> = order.iter().cloned().collect();
        assert_eq!(stated, modules.children(&[]), "modules of {name}");
        let place = |module: &String| order.iter().position(|other| other == module);
        let arrows = modules.arrows().remove(&Vec::new()).unwrap_or_default();
        for (from, to) in arrows {
            assert!(place(&from) < place(&to), "{name}: {from} uses {to}");
        }
    }
}
