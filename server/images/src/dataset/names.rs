use std::fmt;

/// A few names in a sentence: `folder "a"`, or `12 folders ("a", "b", "c", …)`.
pub(super) struct Names<'a> {
    one: &'a str,
    many: &'a str,
    names: &'a [String],
    verb: Option<(&'a str, &'a str)>,
}

impl<'a> Names<'a> {
    /// Names that are told; the number tells of the others.
    const SHOWN: usize = 3;

    pub(super) fn new(one: &'a str, many: &'a str, names: &'a [String]) -> Self {
        Self {
            one,
            many,
            names,
            verb: None,
        }
    }

    /// With a verb behind, in the singular or plural.
    pub(super) fn followed_by(self, one: &'a str, many: &'a str) -> Self {
        Self {
            verb: Some((one, many)),
            ..self
        }
    }
}

impl fmt::Display for Names<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |name: &String| format!("\"{}\"", name.escape_debug());
        let single = self.names.len() == 1;
        if let [name] = self.names {
            write!(formatter, "{} {}", self.one, quoted(name))?;
        } else {
            let shown: Vec<String> = self.names.iter().take(Self::SHOWN).map(quoted).collect();
            let more = if self.names.len() > Self::SHOWN {
                ", …"
            } else {
                ""
            };
            let (count, many) = (self.names.len(), self.many);
            write!(formatter, "{count} {many} ({}{more})", shown.join(", "))?;
        }
        match self.verb {
            Some((one, many)) => write!(formatter, " {}", if single { one } else { many }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences() {
        let check = |names: &[&str], expected: &str| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let names = Names::new("label", "labels", &names).followed_by("has", "have");
            assert_eq!(names.to_string(), expected);
        };
        check(&["a"], "label \"a\" has");
        check(&["a", "b"], "2 labels (\"a\", \"b\") have");
        check(
            &["a", "b", "c", "d"],
            "4 labels (\"a\", \"b\", \"c\", …) have",
        );
        check(&["a\n"], "label \"a\\n\" has");
    }
}
