//! `mirage explain`: the explanations of `/explain`, for a shell and for programs. What is said, and
//! what is withheld, is decided by the library.

mod answer;

use std::path::PathBuf;

use clap::Args;
use mirage::atlas::{Atlas, EntryId};
use mirage::config::Config;
use mirage::explain::{self, Asked, Concept, Event, Kind, Level, PARTS, Style, Subject};
use mirage_models::language_model::LanguageModel;
use tokio::sync::mpsc;

use super::Exit;
use super::compare::files;
use super::failure::Failure;
use super::find;
use super::output;
use super::progress::Waiting;
use super::text;
use crate::{describe, explaining, runtime};

/// Events that wait until they are printed: an answer has far fewer.
const EVENTS: usize = 64;

/// Explain a topic or a picture, each sentence with its source
///
/// What no source of the atlas supports is withheld, and where the atlas has nothing, that is said.
/// A question about somebody's own case is answered with a referral.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mirage explain fourth ventricle\n  \
    mirage explain basal ganglia --level resident --style report --json\n  \
    mirage explain amygdala --question \"Is the amygdala in front of the hippocampus?\"\n  \
    mirage explain --image scan.png --why --zoom 5\n  \
    mirage explain --like starter/brain-t1-axial-p003 --outline outlined.jpg\n\n\
    Exit codes: 0 explained; 1 the atlas has nothing on it, or something is missing that you can \
    mend (standard error says what); 2 an argument or a setting can't be used; 3 anything else.")]
pub(crate) struct Arguments {
    /// What to explain, in words, at most 500 characters
    #[arg(
        required_unless_present_any = ["image", "like"],
        conflicts_with_all = ["image", "like"],
        value_name = "TOPIC"
    )]
    topic: Vec<String>,
    /// A picture to explain: JPEG, PNG, GIF, WebP, TIFF or DICOM. It is not kept
    #[arg(long, value_name = "FILE", conflicts_with = "like")]
    image: Option<PathBuf>,
    /// A picture of the atlas to explain, by its id
    #[arg(long, value_name = "ID")]
    like: Option<String>,
    /// What to answer of it: open, yes or no, or a choice of two
    #[arg(long, value_name = "TEXT")]
    question: Option<String>,
    /// For whom: lay, student or resident
    #[arg(long, default_value_t, value_parser = level)]
    level: Level,
    /// In which form: summary, report, differential or mnemonic
    #[arg(long, default_value_t, value_parser = style)]
    style: Style,
    /// Tell the concepts that the picture scores on, with their nearest entries
    #[arg(long)]
    why: bool,
    /// Search for a part of the picture by itself, 1 to 9 row by row, and tell what changes
    #[arg(long, value_name = "PART", value_parser = clap::value_parser!(u8).range(1..=PARTS as i64))]
    zoom: Option<u8>,
    /// Write the picture with its named structures outlined to this JPEG file, which must not exist
    /// yet
    #[arg(long, value_name = "FILE", requires = "like")]
    outline: Option<PathBuf>,
    /// Only the sources' own words, without a language model
    #[arg(long)]
    no_model: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn level(text: &str) -> Result<Level, String> {
    let known = Level::ALL.into_iter().find(|level| level.name() == text);
    known.ok_or_else(|| "there are lay, student and resident".to_owned())
}

fn style(text: &str) -> Result<Style, String> {
    let known = Style::ALL.into_iter().find(|style| style.name() == text);
    known.ok_or_else(|| "there are summary, report, differential and mnemonic".to_owned())
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    if let Some(file) = &arguments.outline {
        files::check_absent(file)?;
    }
    let (asked, first_frame_only) = asked(arguments).await?;
    asked.check()?;
    let atlas = open(config).await?;
    let model = if arguments.no_model {
        None
    } else {
        runtime::language_model(config)?
    };
    let model = model.map(|model| atlas.chat(model));
    let model = model.as_ref().map(|model| model as &dyn LanguageModel);
    let answer = explained(&atlas, model, &asked).await?;
    let concepts = concepts(&atlas, arguments, &asked).await?;
    let zoomed = match arguments.zoom {
        Some(part) => Some(zoomed(&atlas, &asked.subject, part).await?),
        None => None,
    };
    let outlined = match &arguments.outline {
        Some(file) => Some(outlined(&atlas, &asked, file).await?),
        None => None,
    };
    let mut remarks = Vec::new();
    remarks.extend(first_frame_only.then_some(describe::FIRST_FRAME));
    if matches!(asked.subject, Subject::Picture(_)) && answer.kind == Kind::Answered {
        remarks.push(explaining::ABOUT_NEAREST);
    }
    let printed = answer::Printed {
        answer: &answer,
        concepts: &concepts,
        zoomed: zoomed.as_ref(),
        outlines: outlined.as_deref(),
        remarks: &remarks,
    };
    if arguments.json {
        output::print_json(&printed)?;
    } else {
        output::print(&printed.in_words(text::columns()))?;
    }
    Ok(if answer.kind == Kind::Nothing {
        Exit::No
    } else {
        Exit::Done
    })
}

