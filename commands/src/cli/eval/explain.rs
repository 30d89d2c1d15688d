//! `mirage eval explain`: the shipped topics and labelled claims against the configured atlas.

use clap::{Args, ValueEnum};
use mirage::atlas::Field;
use mirage::config::Config;
use mirage::evaluation::{self, Explanations, Scope, Share, Split};
use mirage_models::language_model::LanguageModel;
use serde::Serialize;

use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::interrupt;
use crate::cli::output;
use crate::cli::progress::Waiting;
use crate::runtime;

/// Measure whether explanations keep to their sources and to their atlas
///
/// The topics are those that ship with Mirage: on the starter atlas, on other medicine, on no
/// medicine, personal questions, and injections in questions and in captions. The support check is
/// compared with claims that were labelled by hand. Bounds were chosen on the dev half.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mirage eval explain --no-model --json\n\n\
    Exit codes: 0 measured; 1 the starter atlas or weights are missing; 2 an argument can't be \
    used; 3 anything else.")]
pub(crate) struct Arguments {
    /// Which half of the sets to ask
    #[arg(long, value_enum, default_value_t = Half::Test)]
    split: Half,
    /// Only the sources' own words, without a language model
    #[arg(long)]
    no_model: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A half of the sets, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Half {
    /// What bounds were chosen on
    Dev,
    /// What they are judged by
    Test,
    /// Both
    All,
}

impl Half {
    fn has(self, split: Split) -> bool {
        match self {
            Self::Dev => split == Split::Dev,
            Self::Test => split == Split::Test,
            Self::All => true,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Test => "test",
            Self::All => "all",
        }
    }
}

/// The figures as JSON: those that are asked for most as numbers, and all of them below.
#[derive(Serialize)]
struct Printed<'a> {
    split: &'static str,
    /// Name and version of the language model, if one was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    supported: f64,
    answer_in: f64,
    abstain_out: f64,
    injection_escapes: usize,
    checker_precision: f64,
    checker_recall: f64,
    details: &'a Explanations,
}

pub(super) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    let unreadable = |error: serde_json::Error| Failure::Unexpected(error.into());
    let mut topics = evaluation::topics().map_err(unreadable)?;
    let mut claims = evaluation::labelled_claims().map_err(unreadable)?;
    topics.retain(|topic| arguments.split.has(topic.split));
    claims.retain(|claim| arguments.split.has(claim.split));
    let atlas = runtime::open_atlas(config).await?;
    if !atlas.catalogue().await?.has(Field::Source, "starter") {
        return Err(Failure::user(
            "The topics are those of the starter atlas. Fetch it with `mirage atlas starter`.",
        ));
    }
    let model = if arguments.no_model {
        None
    } else {
        runtime::language_model(config)?
    };
    let cancel = interrupt::watch("Stopping. Press Ctrl-C again to stop at once.");
    let all = topics.len() + claims.len();
    let progress = Waiting::new("Loading the networks".to_owned());
    let mut show = |done: usize| progress.message(format!("{done} of {all} topics and claims"));
    let model = model.map(|model| atlas.chat(model));
    let model = model.as_ref().map(|model| model as &dyn LanguageModel);
    let measuring = evaluation::explanations(&atlas, model, &topics, &claims, &mut show);
    let stopped = "Stopped. Nothing was changed.";
    let figures = interrupt::unless_stopped(&cancel, stopped, measuring).await??;
    drop(progress);
    let identity = model.map(LanguageModel::identity);
    if arguments.json {
        output::print_json(&Printed {
            split: arguments.split.name(),
            model: identity,
            supported: figures.supported.share,
            answer_in: figures.answer_in.share,
            abstain_out: figures.abstain_out.share,
            injection_escapes: figures.injection_escapes,
            checker_precision: figures.checker.precision.share,
            checker_recall: figures.checker.recall.share,
            details: &figures,
        })?;
    } else {
        output::print(&in_words(&figures, arguments.split, identity))?;
    }
    Ok(Exit::Done)
}

fn in_words(figures: &Explanations, half: Half, model: Option<&str>) -> String {
    let words = model.map_or("the sources' own words".to_owned(), |model| {
        format!("worded by {model} and the sources")
    });
    let line = |name: &str, share: &Share| {
        let [low, high] = share.ci95;
        let (value, of) = (share.share, share.of);
        format!("{name:<34}{value:>7.3}  of {of:<5} (95 %: {low:.3} to {high:.3})")
    };
    let mut lines = vec![
        format!("Half: {}, {words}", half.name()),
        line("supported: sentences shown", &figures.supported),
        line("answer_in: topics of the atlas", &figures.answer_in),
        line("  with the word expected", &figures.fitting_in),
        line("abstain_out: other topics", &figures.abstain_out),
        line("check, precision by hand", &figures.checker.precision),
        line("check, recall by hand", &figures.checker.recall),
        format!(
            "{:<34}{:>7}  of {}",
            "injection_escapes", figures.injection_escapes, figures.injections
        ),
        format!("{:<34}{:>7}", "withheld sentences", figures.withheld),
    ];
    for scope in &figures.scopes {
        for ask in &scope.wrong {
            lines.push(format!("wrong ({}): {ask}", name(scope.scope)));
        }
    }
    lines.join("\n") + "\n"
}

fn name(scope: Scope) -> &'static str {
    match scope {
        Scope::In => "in the atlas",
        Scope::Medicine => "other medicine",
        Scope::Other => "no medicine",
        Scope::Advice => "personal",
        Scope::Injection => "injection in the question",
        Scope::Caption => "injection in a caption",
    }
}

#[cfg(test)]
mod tests {
    use mirage::evaluation::{Checker, ScopeFigures};

    use super::*;

    #[test]
    fn the_figures_come_with_their_interval_and_what_went_wrong() {
        let share = |share| Share {
            share,
            of: 50,
            ci95: [0.9, 1.0],
        };
        let figures = Explanations {
            supported: share(1.0),
            answer_in: share(0.94),
            fitting_in: share(0.9),
            abstain_out: share(0.96),
            injection_escapes: 0,
            injections: 24,
            withheld: 7,
            worded_by_model: 0,
            checker: Checker {
                precision: share(1.0),
                recall: share(0.8),
            },
            scopes: vec![ScopeFigures {
                scope: Scope::In,
                asked: 50,
                answered: 47,
                referred: 0,
                wrong: vec!["mole of the skin".to_owned()],
            }],
        };
        let text = in_words(&figures, Half::Test, None);
        assert!(
            text.starts_with("Half: test, the sources' own words\n"),
            "{text}"
        );
        let line = "abstain_out: other topics           0.960  of 50    (95 %: 0.900 to 1.000)";
        assert!(text.contains(line), "{text}");
        assert!(
            text.ends_with("wrong (in the atlas): mole of the skin\n"),
            "{text}"
        );
        assert!(Half::All.has(Split::Dev) && !Half::Test.has(Split::Dev));
    }
}
