//! `mirage doctor`: what Mirage needs, whether it is there, and how to mend what isn't. It changes
//! nothing and fetches nothing.

mod machine;
mod material;
mod services;

use clap::Args;
use mirage::config::Config;
use serde::Serialize;

use super::Exit;
use super::failure::Failure;
use super::output;
use super::text::{self, Paragraphs, count};

/// Check this machine: processor, memory, disk, weights, generator, atlas, database, Discord, Python
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mirage doctor\n\n\
    Exit codes: 0 no problem (there may be warnings); 1 at least one problem.")]
pub(crate) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// As it should be.
    Ok,
    /// Something is slower, or some part can't be used.
    Warning,
    /// Mirage can't work.
    Problem,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Check {
    name: &'static str,
    state: State,
    /// One sentence.
    text: String,
    /// What to do; something that can be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

impl Check {
    fn ok(name: &'static str, text: impl Into<String>) -> Self {
        Self {
            name,
            state: State::Ok,
            text: text.into(),
            mend: None,
        }
    }

    fn warning(name: &'static str, text: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            state: State::Warning,
            mend: Some(mend.into()),
            ..Self::ok(name, text)
        }
    }

    fn problem(name: &'static str, text: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            state: State::Problem,
            ..Self::warning(name, text, mend)
        }
    }
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    let checks = checks(config).await;
    let has_problem = checks.iter().any(|check| check.state == State::Problem);
    if arguments.json {
        output::print_json(&Told {
            ok: !has_problem,
            checks: &checks,
        })?;
    } else {
        output::print(&in_words(&checks, text::columns()))?;
    }
    Ok(if has_problem { Exit::No } else { Exit::Done })
}

/// The checks for programs.
#[derive(Serialize)]
struct Told<'a> {
    ok: bool,
    checks: &'a [Check],
}

async fn checks(config: &Config) -> Vec<Check> {
    let weights = material::weights(config);
    let has_weights = weights.state == State::Ok;
    let atlas = material::atlas(config, has_weights).await;
    // Python is needed for as long as something must be fetched.
    let must_fetch = !has_weights || atlas.state != State::Ok;
    vec![
        machine::processor(),
        machine::memory(),
        machine::disk("data disk", &config.data),
        machine::disk("cache disk", &config.cache),
        weights,
        material::generator(config),
        atlas,
        material::database(config).await,
        services::token(config),
        services::discord(config).await,
        services::python(must_fetch).await,
    ]
}

fn in_words(checks: &[Check], columns: usize) -> String {
    let mut text = Paragraphs::new(columns);
    for check in checks {
        let state = match check.state {
            State::Ok => "ok",
            State::Warning => "warning",
            State::Problem => "problem",
        };
        text.labelled(&format!("{state:<9}{:<12}", check.name), &check.text);
        if let Some(mend) = &check.mend {
            text.labelled(&format!("{:<21}", "  to mend it:"), mend);
        }
    }
    let number = |state| checks.iter().filter(|check| check.state == state).count() as u64;
    text.line(&format!(
        "{}, {}.",
        count(number(State::Problem), "problem", "problems"),
        count(number(State::Warning), "warning", "warnings"),
    ));
    text.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_its_state_and_its_mend_in_words() {
        let checks = [
            Check::ok("memory", "3,000 MB are free."),
            Check::problem("atlas", "There is none.", "Run `mirage atlas starter`."),
        ];
        assert_eq!(
            in_words(&checks, usize::MAX),
            "ok       memory      3,000 MB are free.\n\
             problem  atlas       There is none.\n\
             \x20 to mend it:        Run `mirage atlas starter`.\n\
             1 problem, 0 warnings.\n"
        );
    }
}
