//! Every case of `tests/fixtures/configuration`: which findings, where, and in which words.

use crate::case::{Expected, cases};
use crate::label_files::label_cases;
use configuration::Code;
use std::collections::BTreeSet;

#[test]
fn findings_of_every_case() {
    let mut failures = Vec::new();
    for case in cases() {
        let found: Vec<Expected> = case.findings().iter().map(Expected::of).collect();
        if found != case.expected {
            let shown: String = found
                .iter()
                .map(|one| {
                    format!(
                        "  {} at {:?}\n> {}\n",
                        one.code,
                        one.range.of(&case.text),
                        one.message
                    )
                })
                .collect();
            failures.push(format!("{}\n{}\n{shown}", case.title, case.text));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn every_code_has_a_case() {
    let (cases, labels) = (cases(), label_cases());
    let expected = cases.iter().flat_map(|case| &case.expected);
    let expected = expected.chain(labels.iter().flat_map(|case| &case.expected));
    let covered: BTreeSet<Code> = expected.map(|expected| expected.code).collect();
    let missing: Vec<&Code> = Code::ALL
        .iter()
        .filter(|code| !covered.contains(code))
        .collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

#[test]
fn every_code_has_a_neighbour_without_it() {
    // A case without findings for each code: the same keys, with values that are right.
    let text = cases()
        .into_iter()
        .filter(|case| case.expected.is_empty())
        .map(|case| case.title)
        .chain(
            label_cases()
                .into_iter()
                .filter(|case| case.expected.is_empty())
                .map(|case| case.title),
        )
        .collect::<Vec<_>>()
        .join("\n");
    for code in Code::ALL {
        assert!(text.contains(code.name()), "no sound case for {code}");
    }
}
