//! Synthetic pictures as a Discord message: each marked file with what it was made from, the nearest
//! real pictures beside it with their sources, and buttons. All of Discord's limits are kept here;
//! nothing is sent.

use mirage::compare::BesideReal;
use mirage::generate;
use mirage::store::{Made, PictureId, Recipe, Start, StoredPicture};
use poise::serenity_prelude as serenity;
use serenity::{CreateActionRow, CreateAttachment, CreateButton, CreateEmbed, CreateEmbedFooter};

use super::acts::Act;
use crate::describe;
use crate::generating;
use crate::slash::compare::page::told;
use crate::slash::custom_id::CustomId;
use crate::slash::results::{Page, escape, truncate};

/// Discord counts at most 6,000 characters over all embeds of a message, and one may hold two
/// pictures; a value of each of these lengths twice stays below it.
const VALUE: usize = 120;
const PROMPT: usize = 400;
const CAPTIONS: usize = 1_500;
/// Longest alt text, in UTF-16 units.
const ALT: usize = 1_024;
/// Longest content that leaves Discord some room.
const CONTENT: usize = 1_900;

/// A synthetic picture and what is shown of it.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) id: PictureId,
    pub(super) recipe: Recipe,
    pub(super) made: Made,
    /// The marked file, a PNG.
    file: Vec<u8>,
    /// The nearest real pictures; `None` where the atlas could not be read.
    pub(super) beside: Option<BesideReal>,
}

impl Shown {
    /// A stored picture that was made and not posted yet.
    pub(super) fn of(id: PictureId, stored: StoredPicture) -> Option<Self> {
        let mut made = stored.made?;
        let file = made.file.take()?;
        Some(Self {
            id,
            recipe: stored.recipe,
            made,
            file,
            beside: None,
        })
    }
}

/// The message of a job whose pictures were made, below what is said of the job.
pub(super) fn page(text: &str, shown: Vec<Shown>) -> Page {
    let several = shown.len() > 1;
    let mut page = Page {
        content: content(text, &shown),
        embeds: Vec::new(),
        rows: Vec::new(),
        pictures: Vec::new(),
    };
    for (number, mut shown) in shown.into_iter().enumerate() {
        let letter = several.then_some(if number == 0 { 'A' } else { 'B' });
        let facts = generate::facts_of(&shown.recipe, &shown.made.model);
        let name = lettered(&facts.file_name(), letter);
        let alt = describe::without_turns(&facts.alt_text());
        page.embeds.push(details(&shown, &name, letter));
        page.rows.push(buttons(&shown, letter));
        let file = std::mem::take(&mut shown.file);
        let picture = CreateAttachment::bytes(file, name);
        page.pictures.push(picture.description(truncate(&alt, ALT)));
        if let Some((embed, sheet)) = beside(&mut shown, &alt, letter) {
            page.embeds.push(embed);
            page.pictures.push(sheet);
        }
    }
    page
}

/// The name of a file with the letter of one of two pictures: their names must differ.
fn lettered(name: &str, letter: Option<char>) -> String {
    match letter {
        Some(letter) => {
            let letter = letter.to_ascii_lowercase();
            name.replacen("synthetic-", &format!("synthetic-{letter}-"), 1)
        }
        None => name.to_owned(),
    }
}

fn content(text: &str, shown: &[Shown]) -> String {
    let mut lines = vec![text.to_owned(), generating::HONEST.to_owned()];
    // What holds for both of two pictures is said once.
    let mut say = |line: String| {
        if !lines.contains(&line) {
            lines.push(line);
        }
    };
    for shown in shown {
        let told = &shown.made.told;
        told.remarks.iter().for_each(|remark| say(escape(remark)));
        let has_real = shown
            .beside
            .as_ref()
            .is_some_and(|beside| !beside.real.is_empty());
        if !has_real {
            say(generating::NOTHING_BESIDE.to_owned());
        } else if told.nothing_close {
            say(generating::NOTHING_CLOSE.to_owned());
        }
    }
    truncate(&lines.join("\n"), CONTENT)
}

fn titled(title: &str, letter: Option<char>) -> String {
    match letter {
        Some(letter) => format!("{title}, {letter}"),
        None => title.to_owned(),
    }
}

