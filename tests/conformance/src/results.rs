//! The results of all runs so far, so that a table can be made of many runs.

use std::fs;
use std::path::Path;

use crate::row::Row;

/// Reads the results; none when there are none yet.
///
/// # Errors
/// A sentence when the file cannot be read or is damaged.
pub(crate) fn read(path: &Path) -> Result<Vec<Row>, String> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text =
        fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    serde_json::from_slice(&text)
        .map_err(|error| format!("{} is damaged: {error}; remove it", path.display()))
}

/// Puts the rows of a model in the place of those that an earlier run gave it.
///
/// # Errors
/// A sentence when the file cannot be read or written.
pub(crate) fn record(path: &Path, rows: &[Row]) -> Result<(), String> {
    let cannot_write = |error| format!("cannot write {}: {error}", path.display());
    let mut results = read(path)?;
    results.retain(|old| {
        !rows
            .iter()
            .any(|new| new.generation == old.generation && new.model == old.model)
    });
    results.extend_from_slice(rows);
    let text = serde_json::to_vec_pretty(&results).map_err(|error| error.to_string())?;
    let scratch = path.with_extension("json.new");
    fs::write(&scratch, text).map_err(cannot_write)?;
    fs::rename(&scratch, path).map_err(cannot_write)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Generation;
    use crate::row::Outcome;

    #[test]
    fn a_model_has_the_rows_of_its_last_run() {
        let row = |model: &str, format: &str, sentence: &str| Row {
            generation: Generation::Keras2,
            model: model.to_owned(),
            format: format.to_owned(),
            facts: None,
            outcome: Outcome::Refused(sentence.to_owned()),
        };
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("results.json");
        for rows in [
            vec![row("a", "h5", "1"), row("a", "keras", "2")],
            vec![row("b", "h5", "3")],
            vec![row("a", "h5", "4")],
        ] {
            record(&path, &rows).expect("rows are recorded");
        }
        let failures: Vec<_> = read(&path)
            .expect("they are read")
            .iter()
            .map(|row| (row.name(), row.failure().unwrap_or_default()))
            .collect();
        let expected = [("keras2 b h5", "refused: 3"), ("keras2 a h5", "refused: 4")]
            .map(|(name, failure)| (name.to_owned(), failure.to_owned()));
        assert_eq!(failures, expected);
    }
}
