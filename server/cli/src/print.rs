use std::borrow::Cow;
use std::io::{ErrorKind, Write as _};

/// Prints to standard output. A reader that has gone away, as `head` does, is no error.
///
/// # Errors
/// A sentence when the output cannot be written, for example to a full disk.
pub(crate) fn print(text: &str) -> Result<(), String> {
    let mut output = std::io::stdout().lock();
    match output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
    {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(format!("cannot write to standard output: {error}"))
        }
        _ => Ok(()),
    }
}

/// Prints a line to standard error. Where nobody can read it, there is nobody to tell.
pub(crate) fn note(line: &str) {
    let lines: Vec<Cow<'_, str>> = line.split('\n').map(printable).collect();
    let _ = writeln!(std::io::stderr().lock(), "{}", lines.join("\n"));
}

/// A text without control characters: names in a model could otherwise command the terminal.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let escape = |letter: char| match letter.is_control() {
        true => letter.escape_default().to_string(),
        false => letter.to_string(),
    };
    Cow::Owned(text.chars().map(escape).collect())
}

/// Columns of the terminal that standard output goes to; `None` when it goes elsewhere.
pub(crate) fn terminal_width() -> Option<usize> {
    let terminal = console::Term::stdout();
    let (_rows, columns) = terminal.size_checked().filter(|_| terminal.is_term())?;
    Some(columns.into())
}
