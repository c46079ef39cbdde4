//! "Did you mean": the known word nearest to one that is not known.

/// A word this long that starts another one is taken for its short form.
const SHORTEST_STEM: usize = 4;

/// The candidate that `word` was probably meant to be: equal but for case and separators, at most
/// a third of its letters away, or a longer or shorter form. The first of equally near ones wins.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let folded = fold(word);
    let length = folded.len();
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let other = fold(candidate);
            let allowed = length.max(other.len()) / 3;
            let shorter = length.min(other.len());
            let starts = shorter >= SHORTEST_STEM && folded.get(..shorter) == other.get(..shorter);
            // The difference in length is a lower bound of the distance, and saves the work on
            // words of absurd length.
            if length.abs_diff(other.len()) > allowed {
                return starts.then_some((allowed, candidate));
            }
            let distance = edit_distance(&folded, &other);
            (distance <= allowed).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Lower case without separators: `batchSize`, `batch-size` and `BATCH_SIZE` are one word.
pub(crate) fn fold(word: &str) -> Vec<char> {
    word.chars()
        .filter(|character| !matches!(character, '_' | '-' | ' '))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Number of letters inserted, removed, replaced or swapped with their neighbour between `a` and
/// `b`: the optimal string alignment distance (Boytsov 2011, "Indexing methods for approximate
/// dictionary searching", section 2.1).
fn edit_distance(a: &[char], b: &[char]) -> usize {
    let mut before = vec![0; b.len() + 1];
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    let mut last_a = None;
    for (i, &letter_a) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        let mut last_b = None;
        for (j, &letter_b) in b.iter().enumerate() {
            let at = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX - 1);
            let replaced = at(&previous, j) + usize::from(letter_a != letter_b);
            let mut distance = replaced.min(at(&previous, j + 1) + 1).min(at(&row, j) + 1);
            if j > 0 && last_a == Some(letter_b) && last_b == Some(letter_a) {
                distance = distance.min(at(&before, j - 1) + 1);
            }
            row.push(distance);
            last_b = Some(letter_b);
        }
        before = std::mem::replace(&mut previous, row);
        last_a = Some(letter_a);
    }
    previous.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        let check = |a: &str, b: &str, distance| {
            let letters = |word: &str| word.chars().collect::<Vec<_>>();
            assert_eq!(edit_distance(&letters(a), &letters(b)), distance, "{a} {b}");
            assert_eq!(edit_distance(&letters(b), &letters(a)), distance, "{b} {a}");
        };
        check("", "", 0);
        check("", "abc", 3);
        check("abc", "abc", 0);
        check("abc", "acb", 1);
        check("kitten", "sitting", 3);
    }

    #[test]
    fn nearest_words() {
        let keys = ["batch_size", "output_dir", "evaluate_label_file", "target"];
        let check = |word, expected| assert_eq!(nearest(word, keys), expected, "{word}");
        check("batchsize", Some("batch_size"));
        check("BATCH-SIZE", Some("batch_size"));
        check("bacth_size", Some("batch_size"));
        check("output_directory", Some("output_dir"));
        check("out_dir", Some("output_dir"));
        check("evaluate_labe_file", Some("evaluate_label_file"));
        check("colour", None);
        check(&"x".repeat(1 << 16), None);
    }
}
