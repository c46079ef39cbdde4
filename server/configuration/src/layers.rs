//! Names of layers with wildcards.

/// Patterns that are longer match nothing; the schema allows no more.
const LONGEST: usize = 1000;

/// Whether a layer's name matches a pattern, in which `*` stands for any characters and `?` for
/// one. The time grows with the product of both lengths at worst.
pub fn matches_layer(pattern: &str, name: &str) -> bool {
    if pattern.len() > 4 * LONGEST {
        return false;
    }
    let (mut pattern, mut name) = (pattern.chars(), name.chars());
    // Where to go on when what follows the last `*` does not match.
    let mut retry = None;
    loop {
        let (before, rest) = (pattern.clone(), name.clone());
        match (pattern.next(), name.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                name = rest;
                retry = Some((pattern.clone(), name.clone()));
            }
            (Some(expected), Some(found)) if expected == '?' || expected == found => {}
            (Some(_), None) if before.as_str().chars().all(|next| next == '*') => return true,
            (Some(_), None) => return false,
            _ => {
                let Some((after, mut from)) = retry.take() else {
                    return false;
                };
                if from.next().is_none() {
                    return false;
                }
                (pattern, name) = (after.clone(), from.clone());
                retry = Some((after, from));
            }
        }
    }
}

/// The names most like a pattern that matches none of them, the best first, at most three.
pub fn nearest_layers<'a>(
    pattern: &str,
    names: impl IntoIterator<Item = &'a str> + Clone,
) -> Vec<&'a str> {
    const MOST: usize = 3;
    // Letters alone are compared: wildcards are in no name.
    let letters: String = pattern
        .chars()
        .filter(|letter| !matches!(letter, '*' | '?'))
        .take(LONGEST)
        .collect();
    let mut found: Vec<&str> = Vec::new();
    while found.len() < MOST {
        let others = names
            .clone()
            .into_iter()
            .filter(|name| !found.contains(name));
        match crate::suggestion::nearest(&letters, others) {
            Some(nearest) => found.push(nearest),
            None => break,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_any_characters() {
        let check = |pattern: &str, name: &str, expected: bool| {
            assert_eq!(matches_layer(pattern, name), expected, "{pattern} {name}");
        };
        check("conv1", "conv1", true);
        check("conv1", "conv10", false);
        check("conv", "conv1", false);
        check("conv?", "conv1", true);
        check("conv?", "conv", false);
        check("conv*", "conv", true);
        check("*", "", true);
        check("", "", true);
        check("", "a", false);
        check("block_*_relu", "block_1_expand_relu", true);
        check("block_*_relu", "block_1_expand_relu6", false);
        check("*relu*", "block/relu:1", true);
        check("a*b*c", "axxbxxbc", true);
        check("a*b*c", "axxbxxb", false);
        check("**", "a/b", true);
        check("*ä?", "läö", true);
        check("[a]", "a", false);
        check("a*?", "a", false);
        check("a*?", "ab", true);
    }

    #[test]
    fn a_hostile_pattern_ends() {
        let pattern = "*a".repeat(500);
        assert!(!matches_layer(
            &pattern,
            &format!("{}b", "a".repeat(20_000))
        ));
        assert!(!matches_layer(&"*".repeat(100_000), "a"));
    }

    #[test]
    fn the_nearest_names_come_first() {
        let names = ["conv1", "conv2", "block_1_relu", "logits"];
        let nearest = |pattern| nearest_layers(pattern, names);
        assert_eq!(nearest("conv1_"), ["conv1", "conv2"]);
        assert_eq!(nearest("logit"), ["logits"]);
        assert_eq!(nearest("blok_1_*"), Vec::<&str>::new());
        assert_eq!(nearest("block_1_re*x"), ["block_1_relu"]);
        assert_eq!(nearest("zzz"), Vec::<&str>::new());
    }
}
