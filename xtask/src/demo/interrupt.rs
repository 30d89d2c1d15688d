//! Turns Ctrl-C into a file that the demo looks for, so that it can stop its programs in order.
//! The standard library can't catch signals and this workspace forbids unsafe code; a POSIX shell
//! can catch them in five lines.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

/// Runs a program in the background of a shell, where Ctrl-C does not reach it, and creates the
/// file named first when the shell itself is interrupted. `wait` returns early on a signal, so it
/// is asked again until the program is really gone.
#[cfg(unix)]
const TRAP: &str = r#"
stop_file=$1; shift
trap ': > "$stop_file"' INT TERM HUP
"$@" &
program=$!
while :; do
    wait "$program"; status=$?
    kill -0 "$program" 2>/dev/null || exit "$status"
done
"#;

/// Becomes the shell that runs `program` to its end; returns only when that shell can't start.
///
/// # Errors
/// There is no shell.
#[cfg(unix)]
pub(super) fn run_with_trap(stop_file: &Path, program: &Path, arguments: &[&OsStr]) -> Result<()> {
    use std::os::unix::process::CommandExt;
    let error = shell_with_trap(stop_file, program, arguments).exec();
    Err(anyhow::Error::new(error).context("the shell `sh` could not be started"))
}

#[cfg(unix)]
fn shell_with_trap(stop_file: &Path, program: &Path, arguments: &[&OsStr]) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", TRAP, "sh"])
        .arg(stop_file)
        .arg(program)
        .args(arguments);
    shell
}

/// Runs `program` to its end. Without a POSIX shell, Ctrl-C ends everything at once.
///
/// # Errors
/// The program can't be started or ends with a failure.
#[cfg(not(unix))]
pub(super) fn run_with_trap(_stop_file: &Path, program: &Path, arguments: &[&OsStr]) -> Result<()> {
    crate::steps::finish(Command::new(program).args(arguments))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    use std::fs;

    use crate::demo::service::pause;

    #[test]
    fn a_signal_creates_the_file_and_the_program_ends_by_itself() {
        let folder = std::env::temp_dir().join(format!("xtask-trap-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("the temporary folder takes folders");
        let (stop_file, started) = (folder.join("stop"), folder.join("started"));
        let script = "touch \"$1\"; while [ ! -e \"$2\" ]; do sleep 0.05; done; exit 7";
        let arguments: [&OsStr; 5] = [
            "-c".as_ref(),
            script.as_ref(),
            "sh".as_ref(),
            started.as_os_str(),
            stop_file.as_os_str(),
        ];
        let mut shell = shell_with_trap(&stop_file, Path::new("sh"), &arguments)
            .spawn()
            .expect("it starts");
        while !started.exists() {
            pause();
        }
        let sent = Command::new("sh")
            // Not INT: a test run in the background of a script ignores that one.
            .args(["-c", "kill -TERM \"$1\"", "sh", &shell.id().to_string()])
            .status()
            .expect("kill starts");
        assert!(sent.success());
        let status = shell.wait().expect("it ends");
        assert!(stop_file.exists());
        assert_eq!(
            status.code(),
            Some(7),
            "the program's own status comes through"
        );
        fs::remove_dir_all(folder).expect("it was made above");
    }
}
