//! `mirage find`: the search of `/find`, for a shell and for programs. Ranking is the library's.

use std::path::{Path, PathBuf};

use clap::Args;
use mirage::atlas::{AtlasError, Field, Filter, FittingWord, Hit, NoMatch, Outcome, PartMatches};
use mirage::atlas::{PictureShare, Query, Request};
use mirage::config::Config;
use mirage::media::{self, Given, MediaError};
use serde::Serialize;

use super::Exit;
use super::failure::Failure;
use super::output;
use super::text::{self, Paragraphs, count, quote};
use crate::{describe, runtime};

/// Most results a page.
const LARGEST_PAGE: i64 = 25;

/// Find pictures by words, by a picture, or by both
///
/// Words are looked for by their meaning and as they are written. Each picture comes with its
/// caption, source and licence, and with the reason why it was found. For a picture the words that
/// fit it best are told too, with the results that say them of theirs.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mirage find \"axial brain MRI\" --k 3\n  \
    mirage find shoulder --modality MRI --json\n  \
    mirage find --image scan.png\n  \
    mirage find \"T2-weighted\" --image scan.png --picture-share 0.7\n\n\
    Exit codes: 0 found; 1 nothing found, or something is missing that you can mend (standard \
    error says what); 2 an argument or a setting can't be used; 3 anything else.")]
pub(crate) struct Arguments {
    /// Words to look for, in any form, at most 2,000 characters
    #[arg(required_unless_present = "image", value_name = "QUERY")]
    query: Vec<String>,
    /// A picture to find others like: JPEG, PNG, GIF, WebP, TIFF or DICOM. It is not kept
    #[arg(long, value_name = "FILE")]
    image: Option<PathBuf>,
    /// Share of the picture where words come with it, 0 to 1 (default: MIRAGE_PICTURE_SHARE, else
    /// 0.5)
    #[arg(long, value_name = "SHARE", requires = "image")]
    picture_share: Option<PictureShare>,
    /// How many pictures to show, 1 to 25
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=LARGEST_PAGE))]
    k: u8,
    /// Which page of the ranking to show, from 1
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    page: u16,
    /// Only this modality, for instance MRI
    #[arg(long)]
    modality: Option<String>,
    /// Only this part of the body, for instance shoulder
    #[arg(long)]
    body_part: Option<String>,
    /// Only this licence, for instance CC-BY-4.0
    #[arg(long, alias = "license")]
    licence: Option<String>,
    /// Only this source (a part of its name will do) or this collection
    #[arg(long)]
    source: Option<String>,
    /// Print JSON, with the parts of each score
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    let words = arguments.query.join(" ");
    if words.trim().is_empty() && (arguments.image.is_none() || !arguments.query.is_empty()) {
        // The library says the same, but only once weights and atlas are there.
        return Err(AtlasError::EmptyQuery.into());
    }
    let (query, first_frame_only) = query(arguments, &words).await?;
    let filter = Filter {
        modality: arguments.modality.clone(),
        body_part: arguments.body_part.clone(),
        licence: arguments.licence.clone(),
        source: arguments.source.clone(),
    };
    let limit = usize::from(arguments.k);
    let request = Request {
        query,
        filter: filter.clone(),
        offset: (usize::from(arguments.page) - 1) * limit,
        limit,
    };
    let share = arguments.picture_share.unwrap_or(config.picture_share);
    let atlas = runtime::open_atlas(config).await?;
    let atlas = atlas.with_picture_share(share);
    if atlas.catalogue().await?.is_empty() {
        return Err(Failure::user(
            "The atlas is empty. Fill it with `mirage atlas starter`.",
        ));
    }
    let outcome = atlas.search(&request).await?;
    let parts = match &outcome.no_match {
        Some(_) => atlas.matches_by_part(&request).await?,
        None => Vec::new(),
    };
    let mut answer = Answer::new(&words, &filter, arguments, &outcome, &parts);
    answer.first_frame_only = first_frame_only;
    if arguments.json {
        output::print_json(&answer)?;
    } else {
        output::print(&answer.in_words(&outcome))?;
    }
    Ok(if outcome.hits.is_empty() {
        Exit::No
    } else {
        Exit::Done
    })
}

