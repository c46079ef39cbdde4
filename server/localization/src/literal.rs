//! Texts that are the same in every language.

/// The length of the code span that a text starts with: as many backquotes at its end as at its
/// start (CommonMark 0.31, section 6.1). Two alone are a quotation of nothing.
pub(crate) fn code_span(text: &str) -> Option<usize> {
    let fence = backquotes(text);
    if fence == 0 {
        return None;
    }
    let mut position = fence;
    loop {
        let rest = text.get(position..)?;
        let Some(start) = rest.find('`').map(|start| start + position) else {
            return (fence == 2).then_some(fence);
        };
        let run = backquotes(text.get(start..)?);
        position = start + run;
        if run == fence {
            return Some(position);
        }
    }
}

fn backquotes(text: &str) -> usize {
    text.bytes().take_while(|byte| *byte == b'`').count()
}

/// Whether a text has no word outside of code spans and quotation marks, other than values of JSON
/// and units.
pub(crate) fn is_one(text: &str) -> bool {
    const WORDS: [&str; 9] = ["true", "false", "null", "kB", "MB", "GB", "TB", "dB", "ms"];
    // Backquotes and quotation marks that are not closed are searched for to the end of the text.
    const LONGEST: usize = 2048;
    if text.len() > LONGEST {
        return false;
    }
    let mut plain = String::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let closed = match letter {
            '`' => code_span(rest),
            '"' => quotation(rest),
            _ => None,
        };
        plain.push(if closed.is_some() { ' ' } else { letter });
        let length = closed.unwrap_or_else(|| backquotes(rest).max(letter.len_utf8()));
        rest = rest.get(length..).unwrap_or_default();
    }
    let words = plain.split(|letter: char| !letter.is_alphabetic());
    words
        .filter(|word| word.chars().count() > 1)
        .all(|word| WORDS.contains(&word))
}

/// The length of the JSON text that a text starts with.
fn quotation(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (position, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(position + 1),
            _ => {}
        }
    }
    None
}

/// Names in a sentence: `a`, `b` and 3 more.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct List<'a> {
    pub(crate) names: Vec<&'a str>,
    /// Whether one of them is to be chosen.
    pub(crate) is_choice: bool,
    /// How many more there are.
    pub(crate) more: Option<&'a str>,
}

/// The list that a text is.
pub(crate) fn list(text: &str) -> Option<List<'_>> {
    let mut names = Vec::new();
    let mut rest = text;
    loop {
        let (name, behind) = rest.split_at_checked(code_span(rest)?)?;
        names.push(name);
        if let Some(behind) = behind.strip_prefix(", ") {
            rest = behind;
            continue;
        }
        if let Some(more) = behind
            .strip_prefix(" and ")
            .and_then(|last| last.strip_suffix(" more"))
        {
            let is_count = !more.is_empty() && more.bytes().all(|byte| byte.is_ascii_digit());
            return is_count.then_some(List {
                names,
                is_choice: false,
                more: Some(more),
            });
        }
        let choice = behind.strip_prefix(" or ");
        let last = choice.or_else(|| behind.strip_prefix(" and "))?;
        names.push(last);
        return (code_span(last) == Some(last.len())).then_some(List {
            names,
            is_choice: choice.is_some(),
            more: None,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_without_words() {
        let check = |text, expected| assert_eq!(is_one(text), expected, "{text}");
        check("`batch_size`", true);
        check("{\"mean\": 0, \"st\\\"d\": 255}", true);
        check("224 × 224 × 3", true);
        check("true", true);
        check("3.5 MB", true);
        check("`a` is `b`", false);
        check("`a", true);
        check("`images", false);
    }

    #[test]
    fn lists() {
        let check = |text, expected: Option<(Vec<&str>, bool, Option<&str>)>| {
            let list = list(text);
            let found = list.map(|list| (list.names, list.is_choice, list.more));
            assert_eq!(found, expected, "{text}");
        };
        check("`a` and `b`", Some((vec!["`a`", "`b`"], false, None)));
        check(
            "`a`, `b` or `c`",
            Some((vec!["`a`", "`b`", "`c`"], true, None)),
        );
        check(
            "`a`, `b` and 12 more",
            Some((vec!["`a`", "`b`"], false, Some("12"))),
        );
        check("`a` and b more", None);
        check("`a` and `b` c", None);
        check("`a`", None);
        check("a", None);
    }
}
