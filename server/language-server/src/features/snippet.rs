//! Snippets for clients that know none.

/// The text of a snippet with its placeholders' own texts, without the places to go to.
pub(super) fn plain(snippet: &str) -> String {
    let mut plain = String::with_capacity(snippet.len());
    let mut open = 0_usize;
    let mut rest = snippet.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\\' => plain.extend(rest.next()),
            '$' => {
                let braced = rest.next_if_eq(&'{').is_some();
                while rest.next_if(char::is_ascii_digit).is_some() {}
                if braced {
                    match rest.next_if(|next| matches!(next, ':' | '|')) {
                        Some('|') => {
                            // Of a choice, the first.
                            let first: String = std::iter::from_fn(|| {
                                rest.next_if(|next| !matches!(next, ',' | '|'))
                            })
                            .collect();
                            plain.push_str(&first);
                            while rest.next_if(|next| *next != '}').is_some() {}
                        }
                        _ => open += 1,
                    }
                    if open == 0 {
                        rest.next();
                    }
                }
            }
            '}' if open > 0 => open -= 1,
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snippets_without_places() {
        let check = |snippet, expected| assert_eq!(plain(snippet), expected, "{snippet}");
        check("\"batch_size\": ${1:50}", "\"batch_size\": 50");
        check("\"a\": \"$1\"$0", "\"a\": \"\"");
        check("{\n  ${1:x ${2:y}}\n}", "{\n  x y\n}");
        check("${1|true,false|}", "true");
        check("\\$1 \\} \\\\", "$1 } \\");
        check("${1}", "");
        check("$", "");
        check("${1:", "");
    }
}