/// What is searched for, and whether the picture's file holds more than was looked at.
async fn query(arguments: &Arguments, words: &str) -> Result<(Query, bool), Failure> {
    let Some(file) = &arguments.image else {
        return Ok((Query::Text(words.to_owned()), false));
    };
    let Given {
        pixels: picture,
        is_first_of_many,
    } = picture_in(file).await?;
    let query = if words.is_empty() {
        Query::Picture(picture)
    } else {
        let text = words.to_owned();
        Query::PictureAndText { picture, text }
    };
    Ok((query, is_first_of_many))
}

/// A picture on this machine.
pub(super) async fn picture_in(file: &Path) -> Result<Given, Failure> {
    let path = file.to_owned();
    let read = tokio::task::spawn_blocking(move || {
        let size = std::fs::metadata(&path)?.len();
        if size > media::MAXIMUM_BYTES as u64 {
            return Err(MediaError::TooLarge(format!("{} MiB", size >> 20)));
        }
        Given::decoded(&std::fs::read(&path)?)
    });
    let read = read
        .await
        .map_err(|error| Failure::Unexpected(error.into()))?;
    read.map_err(|error| {
        let name = quote(&file.to_string_lossy());
        Failure::argument(format!(
            "The picture {name} can't be searched by: {error}. Name another file."
        ))
    })
}

/// What is printed, for people and for programs.
#[derive(Serialize)]
struct Answer<'a> {
    query: &'a str,
    /// The file of a search by picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    filter: &'a Filter,
    /// From 1.
    page: u16,
    page_size: u8,
    /// Hits of the whole ranking.
    total: usize,
    hits: &'a [Hit],
    /// Whether the best match is no better than chance.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    nothing_close: bool,
    /// The words that fit the picture best, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<&'a [FittingWord]>,
    /// Whether the file holds more than was looked at.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    first_frame_only: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    no_match: Option<Explanation<'a>>,
}

/// Why the filter lets nothing pass, and what would have been found without it.
#[derive(Serialize)]
struct Explanation<'a> {
    unknown: Vec<UnknownValue<'a>>,
    /// What each value of several would leave by itself.
    by_part: &'a [PartMatches],
    without_filter: &'a [Hit],
}

/// A value that no entry has.
#[derive(Serialize)]
struct UnknownValue<'a> {
    field: Field,
    value: &'a str,
    nearest: &'a [String],
}

impl<'a> Answer<'a> {
    fn new(
        query: &'a str,
        filter: &'a Filter,
        arguments: &Arguments,
        outcome: &'a Outcome,
        by_part: &'a [PartMatches],
    ) -> Self {
        let explain = |no_match: &'a NoMatch| Explanation {
            unknown: no_match
                .unknown
                .iter()
                .map(|(field, value, nearest)| UnknownValue {
                    field: *field,
                    value,
                    nearest,
                })
                .collect(),
            by_part,
            without_filter: &no_match.without_filter,
        };
        Self {
            query,
            image: arguments
                .image
                .as_ref()
                .map(|file| file.to_string_lossy().into_owned()),
            filter,
            page: arguments.page,
            page_size: arguments.k,
            total: outcome.total,
            hits: &outcome.hits,
            nothing_close: outcome.nothing_close,
            words: arguments.image.as_ref().map(|_| outcome.words.as_slice()),
            first_frame_only: false,
            no_match: outcome.no_match.as_ref().map(explain),
        }
    }

    /// What was searched for, as it is named in a sentence.
    fn subject(&self) -> String {
        let picture = self.image.as_deref().map(quote);
        match (picture, self.query) {
            (None, query) => quote(query),
            (Some(picture), "") => format!("the picture {picture}"),
            (Some(picture), query) => format!("the picture {picture} and {}", quote(query)),
        }
    }

    fn in_words(&self, outcome: &Outcome) -> String {
        let mut text = Paragraphs::new(text::columns());
        let query = self.subject();
        match (&outcome.no_match, outcome.hits.as_slice()) {
            (Some(no_match), _) => {
                let parts = self.no_match.as_ref().map_or(&[][..], |told| told.by_part);
                explain(&mut text, self.filter, &query, no_match, parts);
            }
            (None, []) if self.total == 0 => {
                text.line(&format!("Nothing was found for {query}."));
            }
            (None, []) => {
                let pages = self.total.div_ceil(usize::from(self.page_size)) as u64;
                text.line(&format!(
                    "There is no page {} for {query}: there are {} on {}.",
                    self.page,
                    count(self.total as u64, "picture", "pictures"),
                    count(pages, "page", "pages"),
                ));
            }
            (None, [first, ..]) => {
                text.line(&format!(
                    "{} found for {query}, shown from number {}.",
                    count(self.total as u64, "picture", "pictures"),
                    first.rank
                ));
                if self.nothing_close {
                    text.line(describe::NOTHING_CLOSE);
                }
                let words = self.words.unwrap_or_default();
                if let Some(line) = describe::fitting_words(words, text::clean) {
                    text.line(&line);
                }
                if self.first_frame_only {
                    text.line(describe::FIRST_FRAME);
                }
                self.hits.iter().for_each(|hit| add_hit(&mut text, hit));
            }
        }
        text.finish()
    }
}

