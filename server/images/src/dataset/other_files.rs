use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// Files with other extensions than the wanted, counted by extension.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OtherFiles(BTreeMap<String, usize>);

impl OtherFiles {
    /// Extensions that are told apart in a sentence; the rest is summed up.
    const SHOWN: usize = 4;

    pub(super) fn add(&mut self, path: &Path) {
        let extension = path.extension().map_or_else(
            || "without extension".to_owned(),
            |extension| format!(".{}", extension.to_string_lossy().escape_debug()),
        );
        *self.0.entry(extension).or_default() += 1;
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (extension, count) in other.0 {
            *self.0.entry(extension).or_default() += count;
        }
    }

    /// How many files there are.
    pub fn count(&self) -> usize {
        self.0.values().sum()
    }

    /// Number of files by extension; extensions with their leading dot.
    pub fn by_extension(&self) -> impl Iterator<Item = (&str, usize)> {
        self.0
            .iter()
            .map(|(extension, &count)| (extension.as_str(), count))
    }
}

impl fmt::Display for OtherFiles {
    /// The commonest first, such as `300 .JPG, 2 .png`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut counts: Vec<(&str, usize)> = self.by_extension().collect();
        counts.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        let (shown, rest) = counts.split_at(counts.len().min(Self::SHOWN));
        for (index, (extension, count)) in shown.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(formatter, "{separator}{count} {extension}")?;
        }
        match rest.iter().map(|(_, count)| count).sum::<usize>() {
            0 => Ok(()),
            more => write!(formatter, ", {more} others"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commonest_extensions_first() {
        let check = |names: &[&str], expected: &str| {
            let mut others = OtherFiles::default();
            for name in names {
                others.add(Path::new(name));
            }
            assert_eq!(others.to_string(), expected);
            assert_eq!(others.count(), names.len());
        };
        check(&[], "");
        check(&["a.png", "b.JPG", "c.JPG"], "2 .JPG, 1 .png");
        check(&["README"], "1 without extension");
        check(
            &["a.1", "a.2", "a.3", "a.4", "a.5", "a.6"],
            "1 .1, 1 .2, 1 .3, 1 .4, 2 others",
        );
    }
}
