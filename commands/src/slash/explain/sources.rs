//! A source of an explanation by itself: its picture with caption, source, licence and alt text, and
//! the same with its structures outlined.

use mirage::atlas::Entry;
use mirage::explain::{self, ExplainError, Outlined};
use mirage::store::ExplanationId;
use poise::serenity_prelude as serenity;
use serenity::{CreateActionRow, CreateAttachment, CreateButton, CreateEmbed, CreateEmbedFooter};

use super::page::{ALT, FOOTER};
use crate::describe;
use crate::slash::custom_id::CustomId;
use crate::slash::errors::CommandError;
use crate::slash::results::{Page, escape, link, truncate};

/// Lengths that stay below Discord's limits together.
const TITLE: usize = 200;
const CAPTION: usize = 2_000;
const LEGEND: usize = 1_500;
const FIELD: usize = 500;
/// Room for what escaping adds to an alt text.
const ALT_FIELD: usize = 1_000;
const FILE: &str = "mirage-source.jpg";
const OUTLINED: &str = "mirage-outlined.jpg";

/// The message of a source, with the stored picture.
pub(super) fn page(
    id: &ExplanationId,
    (number, entry): (usize, &Entry),
    jpeg: Vec<u8>,
    topic: &str,
) -> Page {
    let alt = describe::without_turns(&entry.alt_text());
    let caption = escape(&describe::caption(entry));
    let embed = embed(number, entry, FILE)
        .description(truncate(&caption, CAPTION))
        .field("Alt text", truncate(&escape(&alt), ALT_FIELD), false);
    let outline = (!explain::structures(entry, topic).is_empty()).then(|| {
        let id = CustomId::Outline {
            explanation: id.clone(),
            number,
        };
        CreateButton::new(id.to_string())
            .label("Outline")
            .style(serenity::ButtonStyle::Secondary)
    });
    let picture = CreateAttachment::bytes(jpeg, FILE).description(truncate(&alt, ALT));
    one_picture(embed, picture, outline.into_iter().chain(opened(entry)))
}

/// The message of a source with its structures outlined.
pub(super) fn outlined_page(number: usize, entry: &Entry, drawn: Outlined) -> Page {
    let legend = truncate(&escape(&drawn.legend()), LEGEND);
    let embed = embed(number, entry, OUTLINED).description(format!(
        "What the numbers stand for, with their places in percent of width and height:\n{legend}"
    ));
    let alt = describe::without_turns(&drawn.alt(entry));
    let picture = CreateAttachment::bytes(drawn.picture, OUTLINED).description(truncate(&alt, ALT));
    one_picture(embed, picture, opened(entry).into_iter())
}

/// Draws the outlines on a thread that may block.
pub(super) async fn outlined(
    entry: Entry,
    jpeg: Vec<u8>,
    topic: String,
) -> Result<Outlined, CommandError> {
    let drawing = tokio::task::spawn_blocking(move || explain::outline(&entry, &jpeg, &topic));
    let drawn: Result<Outlined, ExplainError> = drawing
        .await
        .map_err(|error| CommandError::Unexpected(error.into()))?;
    Ok(drawn?)
}

fn embed(number: usize, entry: &Entry, file: &str) -> CreateEmbed {
    let heading = format!("[{number}] {}", escape(&describe::heading(entry)));
    let field = |text: &str| truncate(&escape(text), FIELD);
    CreateEmbed::new()
        .title(truncate(&heading, TITLE))
        .image(format!("attachment://{file}"))
        .field("Source", field(describe::source(entry)), true)
        .field("Licence", field(describe::licence(entry)), true)
        .footer(CreateEmbedFooter::new(FOOTER))
}

fn opened(entry: &Entry) -> Option<CreateButton> {
    link(entry).map(|url| CreateButton::new_link(url).label("Open source"))
}

fn one_picture(
    embed: CreateEmbed,
    picture: CreateAttachment,
    buttons: impl Iterator<Item = CreateButton>,
) -> Page {
    let buttons: Vec<CreateButton> = buttons.collect();
    let row = (!buttons.is_empty()).then_some(CreateActionRow::Buttons(buttons));
    Page {
        content: String::new(),
        embeds: vec![embed],
        rows: row.into_iter().collect(),
        pictures: vec![picture],
    }
}

#[cfg(test)]
mod tests {
    use mirage::atlas::{Description, EntryId, LabelledBox, Provenance};

    use super::*;

    fn entry(text: &str) -> Entry {
        Entry {
            id: EntryId::new("t", "a"),
            collection: "t".to_owned(),
            description: Description {
                caption: text.to_owned(),
                alt: Some(text.to_owned()),
                modality: text.to_owned(),
                boxes: vec![LabelledBox {
                    label: text.to_owned(),
                    corners: [10.0, 10.0, 50.0, 50.0],
                }],
                ..Description::default()
            },
            provenance: Provenance {
                licence: text.to_owned(),
                source: text.to_owned(),
                source_url: Some("https://example.org/a".to_owned()),
                attribution: None,
            },
            width: 1,
            height: 1,
        }
    }

    fn id() -> ExplanationId {
        ExplanationId::parse("0123456789abcdef").expect("16 characters")
    }

    /// All that is written in the only embed.
    fn length(page: &Page) -> usize {
        let embed = serde_json::to_value(&page.embeds[0]).expect("plain data");
        let units = |value: &serde_json::Value| value.as_str().unwrap_or("").encode_utf16().count();
        let fields = embed["fields"].as_array().into_iter().flatten();
        let fields = fields.map(|field| units(&field["name"]) + units(&field["value"]));
        assert!(units(&embed["title"]) <= 256 && units(&embed["description"]) <= 4_096);
        fields.sum::<usize>()
            + units(&embed["title"])
            + units(&embed["description"])
            + units(&embed["footer"]["text"])
    }

    #[test]
    fn the_longest_source_keeps_discords_limits() {
        for text in [
            "word ".repeat(2_000),
            "👩‍⚕️".repeat(2_000),
            "*_`|".repeat(2_000),
        ] {
            let entry = entry(&text);
            let opened = page(&id(), (6, &entry), vec![0], "");
            assert!(length(&opened) <= 6_000, "{}", length(&opened));
            let drawn = Outlined {
                picture: vec![0],
                outlines: explain::structures(&entry, ""),
            };
            let outlined = outlined_page(6, &entry, drawn);
            assert!(length(&outlined) <= 6_000, "{}", length(&outlined));
            for page in [opened, outlined] {
                let alt = page.pictures[0].description.as_deref().expect("alt text");
                assert!(alt.encode_utf16().count() <= ALT);
            }
        }
    }

    #[test]
    fn a_source_is_told_whole_and_its_markup_has_no_effect() {
        let page = page(&id(), (2, &entry("**x** @everyone")), vec![0], "");
        let embeds = serde_json::to_string(&page.embeds).expect("plain data");
        for part in ["[2] ", "Source", "Licence", "Alt text", FOOTER] {
            assert!(embeds.contains(part), "{part} in {embeds}");
        }
        assert!(!embeds.contains("**x**") && !embeds.contains("@everyone"));
        let rows = serde_json::to_string(&page.rows).expect("plain data");
        assert!(rows.contains("\"Outline\"") && rows.contains("https://example.org/a"));
    }
}
