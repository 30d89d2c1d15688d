//! `mirage compare`: the comparisons of `/compare`, for a shell and for programs. What is compared
//! and how it is drawn is the library's.

mod answer;
pub(super) mod files;
mod over_time;

use std::path::PathBuf;

use clap::Args;
use mirage::atlas::{Atlas, EntryId};
use mirage::compare::{
    self, Arithmetic, CompareError, Comparison, Idea, Mode, Panel, SHOWN, Weights,
};
use mirage::config::Config;

use super::Exit;
use super::failure::Failure;
use super::output;
use super::text;
use crate::comparing::{self, Asked, Given, Options};
use crate::runtime;

/// Compare two ideas or pictures side by side, and write the panel to a file
///
/// Give --a and --b; or --query with --add or --subtract; or --mode with --a or --like; or --before
/// and --after, which are laid over each other.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  mirage compare --a \"chest X-ray, pneumonia\" --b \"chest X-ray, \
    clear lungs\" --out panel.png\n  \
    mirage compare --query \"chest X-ray\" --add pacemaker --subtract \"no foreign bodies\" --json\n  \
    mirage compare --mode normal --like starter/chest-radiograph-pa --out panel.png\n  \
    mirage compare --before 2024.png --after 2025.png --out difference.png\n\n\
    Exit codes: 0 compared; 1 nothing to compare, or something is missing that you can mend \
    (standard error says what); 2 an argument or a setting can't be used; 3 anything else."
)]
pub(crate) struct Arguments {
    /// The first idea, in words
    #[arg(long, value_name = "TEXT")]
    a: Option<String>,
    /// A picture in place of --a
    #[arg(long, value_name = "FILE")]
    a_image: Option<PathBuf>,
    /// A picture of the atlas in place of --a, by its id
    #[arg(long, value_name = "ID")]
    like: Option<String>,
    /// The second idea, in words
    #[arg(long, value_name = "TEXT")]
    b: Option<String>,
    /// A picture in place of --b
    #[arg(long, value_name = "FILE")]
    b_image: Option<PathBuf>,
    /// A query to add to or to subtract from
    #[arg(long, value_name = "TEXT")]
    query: Option<String>,
    /// A picture in place of --query
    #[arg(long, value_name = "FILE")]
    query_image: Option<PathBuf>,
    /// What to add to the query
    #[arg(long, value_name = "TEXT")]
    add: Option<String>,
    /// What to subtract from the query
    #[arg(long, value_name = "TEXT")]
    subtract: Option<String>,
    /// How much to add, 0 to 4 (default 2)
    #[arg(long, value_name = "NUMBER")]
    weight_add: Option<f32>,
    /// How much to subtract, 0 to 4 (default 0.25)
    #[arg(long, value_name = "NUMBER")]
    weight_subtract: Option<f32>,
    /// What to look for beside --a or --like: same, different or normal
    #[arg(long, value_name = "MODE", value_parser = mode)]
    mode: Option<Mode>,
    /// The earlier of two pictures of the same region
    #[arg(long, value_name = "FILE")]
    before: Option<PathBuf>,
    /// The later one
    #[arg(long, value_name = "FILE")]
    after: Option<PathBuf>,
    /// Which page of both sides to show, from 1
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    page: u16,
    /// Write the panel to this file, which must not exist yet: PNG, or JPEG if it ends with .jpg.
    /// With --before and --after, three files whose names begin like this one's
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn mode(text: &str) -> Result<Mode, String> {
    let known = Mode::ALL.into_iter().find(|mode| mode.name() == text);
    known.ok_or_else(|| "there are same, different and normal".to_owned())
}

impl Arguments {
    fn asked(&self) -> Result<Asked<PathBuf>, Failure> {
        let options = Options {
            a: self.a.clone(),
            a_image: self.a_image.clone(),
            like: self
                .like
                .as_deref()
                .map(|id| EntryId::from_stored(id.trim())),
            b: self.b.clone(),
            b_image: self.b_image.clone(),
            query: self.query.clone(),
            query_image: self.query_image.clone(),
            add: self.add.clone(),
            subtract: self.subtract.clone(),
            weight_add: self.weight_add,
            weight_subtract: self.weight_subtract,
            mode: self.mode,
            before: self.before.clone(),
            after: self.after.clone(),
        };
        let name = |option: &str| format!("--{}", option.replace('_', "-"));
        options.asked(name).map_err(Failure::argument)
    }
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    let asked = arguments.asked()?;
    if let Some(out) = &arguments.out {
        files::check_absent(out)?;
    }
    let mut told = Vec::new();
    let asked = match asked {
        Asked::OverTime { before, after } => {
            let out = arguments.out.as_deref();
            return over_time::run([&before, &after], out, arguments.json, config).await;
        }
        Asked::Ideas(a, b) => Ready::Ideas(
            idea(a, "A", &mut told).await?,
            idea(b, "B", &mut told).await?,
        ),
        Asked::Mode(mode, a) => Ready::Mode(mode, idea(a, "A", &mut told).await?),
        Asked::Sum {
            query,
            add,
            subtract,
            weights: [weight_add, weight_subtract],
        } => Ready::Sum(Arithmetic {
            weights: Weights::new(weight_add, weight_subtract)?,
            query: idea(query, "the query", &mut told).await?,
            add,
            subtract,
        }),
    };
    let atlas = open(config).await?;
    let comparison = asked.compare(&atlas).await?;
    let from = (usize::from(arguments.page) - 1) * SHOWN;
    let shown = compare::show(&atlas, (&comparison.a, from), (&comparison.b, from)).await?;
    let mut remarks = comparing::remarks(&comparison, &shown);
    remarks.append(&mut told);
    let (a, b) = (&comparison.a.subject, &comparison.b.subject);
    if let Some(out) = &arguments.out {
        let columns = shown.columns(comparing::titles(a, b, text::clean));
        let is_jpeg = files::is_jpeg(out);
        let drawn = files::blocking(move || {
            let panel = Panel::draw(&columns)?;
            if is_jpeg { panel.jpeg() } else { panel.png() }
        });
        files::write(out, &drawn.await?)?;
    }
    let difference = compare::difference(&atlas, &comparison.a, &comparison.b).await?;
    let (told, out) = ((&shown, &difference), arguments.out.as_deref());
    let answer = answer::Answer::new(&comparison, told, remarks, out);
    if arguments.json {
        output::print_json(&answer)?;
    } else {
        output::print(&answer.in_words(text::columns()))?;
    }
    Ok(Exit::Done)
}

/// What is compared, read and checked before weights and atlas are looked at.
enum Ready {
    Ideas(Idea, Idea),
    Mode(Mode, Idea),
    Sum(Arithmetic),
}

impl Ready {
    async fn compare(self, atlas: &Atlas) -> Result<Comparison, CompareError> {
        match self {
            Self::Ideas(a, b) => compare::ideas(atlas, a, b).await,
            Self::Mode(mode, a) => compare::by_mode(atlas, a, mode).await,
            Self::Sum(asked) => compare::arithmetic(atlas, asked).await,
        }
    }
}

/// What was given, with its picture read.
async fn idea(given: Given<PathBuf>, what: &str, told: &mut Vec<String>) -> Result<Idea, Failure> {
    match given {
        Given::Words(words) => Ok(Idea::Words(words)),
        Given::Entry(id) => Ok(Idea::Entry(id)),
        Given::Picture(file) => {
            let picture = files::picture(&file).await?;
            if picture.is_first_of_many {
                told.push(comparing::first_frame(what));
            }
            Ok(Idea::Picture(picture.pixels))
        }
    }
}

/// The configured atlas, if there is something in it.
async fn open(config: &Config) -> Result<Atlas, Failure> {
    let atlas = runtime::open_atlas(config).await?;
    if atlas.catalogue().await?.is_empty() {
        return Err(Failure::user(
            "The atlas is empty. Fill it with `mirage atlas starter`.",
        ));
    }
    Ok(atlas)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_tells_the_weights_that_are_taken() {
        let help = Arguments::augment_args(clap::Command::new("compare"))
            .render_long_help()
            .to_string();
        for weight in [Weights::BEST.add(), Weights::BEST.subtract()] {
            assert!(
                help.contains(&format!("0 to 4 (default {weight})")),
                "{help}"
            );
        }
    }

    #[test]
    fn modes_are_typed_by_their_names() {
        for known in Mode::ALL {
            assert_eq!(mode(known.name()), Ok(known));
        }
        assert!(mode("best").is_err());
    }
}
