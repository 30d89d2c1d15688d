//! What goes to standard output and standard error. A reader who has gone away, as after
//! `| head`, ends the command quietly.

use std::io::{self, ErrorKind, Write as _};

use serde::Serialize;

use super::failure::Failure;

/// Prints an answer to standard output. The text brings its own line breaks.
///
/// # Errors
/// [`Failure::OutputClosed`], or the system's reason, such as a full disk.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    let written = output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush());
    written.map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Failure::OutputClosed,
        _ => Failure::user(format!("The answer could not be written: {error}.")),
    })
}

/// Prints an answer as JSON, for programs.
///
/// # Errors
/// As [`print`].
pub(crate) fn print_json(answer: &impl Serialize) -> Result<(), Failure> {
    let mut text =
        serde_json::to_string_pretty(answer).map_err(|error| Failure::Unexpected(error.into()))?;
    text.push('\n');
    print(&text)
}

/// Says a line to the person on standard error, beside the answer. One that nobody can read is
/// no reason to stop.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
