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
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
