//! Globs as editors have them in their settings: `*` within a name, `**` for any folders.

/// Whether a path with `/` between its names matches. A glob that does not start at the root
/// matches below any folder.
pub(crate) fn matches(glob: &str, path: &str) -> bool {
    let glob: Vec<&str> = names(glob).collect();
    let path: Vec<&str> = names(path).collect();
    if glob.is_empty() {
        return false;
    }
    (0..=path.len()).any(|start| {
        path.get(start..)
            .is_some_and(|path| matches_names(&glob, path))
    })
}

fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split(['/', '\\']).filter(|name| !name.is_empty())
}

/// Both texts are short: a glob of the user's settings and a path.
fn matches_names(glob: &[&str], path: &[&str]) -> bool {
    match (glob.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((&"**", rest)), _) => {
            let mut skipped = rest;
            // Several in a row mean the same as one.
            while let Some((&"**", rest)) = skipped.split_first() {
                skipped = rest;
            }
            (0..=path.len()).any(|start| {
                path.get(start..)
                    .is_some_and(|path| matches_names(skipped, path))
            })
        }
        (Some((glob, globs)), Some((name, names))) => {
            matches_name(glob.as_bytes(), name.as_bytes()) && matches_names(globs, names)
        }
        _ => false,
    }
}

/// Greedy, with a step back to the last `*` only: linear for one `*`, quadratic at worst.
fn matches_name(glob: &[u8], name: &[u8]) -> bool {
    let (mut at, mut matched, mut star) = (0, 0, None);
    while let Some(&byte) = name.get(matched) {
        match glob.get(at) {
            Some(b'*') => {
                star = Some((at + 1, matched));
                at += 1;
            }
            Some(&expected) if expected == byte || expected == b'?' => {
                at += 1;
                matched += 1;
            }
            _ => {
                let Some((after, from)) = star else {
                    return false;
                };
                star = Some((after, from + 1));
                at = after;
                matched = from + 1;
            }
        }
    }
    glob.get(at..)
        .is_some_and(|rest| rest.iter().all(|&byte| byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        let check =
            |glob, path, expected| assert_eq!(matches(glob, path), expected, "{glob} {path}");
        check("**/configuration.json", "/a/b/configuration.json", true);
        check("configuration.json", "/a/b/configuration.json", true);
        check("b/*.json", "/a/b/x.json", true);
        check("b/*.json", "/a/c/x.json", false);
        check("b/*.json", "/a/b/c/x.json", false);
        check("b/**/*.json", "/a/b/c/d/x.json", true);
        check("b/**/*.json", "/a/b/x.json", true);
        check("quant*.json", "/a/quantize.json", true);
        check("quant?.json", "/a/quants.json", true);
        check("*a*b*.json", "/xxaxxbxx.json", true);
        check("*a*b*.json", "/xxbxxaxx.json", false);
        check("b\\x.json", "C:\\b\\x.json", true);
        check("", "/a", false);
        check("**", "/a/b", true);
        check("*.json", "/x.json5", false);
        check("**/**/**/**/**/**/**/**/*.x", &"/a".repeat(200), false);
    }
}
