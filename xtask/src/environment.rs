//! The one place where xtask reads environment variables, and what a child process inherits.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

/// A variable's value; an empty one counts as not set.
#[expect(
    clippy::disallowed_methods,
    reason = "xtask reads its environment here alone"
)]
pub(crate) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Removes what `cargo run` set for xtask itself. Build scripts watch some of these (`ring`
/// watches `CARGO_MANIFEST_DIR` and `CARGO_PKG_*`): left in place, the child cargo would rebuild
/// what a plain `cargo build` had just built, and back again.
pub(crate) fn forget_outer_cargo(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_set_by_outer_cargo) {
            command.env_remove(name);
        }
    }
}

fn is_set_by_outer_cargo(name: &str) -> bool {
    const PREFIXES: [&str; 3] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];
    const NAMES: [&str; 3] = ["CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || NAMES.contains(&name)
}

/// Whether the program starts and ends well with these arguments. Its output is dropped.
pub(crate) fn runs(program: impl AsRef<Path>, arguments: &[&str]) -> bool {
    Command::new(program.as_ref())
        .args(arguments)
        .output()
        .is_ok_and(|output| output.status.success())
}

/// The value as one word of a POSIX shell.
pub(crate) fn shell_quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_describes_xtask_is_forgotten() {
        for name in [
            "CARGO_PKG_NAME",
            "CARGO_MANIFEST_DIR",
            "CARGO_MANIFEST_PATH",
            "OUT_DIR",
        ] {
            assert!(is_set_by_outer_cargo(name), "{name}");
        }
        for name in [
            "CARGO",
            "CARGO_HOME",
            "CARGO_TARGET_DIR",
            "CARGO_TERM_COLOR",
            "RUSTFLAGS",
        ] {
            assert!(!is_set_by_outer_cargo(name), "{name}");
        }
    }

    #[test]
    fn a_forgotten_variable_does_not_reach_the_child() {
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg("printf %s \"${CARGO_MANIFEST_DIR-gone}\"");
        forget_outer_cargo(&mut command);
        let output = command.output().expect("sh starts");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "gone");
    }

    #[test]
    fn a_program_that_fails_or_is_missing_does_not_run() {
        assert!(runs("sh", &["-c", "exit 0"]));
        assert!(!runs("sh", &["-c", "exit 3"]));
        assert!(!runs("a-program-that-is-not-installed", &[]));
    }

    #[test]
    fn quotes_survive_the_shell() {
        assert_eq!(shell_quoted("/a b/it's"), r"'/a b/it'\''s'");
    }
}
