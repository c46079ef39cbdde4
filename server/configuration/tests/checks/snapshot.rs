//! The first finding of every code as a user sees it, with its fixes and what they make of the
//! text: `tests/fixtures/configuration/findings.snapshot`.

use crate::case::cases;
use crate::expected::expect_file;
use crate::label_files::label_cases;
use configuration::{Change, Code, Finding, Fix, apply, report};
use std::collections::BTreeMap;

#[test]
fn every_finding_as_it_is_shown() {
    let mut shown: BTreeMap<Code, String> = BTreeMap::new();
    let mut add = |file: &str, text: &str, findings: Vec<Finding>| {
        for finding in findings {
            shown
                .entry(finding.code)
                .or_insert_with(|| show(file, text, finding));
        }
    };
    for case in cases() {
        add("configuration.json", &case.text, case.findings());
    }
    for case in label_cases() {
        add("labels.json", &case.text, case.findings());
    }
    let missing: Vec<&Code> = Code::ALL
        .iter()
        .filter(|code| !shown.contains_key(code))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    let blocks: Vec<String> = shown.into_values().collect();
    expect_file("findings.snapshot", &blocks.join("\n"));
}

fn show(file: &str, text: &str, finding: Finding) -> String {
    let mut shown = report::human(file, text, std::slice::from_ref(&finding));
    for fix in &finding.fixes {
        let mark = if fix.preferred { "fix*" } else { "fix" };
        shown += &format!("  {mark}: {}\n", fix.title);
        shown += &outcome(text, fix);
    }
    shown
}

/// The lines that a fix changes, as they are afterwards, and the files that it makes.
fn outcome(text: &str, fix: &Fix) -> String {
    let mut outcome = String::new();
    if let Some(replacements) = fix.replacements() {
        let changed = apply(text, &replacements);
        let before: Vec<&str> = text.lines().collect();
        for line in changed.lines().filter(|line| !before.contains(line)) {
            outcome += &format!("    {line}\n");
        }
        return outcome;
    }
    for change in &fix.changes {
        outcome += &match change {
            Change::Text(replacement) => format!("    {}\n", replacement.text),
            Change::OtherText {
                path, start, text, ..
            } => {
                let text = text.trim().replace('\n', "\n    ");
                format!(
                    "    {}:{}:{}: {text}\n",
                    path.display(),
                    start.line + 1,
                    start.column + 1
                )
            }
            Change::CreateFolder(path) => format!("    create {}\n", path.display()),
            Change::WriteFile { path, text } => {
                let text = text.trim_end().replace('\n', "\n    ");
                format!("    write {}\n    {text}\n", path.display())
            }
        };
    }
    outcome
}

/// A preferred fix puts right what it is for, and spoils nothing: no new kind of finding appears.
#[test]
fn preferred_fixes_put_right() {
    let mut tried = 0;
    for case in cases() {
        let findings = case.findings();
        for finding in &findings {
            let preferred = finding.fixes.iter().filter(|fix| fix.preferred);
            for replacements in preferred.filter_map(Fix::replacements) {
                let text = apply(&case.text, &replacements);
                let after = crate::case::document(&text).check(&case.disk);
                let alike =
                    |one: &&Finding| one.code == finding.code && one.message == finding.message;
                let count = |findings: &[Finding]| findings.iter().filter(alike).count();
                let title = &case.title;
                let code = finding.code;
                assert!(count(&after) < count(&findings), "{title}: {code}\n{text}");
                // Once text can be read, what was hidden shows; other fixes add no error.
                if code != Code::SyntaxError {
                    let errors =
                        |findings: &[Finding]| findings.iter().filter(|one| one.is_error()).count();
                    assert!(
                        errors(&after) <= errors(&findings),
                        "{title}: {code}\n{text}"
                    );
                }
                tried += 1;
            }
        }
    }
    assert!(tried > 30, "only {tried} fixes");
}
