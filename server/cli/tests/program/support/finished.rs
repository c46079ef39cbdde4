use std::process::Output;

use serde_json::Value;

/// A run of the program that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Exit code; `None` when a signal ended the program.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Finished {
    #[track_caller]
    pub(crate) fn assert_code(self, expected: i32) -> Self {
        assert_eq!(self.code, Some(expected), "{self:#?}");
        self
    }

    /// Standard output as JSON lines.
    #[track_caller]
    pub(crate) fn events(&self) -> Vec<Value> {
        self.stdout
            .lines()
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
            })
            .collect()
    }

    /// Checks that there is exactly one error in what was printed, and that it has all these parts.
    #[track_caller]
    pub(crate) fn assert_error(&self, parts: &[&str]) {
        let errors: Vec<&str> = self
            .stderr
            .lines()
            .filter(|line| line.starts_with("error: ") || line.contains(": error["))
            .collect();
        let &[error] = &errors[..] else {
            panic!("one error expected: {self:#?}");
        };
        for part in parts {
            assert!(error.contains(part), "{part:?} is not in: {error}");
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
    }
}