/// The picture, and what it was made from.
fn details(shown: &Shown, name: &str, letter: Option<char>) -> CreateEmbed {
    let mut embed = CreateEmbed::new()
        .title(titled("SYNTHETIC picture", letter))
        .image(format!("attachment://{name}"))
        .footer(CreateEmbedFooter::new(
            "Synthetic. For study, not for diagnosis",
        ));
    for (label, value) in generating::facts(&shown.recipe, &shown.made) {
        let is_words = matches!(label, "Prompt" | "Without");
        let limit = if is_words { PROMPT } else { VALUE };
        embed = embed.field(label, truncate(&escape(&value), limit), !is_words);
    }
    embed
}

/// The sheet beside the nearest real pictures, and where these come from; `None` without any.
fn beside(
    shown: &mut Shown,
    alt: &str,
    letter: Option<char>,
) -> Option<(CreateEmbed, CreateAttachment)> {
    let sheet = shown.made.sheet.take()?;
    let beside = shown
        .beside
        .as_ref()
        .filter(|beside| !beside.real.is_empty())?;
    let name = lettered("synthetic-beside-real.jpg", letter);
    let captions: Vec<String> = beside.real.iter().map(|real| told('R', real)).collect();
    let embed = CreateEmbed::new()
        .title(titled("Beside the nearest real pictures", letter))
        .description(truncate(&captions.join("\n\n"), CAPTIONS))
        .image(format!("attachment://{name}"))
        .footer(CreateEmbedFooter::new(
            "SYNTHETIC on the left, REAL on the right. For study, not for diagnosis",
        ));
    let alt = describe::without_turns(&generating::sheet_alt(alt, beside, ALT - 24));
    let sheet = CreateAttachment::bytes(sheet, name).description(truncate(&alt, ALT));
    Some((embed, sheet))
}

/// What may be done with the picture. One that began with a picture which is no longer kept can't be
/// made again.
fn buttons(shown: &Shown, letter: Option<char>) -> CreateActionRow {
    let start = shown.recipe.variant.as_ref().map(|variant| &variant.start);
    let is_repeatable = matches!(start, None | Some(Start::Entry(_)));
    let acts = Act::ALL
        .into_iter()
        .filter(|act| is_repeatable || matches!(act, Act::Explain | Act::Report));
    let buttons = acts.map(|act| {
        let label = match letter {
            Some(letter) => format!("{} {letter}", short_label(act)),
            None => label(act).to_owned(),
        };
        let id = CustomId::Picture {
            act,
            picture: shown.id.clone(),
        };
        let style = match act {
            Act::Explain => serenity::ButtonStyle::Primary,
            _ => serenity::ButtonStyle::Secondary,
        };
        CreateButton::new(id.to_string()).label(label).style(style)
    });
    CreateActionRow::Buttons(buttons.collect())
}

fn label(act: Act) -> &'static str {
    match act {
        Act::Again => "Same seed again",
        Act::Vary => "Vary",
        Act::Edit => "Edit prompt",
        Act::Explain => "Explain differences",
        Act::Report => "Report",
    }
}

