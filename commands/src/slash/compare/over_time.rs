//! Two pictures of one patient over time as a Discord message: overlay, difference and blink, each
//! with its alt text. It says where pixels differ and never what that means. Nothing is stored.

use mirage::compare::{self, CompareError, Laid, Picture};
use poise::serenity_prelude as serenity;
use serenity::{CreateAttachment, CreateEmbed, CreateEmbedFooter};

use super::picture;
use crate::comparing;
use crate::slash::attachments::Attached;
use crate::slash::data::Data;
use crate::slash::errors::CommandError;
use crate::slash::results::{Page, escape};

/// What follows each description of a picture.
const REMINDER: &str = "Pixel difference, not a finding.";

/// The message for two attachments.
pub(super) async fn answer(
    data: &Data,
    [before, after]: [&Attached; 2],
) -> Result<Page, CommandError> {
    let before = picture(data, before).await?;
    let after = picture(data, after).await?;
    if before.pixels == after.pixels {
        let sentence = "Both pictures are the same, so there is no difference to show.";
        return Err(CommandError::Shown(sentence.to_owned()));
    }
    let (first, second) = tokio::join!(likely(data, &before), likely(data, &after));
    let modalities = [first.as_deref(), second.as_deref()];
    let laid =
        laid(&before, &after).await?.map_err(|error| {
            match comparing::different_techniques(modalities) {
                Some(warning) => CommandError::Shown(format!("{error} {}", escape(&warning))),
                None => error.into(),
            }
        })?;
    let sizes = [&before, &after].map(|picture| (picture.width, picture.height));
    let mut told = comparing::over_time(sizes, &laid.fit, modalities);
    for (picture, name) in [(&before, "the first"), (&after, "the second")] {
        if picture.is_first_of_many {
            told.push(comparing::first_frame(name));
        }
    }
    told.push(comparing::NOTICE.to_owned());
    Ok(message(laid, &told))
}

/// The modality that a picture looks like. It is a hint: without it the pictures are laid over each
/// other all the same.
async fn likely(data: &Data, picture: &Picture) -> Option<String> {
    let likely = compare::likely_modality(&data.atlas, picture.pixels.clone()).await;
    likely.unwrap_or_else(|error| {
        tracing::warn!(%error, "a modality could not be told");
        None
    })
}

/// Lays one on the other, on a thread that may block.
async fn laid(
    before: &Picture,
    after: &Picture,
) -> Result<Result<Laid, CompareError>, CommandError> {
    let (before, after) = (before.pixels.clone(), after.pixels.clone());
    let laying = tokio::task::spawn_blocking(move || compare::lay_over(&before, &after));
    laying
        .await
        .map_err(|error| CommandError::Unexpected(error.into()))
}

fn message(laid: Laid, told: &[String]) -> Page {
    let parts = [
        (
            "Overlay",
            "Both pictures on each other: the first in red, the second in cyan, gray where they \
             agree.",
            laid.overlay,
            "mirage-overlay.png",
        ),
        (
            "Difference",
            "Bright where the pixels of the two differ, black where they agree and where the \
             second doesn't reach.",
            laid.difference,
            "mirage-difference.png",
        ),
        (
            "Blink",
            "The first and the second picture in turn, a second each.",
            laid.blink,
            "mirage-blink.gif",
        ),
    ];
    let mut page = Page {
        content: escape(&told.join("\n")),
        embeds: Vec::new(),
        rows: Vec::new(),
        pictures: Vec::new(),
    };
    for (title, description, file, name) in parts {
        let description = format!("{description} {REMINDER}");
        let embed = CreateEmbed::new()
            .title(title)
            .description(&description)
            .image(format!("attachment://{name}"))
            .footer(CreateEmbedFooter::new("For study, not for diagnosis"));
        page.embeds.push(embed);
        let picture = CreateAttachment::bytes(file, name).description(description);
        page.pictures.push(picture);
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_picture_says_that_it_is_no_finding() {
        let pixels = |shift: usize| {
            let pixels: Vec<u8> = (0..96 * 96_usize)
                .flat_map(|place| {
                    let (x, y) = (place % 96 + shift, place / 96);
                    [((x * x + 3 * y * y) / 40 % 256) as u8; 3]
                })
                .collect();
            mirage_models::image_encoder::Rgb::new(96, 96, pixels).expect("pixels")
        };
        let laid = compare::lay_over(&pixels(0), &pixels(1)).expect("nearly the same");
        let page = message(laid, &["First.".to_owned(), "Second.".to_owned()]);
        assert_eq!(page.content, "First.\nSecond.");
        assert_eq!((page.embeds.len(), page.pictures.len()), (3, 3));
        for picture in &page.pictures {
            let alt = picture.description.as_deref().expect("alt text");
            assert!(alt.ends_with(REMINDER), "{alt}");
            assert!(picture.data.len() < 2_000_000, "{}", picture.data.len());
        }
    }
}