/// What is asked, and whether the picture's file holds more than was looked at.
async fn asked(arguments: &Arguments) -> Result<(Asked, bool), Failure> {
    let (subject, first_frame_only) = if let Some(file) = &arguments.image {
        let given = find::picture_in(file).await?;
        (Subject::Picture(given.pixels), given.is_first_of_many)
    } else if let Some(id) = &arguments.like {
        (Subject::Entry(EntryId::from_stored(id.trim())), false)
    } else {
        (Subject::Topic(arguments.topic.join(" ")), false)
    };
    let asked = Asked {
        subject,
        question: arguments.question.clone(),
        level: arguments.level,
        style: arguments.style,
        worded_anew: false,
    };
    Ok((asked, first_frame_only))
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

/// The answer; meanwhile what happens is told on standard error.
async fn explained(
    atlas: &Atlas,
    model: Option<&dyn LanguageModel>,
    asked: &Asked,
) -> Result<explain::Answer, Failure> {
    let progress = Waiting::new("Searching the atlas".to_owned());
    let (events, mut listener) = mpsc::channel(EVENTS);
    let telling = async {
        let mut sentences = 0_usize;
        while let Some(event) = listener.recv().await {
            match event {
                Event::Searched { sources } => {
                    let sources = text::count(sources as u64, "source", "sources");
                    progress.message(format!("Reading {sources}"));
                }
                Event::Sentence(_) => {
                    sentences += 1;
                    let sentences = text::count(sentences as u64, "sentence", "sentences");
                    progress.message(format!("{sentences} so far"));
                }
                Event::Personal(_) | Event::Withheld(_) => {}
            }
        }
    };
    let making = async {
        let answer = explain::explain(atlas, model, asked, &events).await;
        // The other side ends when nothing more can come.
        drop(events);
        answer
    };
    let (answer, ()) = tokio::join!(making, telling);
    Ok(answer?)
}

async fn concepts(
    atlas: &Atlas,
    arguments: &Arguments,
    asked: &Asked,
) -> Result<Vec<Concept>, Failure> {
    if !arguments.why {
        return Ok(Vec::new());
    }
    if matches!(asked.subject, Subject::Topic(_)) {
        return Err(Failure::argument(
            "--why tells what a picture scores on: give --image or --like.",
        ));
    }
    Ok(explain::why(atlas, &asked.subject).await?)
}

async fn zoomed(atlas: &Atlas, subject: &Subject, part: u8) -> Result<explain::Zoomed, Failure> {
    let picture = match subject {
        Subject::Picture(picture) => picture.clone(),
        Subject::Entry(id) => explain::picture_of(atlas, id).await?,
        Subject::Topic(_) => {
            return Err(Failure::argument(
                "--zoom looks at a part of a picture: give --image or --like.",
            ));
        }
    };
    Ok(explain::zoom(atlas, &picture, usize::from(part)).await?)
}

/// Writes the outlined picture, and gives what its numbers stand for.
async fn outlined(
    atlas: &Atlas,
    asked: &Asked,
    file: &std::path::Path,
) -> Result<Vec<explain::Outline>, Failure> {
    let Subject::Entry(id) = &asked.subject else {
        return Err(Failure::argument("--outline needs --like."));
    };
    let gone = || Failure::user(format!("The atlas has no picture {id}."));
    let entry = atlas.entry(id).await?.ok_or_else(gone)?;
    let pictures = atlas.pictures(std::slice::from_ref(id)).await?;
    let (_, jpeg) = pictures.into_iter().next().ok_or_else(gone)?;
    let topic = asked.question.clone().unwrap_or_default();
    let drawing = tokio::task::spawn_blocking(move || explain::outline(&entry, &jpeg, &topic));
    let drawn = drawing
        .await
        .map_err(|error| Failure::Unexpected(error.into()))??;
    files::write(file, &drawn.picture)?;
    Ok(drawn.outlines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_styles_are_told_by_name() {
        assert_eq!(level("lay"), Ok(Level::Lay));
        assert_eq!(style("differential"), Ok(Style::Differential));
        assert!(level("expert").is_err_and(|told| told.contains("resident")));
        assert!(style("poem").is_err_and(|told| told.contains("mnemonic")));
    }
}