/// The same with room for the letter of one of two pictures.
fn short_label(act: Act) -> &'static str {
    match act {
        Act::Again => "Same seed",
        Act::Explain => "Explain",
        other => label(other),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use mirage::atlas::{Description, Entry, EntryId, Provenance};
    use mirage::compare::{Concepts, Placed};
    use mirage::store::{Told, Variant};

    use super::*;

    fn placed(place: usize, text: &str) -> Placed {
        Placed {
            place,
            entry: Entry {
                id: EntryId::new("t", &place.to_string()),
                collection: "t".to_owned(),
                description: Description {
                    caption: text.to_owned(),
                    modality: text.to_owned(),
                    ..Description::default()
                },
                provenance: Provenance {
                    licence: text.to_owned(),
                    source: text.to_owned(),
                    source_url: Some(format!("https://example.org/{}", "a".repeat(90))),
                    attribution: None,
                },
                width: 1,
                height: 1,
            },
            picture: Vec::new(),
        }
    }

    fn shown(id: &str, text: &str, variant: Option<Variant>) -> Shown {
        Shown {
            id: PictureId::parse(id).expect("16 characters"),
            recipe: Recipe {
                prompt: text.to_owned(),
                negative: text.to_owned(),
                seed: u64::MAX,
                candidates: 1,
                steps: 20,
                guidance: 4.0,
                width: 128,
                height: 128,
                scheduler: "ddim".to_owned(),
                variant,
            },
            made: Made {
                model: text.to_owned(),
                told: Told {
                    remarks: vec![text.to_owned(); 4],
                    nothing_close: true,
                    ..Told::default()
                },
                file: None,
                sheet: Some(vec![2]),
            },
            file: vec![1],
            beside: Some(BesideReal {
                real: (1..=3).map(|place| placed(place, text)).collect(),
                concepts: Concepts::default(),
            }),
        }
    }

    const IDS: [&str; 2] = ["0123456789abcdef", "fedcba9876543210"];

    fn units(value: &serde_json::Value) -> usize {
        value.as_str().unwrap_or_default().encode_utf16().count()
    }

    fn length(embed: &serde_json::Value) -> usize {
        let fields = embed["fields"].as_array().into_iter().flatten();
        let fields = fields.map(|field| units(&field["name"]) + units(&field["value"]));
        let own = ["title", "description"].map(|key| units(&embed[key]));
        fields.sum::<usize>() + own.iter().sum::<usize>() + units(&embed["footer"]["text"])
    }

    #[test]
    fn the_longest_page_keeps_discords_limits() {
        for text in ["word ".repeat(400), "👩‍⚕️".repeat(400), "*_`|".repeat(400)] {
            let both = IDS.map(|id| shown(id, &text, None)).into();
            let page = page(&"done. ".repeat(300), both);
            let embeds = serde_json::to_value(&page.embeds).expect("plain data");
            let embeds = embeds.as_array().expect("a list");
            let all: usize = embeds.iter().map(length).sum();
            assert!(all <= 6_000, "{all}");
            for embed in embeds {
                let fields = embed["fields"].as_array().into_iter().flatten();
                for field in fields {
                    assert!((1..=1_024).contains(&units(&field["value"])), "{field}");
                }
            }
            assert!(page.content.encode_utf16().count() <= 1_950);
            let names: HashSet<&String> = page.pictures.iter().map(|one| &one.filename).collect();
            assert_eq!(names.len(), 4, "{names:?}");
            for picture in &page.pictures {
                assert!(picture.filename.starts_with("synthetic-"));
                let alt = picture.description.as_deref().expect("alt text");
                assert!(alt.starts_with("Synthetic picture"), "{alt}");
                assert!(alt.encode_utf16().count() <= ALT, "{alt}");
            }
        }
    }

    #[test]
    fn buttons_are_told_apart_and_a_given_start_can_not_be_made_again() {
        let both = IDS.map(|id| shown(id, "knee", None)).into();
        let rows = serde_json::to_value(page("done.", both).rows).expect("plain data");
        let buttons = rows.as_array().expect("rows").iter();
        let buttons = buttons.flat_map(|row| row["components"].as_array().expect("a row"));
        let (ids, labels): (HashSet<String>, HashSet<String>) = buttons
            .map(|button| (button["custom_id"].to_string(), button["label"].to_string()))
            .unzip();
        assert_eq!((ids.len(), labels.len()), (10, 10), "{labels:?}");
        let given = Variant {
            strength: 0.6,
            start: Start::Given(vec![3]),
        };
        let page = page("done.", vec![shown(IDS[0], "knee", Some(given))]);
        let row = serde_json::to_string(&page.rows).expect("plain data");
        assert!(row.contains("Explain differences") && row.contains("Report"));
        assert!(!row.contains("Vary") && !row.contains("Edit"), "{row}");
    }

    #[test]
    fn what_was_asked_has_no_effect_as_markup() {
        let page = page("done.", vec![shown(IDS[0], "**bold** @everyone", None)]);
        let embeds = serde_json::to_string(&page.embeds).expect("plain data");
        assert!(!embeds.contains("**bold**") && !embeds.contains("@everyone"));
        assert!(!page.content.contains("**bold**"), "{}", page.content);
    }
}
