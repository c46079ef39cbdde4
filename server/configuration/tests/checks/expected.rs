//! Files of expected output that are committed, and written anew on demand.

use std::path::Path;

/// Compares `content` with a file of `tests/fixtures/configuration`. With the environment variable
/// `UPDATE_EXPECTED` set, the file is written instead, for review by eye.
pub fn expect_file(name: &str, content: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/configuration");
    let file = folder.join(name);
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(&file, content).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    let mut lines = content.lines().zip(expected.lines()).enumerate();
    if let Some((line, (found, wanted))) = lines.find(|(_, (found, wanted))| found != wanted) {
        panic!(
            "{name}:{}: found\n  {found}\nexpected\n  {wanted}\n(UPDATE_EXPECTED=1 writes the file)",
            line + 1
        );
    }
    assert_eq!(
        content.len(),
        expected.len(),
        "{name} is longer or shorter than expected"
    );
}
