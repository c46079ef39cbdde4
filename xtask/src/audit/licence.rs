//! SPDX licence expressions: does one let us use a package under a permissive licence?
//!
//! The grammar is that of the SPDX specification 2.3, annex D, and the slash that old packages
//! write for OR.

use std::iter::Peekable;
use std::vec::IntoIter;

/// Licences that ask for no more than keeping the notice.
const PERMISSIVE: [&str; 12] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Zlib",
];

/// Whether a choice among permissive licences satisfies the expression. Text that is no expression
/// permits nothing.
pub fn is_permissive(expression: &str) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut tokens = tokens.into_iter().peekable();
    let answer = alternatives(&mut tokens);
    answer == Some(true) && tokens.next().is_none()
}

type Tokens<'text> = Peekable<IntoIter<&'text str>>;

fn alternatives(tokens: &mut Tokens) -> Option<bool> {
    let mut any = conjunction(tokens)?;
    while tokens.next_if_eq(&"OR").is_some() {
        any |= conjunction(tokens)?;
    }
    Some(any)
}

fn conjunction(tokens: &mut Tokens) -> Option<bool> {
    let mut all = term(tokens)?;
    while tokens.next_if_eq(&"AND").is_some() {
        all &= term(tokens)?;
    }
    Some(all)
}

fn term(tokens: &mut Tokens) -> Option<bool> {
    match tokens.next()? {
        "(" => {
            let inner = alternatives(tokens)?;
            tokens.next_if_eq(&")").map(|_| inner)
        }
        ")" | "OR" | "AND" | "WITH" => None,
        licence if tokens.next_if_eq(&"WITH").is_some() => {
            let exception = tokens.next()?;
            Some(PERMISSIVE.contains(&format!("{licence} WITH {exception}").as_str()))
        }
        licence => Some(PERMISSIVE.contains(&licence)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evaluates_expressions() {
        let check = |expression, expected| {
            assert_eq!(is_permissive(expression), expected, "{expression:?}")
        };
        check("MIT", true);
        check("GPL-3.0-only", false);
        check("GPL-2.0-only OR MIT", true);
        check("MIT AND GPL-2.0-only", false);
        check("MIT/Apache-2.0", true);
        check("Unlicense/MIT", true);
        check("(MIT OR Apache-2.0) AND Unicode-3.0", true);
        check("(MIT OR Apache-2.0) AND MPL-2.0", false);
        // AND binds tighter than OR.
        check("MIT OR Apache-2.0 AND GPL-2.0-only", true);
        check("GPL-2.0-only AND MIT OR GPL-3.0-only", false);
        check("(MIT OR Zlib) AND (GPL-2.0-only OR ISC)", true);
        check("Apache-2.0 WITH LLVM-exception", true);
        check("GPL-2.0-only WITH Classpath-exception-2.0", false);
        check("MIT WITH LLVM-exception", false);
    }

    #[test]
    fn permits_nothing_that_it_cannot_read() {
        let check = |expression| assert!(!is_permissive(expression), "{expression:?}");
        check("");
        check("OR");
        check("MIT OR");
        check("MIT Apache-2.0");
        check("(MIT");
        check("MIT)");
        check("()");
        check("Apache-2.0 WITH");
        check("mit");
    }
}
