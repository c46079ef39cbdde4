/// A few names in a sentence: `a`, or 12 of them, `"a", "b", "c", …`.
pub(super) enum Names {
    One(String),
    Several { count: usize, shown: String },
}

impl Names {
    /// Names that are told; the number tells of the others.
    const SHOWN: usize = 3;

    pub(super) fn of(names: &[String]) -> Self {
        if let [name] = names {
            return Self::One(name.escape_debug().to_string());
        }
        let quoted = |name: &String| format!("\"{}\"", name.escape_debug());
        let mut shown: Vec<String> = names.iter().take(Self::SHOWN).map(quoted).collect();
        if names.len() > Self::SHOWN {
            shown.push("…".to_owned());
        }
        Self::Several {
            count: names.len(),
            shown: shown.join(", "),
        }
    }
}
