//! The `mirage` program. All of it is in the library beside it, where tests can reach it.

use std::process::ExitCode;

fn main() -> ExitCode {
    mirage_commands::cli::main()
}