/// Says which values nobody has, what is near, and what there is without the filter.
fn explain(
    text: &mut Paragraphs,
    filter: &Filter,
    query: &str,
    no_match: &NoMatch,
    parts: &[PartMatches],
) {
    text.line(&format!(
        "Nothing was found for {query}: no picture passes the filter ({filter})."
    ));
    for sentence in describe::no_match(filter, no_match, parts, quote, text::clean) {
        text.line(&sentence);
    }
    if !no_match.without_filter.is_empty() {
        text.line(describe::WITHOUT_FILTER);
        for hit in &no_match.without_filter {
            add_hit(text, hit);
        }
    }
}

fn add_hit(text: &mut Paragraphs, hit: &Hit) {
    let entry = &hit.entry;
    text.gap();
    text.labelled(&format!("{:>3}. ", hit.rank), &describe::heading(entry));
    text.labelled("     ", &describe::caption(entry));
    text.labelled("     Why      ", &describe::reason(hit));
    text.labelled("     Source   ", describe::source(entry));
    if let Some(address) = &entry.provenance.source_url {
        text.labelled("              ", address);
    }
    text.labelled("     Licence  ", describe::licence(entry));
    text.labelled("     Id       ", entry.id.as_str());
}

#[cfg(test)]
mod tests {
    use super::*;
    use mirage::atlas::{Description, Entry, EntryId, MatchedBy, Provenance, ScoreParts};

    fn hit(matched_by: MatchedBy, shared_words: &[&str]) -> Hit {
        Hit {
            rank: 1,
            entry: Entry {
                id: EntryId::new("mine", "a"),
                collection: "mine".to_owned(),
                description: Description {
                    caption: "Axial MRI of the shoulder.".to_owned(),
                    modality: "MRI".to_owned(),
                    body_part: Some("shoulder".to_owned()),
                    ..Description::default()
                },
                provenance: Provenance {
                    licence: "CC0-1.0".to_owned(),
                    ..Provenance::default()
                },
                width: 4,
                height: 3,
            },
            matched_by,
            shared_words: shared_words.iter().map(|word| (*word).to_owned()).collect(),
            score: ScoreParts::default(),
        }
    }

    #[test]
    fn a_hit_names_source_and_licence_even_where_they_are_unknown() {
        let mut text = Paragraphs::new(usize::MAX);
        add_hit(&mut text, &hit(MatchedBy::WORDS, &["shoulder"]));
        assert_eq!(
            text.finish(),
            "\n  1. MRI, shoulder\n     Axial MRI of the shoulder.\n     Why      words: shoulder\n\
             \x20    Source   unknown\n     Licence  CC0-1.0\n     Id       mine/a\n"
        );
    }

    #[test]
    fn a_filter_that_matches_nothing_is_explained() {
        let no_match = NoMatch {
            unknown: vec![(Field::Modality, "Xray".to_owned(), vec!["X-ray".to_owned()])],
            without_filter: vec![hit(MatchedBy::MEANING, &[])],
        };
        let filter = Filter {
            modality: Some("Xray".to_owned()),
            ..Filter::default()
        };
        let mut text = Paragraphs::new(usize::MAX);
        explain(&mut text, &filter, "\"bones\"", &no_match, &[]);
        let text = text.finish();
        assert!(
            text.contains("No picture has the modality \"Xray\"; the nearest: X-ray."),
            "{text}"
        );
        assert!(text.contains("Without the filter there is:"), "{text}");
        assert!(text.contains("mine/a"), "{text}");
    }
}
