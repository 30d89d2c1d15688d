//! `mirage show`: one entry of the atlas whole, and its picture in a file.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use mirage::atlas::{Atlas, AtlasError, Entry, EntryId};
use mirage::config::Config;

use super::Exit;
use super::failure::Failure;
use super::output;
use super::text::{self, Paragraphs};
use crate::{describe, runtime};

/// Show one picture's words, structures and provenance, and write the picture to a file
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mirage show starter/shoulder-mri-coronal --out shoulder.jpg")]
pub(crate) struct Arguments {
    /// The picture's id, as `mirage find` prints it
    #[arg(value_name = "ID")]
    id: String,
    /// Write the picture (JPEG) to this file, which must not exist yet
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    let atlas = runtime::open_atlas(config).await?;
    let id = EntryId::from_stored(arguments.id.trim());
    let entry = atlas.entry(&id).await?.ok_or_else(|| {
        Failure::user(format!(
            "There is no picture {} in the atlas. `mirage find` prints the ids.",
            text::quote(id.as_str())
        ))
    })?;
    if let Some(path) = &arguments.out {
        write_picture(&atlas, &id, path).await?;
    }
    if arguments.json {
        output::print_json(&entry)?;
    } else {
        let text = in_words(&entry, arguments.out.as_deref(), text::columns());
        output::print(&text)?;
    }
    Ok(Exit::Done)
}

async fn write_picture(atlas: &Atlas, id: &EntryId, path: &Path) -> Result<(), Failure> {
    let pictures = atlas.pictures(std::slice::from_ref(id)).await?;
    let Some((_, picture)) = pictures.into_iter().next() else {
        // It went while this command ran.
        return Err(AtlasError::NoSuchEntry { id: id.to_string() }.into());
    };
    let opened = OpenOptions::new().write(true).create_new(true).open(path);
    let written = opened.and_then(|mut file| file.write_all(&picture));
    written.map_err(|error| {
        let name = path.display();
        Failure::user(match error.kind() {
            ErrorKind::AlreadyExists => {
                format!("The file {name} exists and stays as it is. Name another one.")
            }
            _ => format!("The picture could not be written to {name}: {error}."),
        })
    })
}

fn in_words(entry: &Entry, out: Option<&Path>, columns: usize) -> String {
    let (description, provenance) = (&entry.description, &entry.provenance);
    let mut text = Paragraphs::new(columns);
    text.line(&describe::heading(entry));
    if !description.caption.trim().is_empty() {
        text.line(&description.caption);
    }
    text.gap();
    text.labelled("Alt text    ", &entry.alt_text());
    if !description.labels.is_empty() {
        text.labelled("Labels      ", &description.labels.join(", "));
    }
    for located in &description.boxes {
        let [left, top, right, bottom] = located.corners;
        text.labelled(
            "Structure   ",
            &format!(
                "{}: from {left} % to {right} % across, from {top} % to {bottom} % down",
                located.label
            ),
        );
    }
    if let Some(group) = &description.group {
        text.labelled("Belongs to  ", group);
    }
    text.labelled("Source      ", describe::source(entry));
    if let Some(address) = &provenance.source_url {
        text.labelled("            ", address);
    }
    text.labelled("Licence     ", describe::licence(entry));
    if let Some(attribution) = &provenance.attribution {
        text.labelled("By          ", attribution);
    }
    text.labelled("Collection  ", &entry.collection);
    let size = format!("{} by {} pixels", entry.width, entry.height);
    text.labelled("Size        ", &size);
    text.labelled("Id          ", entry.id.as_str());
    if let Some(path) = out {
        text.labelled("Written to  ", &path.display().to_string());
    }
    text.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mirage::atlas::{Description, LabelledBox, Provenance};

    #[test]
    fn structures_are_told_with_their_places() {
        let entry = Entry {
            id: EntryId::new("mine", "a"),
            collection: "mine".to_owned(),
            description: Description {
                caption: "Axial cut.".to_owned(),
                boxes: vec![LabelledBox {
                    label: "thalamus".to_owned(),
                    corners: [40.0, 50.5, 60.0, 62.0],
                }],
                ..Description::default()
            },
            provenance: Provenance::default(),
            width: 4,
            height: 3,
        };
        let text = in_words(&entry, None, usize::MAX);
        assert!(
            text.contains("thalamus: from 40 % to 60 % across, from 50.5 % to 62 % down"),
            "{text}"
        );
        assert!(text.contains("Licence     unknown"), "{text}");
    }
}
