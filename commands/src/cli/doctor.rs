//! `mirage doctor`: what works on this machine, what doesn't, and the mend for each.

mod checks;

use clap::Args;
use mirage::config::Config;
use serde::Serialize;

use super::{Ending, print, print_json};

/// Arguments of `mirage doctor`.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// Nothing to do.
    Fine,
    /// It works, but not as well as it could, or something optional is missing.
    Warning,
    /// Something that is needed doesn't work.
    Problem,
}

/// The outcome of one check.
#[derive(Debug, Serialize)]
struct Finding {
    subject: &'static str,
    state: State,
    /// What was found, in one sentence.
    found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

impl Finding {
    fn fine(subject: &'static str, found: impl Into<String>) -> Self {
        Self {
            subject,
            state: State::Fine,
            found: found.into(),
            mend: None,
        }
    }

    fn warning(subject: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            subject,
            state: State::Warning,
            found: found.into(),
            mend: Some(mend.into()),
        }
    }

    fn problem(subject: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            subject,
            state: State::Problem,
            found: found.into(),
            mend: Some(mend.into()),
        }
    }
}

impl Doctor {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<Ending> {
        let findings = vec![
            checks::processor(),
            checks::memory(),
            checks::disk(config),
            checks::python().await,
            checks::weights(config),
            checks::atlas(config).await,
            checks::database(config).await,
            checks::discord(config).await,
            checks::token(config),
        ];
        if self.json {
            print_json(&findings)?;
        } else {
            print(&findings.iter().map(line).collect::<String>())?;
        }
        let problem = findings
            .iter()
            .any(|finding| finding.state == State::Problem);
        Ok(if problem {
            Ending::Negative
        } else {
            Ending::Done
        })
    }
}

fn line(finding: &Finding) -> String {
    let state = match finding.state {
        State::Fine => "ok",
        State::Warning => "warning",
        State::Problem => "problem",
    };
    let mend = finding
        .mend
        .as_ref()
        .map_or_else(String::new, |mend| format!("\n{:21}{mend}", ""));
    format!(
        "{state:<8} {:<10}  {}{mend}\n",
        finding.subject, finding.found
    )
}
