//! The command line of `cargo xtask`, turned into one [`Task`]. It decides nothing else.

use std::path::PathBuf;

/// Shown for `help`, for no arguments and after a mistake.
pub(crate) const USAGE: &str = "\
Usage: cargo xtask <task>

  demo [--port N] [--reset]   Fetch what is missing, build, start the bot against the local
                              Discord-compatible server and print the playground's address.
                              --port    port of the playground on 127.0.0.1 (default 7878)
                              --reset   build the starter atlas anew first
  test [-- ARGUMENTS]         Format check, tidy, clippy and every test.
                              What follows -- goes to `cargo test`.
  tidy                        Check the rules of ARCHITECTURE.md that a compiler can't.
  env                         Print the variables that plain cargo needs:
                              eval \"$(cargo xtask env)\"
  help                        Show this text.";

/// Port of the playground where nothing else is said.
const DEFAULT_PORT: u16 = 7878;

/// One thing to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Show the usage.
    Help,
    /// Prepare everything, then serve the demo.
    Demo(DemoOptions),
    /// Serve what `demo` prepared. Started by `demo` itself, under a shell that catches Ctrl-C.
    DemoServe(ServePlan),
    /// Run all checks and tests.
    Test {
        /// Arguments handed on to `cargo test`.
        extra: Vec<String>,
    },
    /// Run the tidy checks alone.
    Tidy,
    /// Print the variables for plain cargo.
    Env,
}

/// What a person may choose about the demo.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DemoOptions {
    /// Port of the playground on the loopback address.
    pub(crate) port: u16,
    /// Build the starter atlas anew.
    pub(crate) reset: bool,
}

/// What `demo` prepared: the programs to start and where their logs go.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ServePlan {
    /// Folder of logs, tokens and the stop file.
    pub(crate) folder: PathBuf,
    /// The `mirage` binary.
    pub(crate) mirage: PathBuf,
    /// The `playground` binary.
    pub(crate) playground: PathBuf,
    /// The port that was asked for.
    pub(crate) port: u16,
}

/// Reads the arguments after `cargo xtask`. The error is one sentence for a person.
pub(crate) fn parse(typed: &[String]) -> Result<Task, String> {
    let Some((name, rest)) = typed.split_first() else {
        return Ok(Task::Help);
    };
    match (name.as_str(), rest) {
        ("help" | "--help" | "-h", _) => Ok(Task::Help),
        ("demo" | "tidy" | "env", [asked]) if asked == "--help" || asked == "-h" => Ok(Task::Help),
        ("demo", _) => demo_options(rest).map(Task::Demo),
        ("demo-serve", [folder, mirage, playground, port]) => Ok(Task::DemoServe(ServePlan {
            folder: folder.into(),
            mirage: mirage.into(),
            playground: playground.into(),
            port: port_number(port)?,
        })),
        ("test", []) => Ok(Task::Test { extra: Vec::new() }),
        ("test", [dashes, extra @ ..]) if dashes == "--" => Ok(Task::Test {
            extra: extra.to_vec(),
        }),
        ("tidy", []) => Ok(Task::Tidy),
        ("env", []) => Ok(Task::Env),
        ("test" | "tidy" | "env", [unknown, ..]) => {
            Err(format!("`cargo xtask {name}` does not take `{unknown}`."))
        }
        _ => Err(format!("There is no task `{name}`.")),
    }
}

fn demo_options(typed: &[String]) -> Result<DemoOptions, String> {
    let mut options = DemoOptions {
        port: DEFAULT_PORT,
        reset: false,
    };
    let mut rest = typed.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--reset" => options.reset = true,
            "--port" => {
                let value = rest.next().ok_or("`--port` needs a number after it.")?;
                options.port = port_number(value)?;
            }
            other => match other.strip_prefix("--port=") {
                Some(value) => options.port = port_number(value)?,
                None => return Err(format!("`cargo xtask demo` does not take `{other}`.")),
            },
        }
    }
    Ok(options)
}

fn port_number(value: &str) -> Result<u16, String> {
    match value.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(format!(
            "`{value}` is not a port: give a number from 1 to 65535."
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Task, String> {
        parse(
            &line
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn nothing_and_help_show_the_usage() {
        for line in ["", "help", "--help", "-h"] {
            assert_eq!(parsed(line), Ok(Task::Help), "{line}");
        }
    }

    #[test]
    fn demo_takes_port_and_reset_in_any_order() {
        let wanted = Ok(Task::Demo(DemoOptions {
            port: 9000,
            reset: true,
        }));
        assert_eq!(parsed("demo --port 9000 --reset"), wanted);
        assert_eq!(parsed("demo --reset --port=9000"), wanted);
        assert_eq!(
            parsed("demo"),
            Ok(Task::Demo(DemoOptions {
                port: DEFAULT_PORT,
                reset: false
            }))
        );
    }

    #[test]
    fn a_bad_port_is_named() {
        for line in ["demo --port 0", "demo --port 70000", "demo --port=x"] {
            assert!(
                parsed(line).unwrap_err().contains("is not a port"),
                "{line}"
            );
        }
        assert!(
            parsed("demo --port")
                .unwrap_err()
                .contains("needs a number")
        );
    }

    #[test]
    fn test_hands_on_what_follows_the_dashes() {
        let extra = vec!["--package".to_owned(), "mirage".to_owned()];
        assert_eq!(parsed("test -- --package mirage"), Ok(Task::Test { extra }));
        assert!(
            parsed("test --package mirage")
                .unwrap_err()
                .contains("`--package`")
        );
    }

    #[test]
    fn an_unknown_task_is_named() {
        assert_eq!(parsed("dance").unwrap_err(), "There is no task `dance`.");
        assert!(parsed("tidy now").unwrap_err().contains("`now`"));
    }

    #[test]
    fn every_task_a_person_can_type_is_in_the_usage() {
        for name in ["demo", "test", "tidy", "env", "help"] {
            assert!(
                USAGE
                    .lines()
                    .any(|line| line.trim_start().starts_with(name)),
                "{name}"
            );
        }
    }
}
