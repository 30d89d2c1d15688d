//! A closer look at the picture that is explained: the concepts that it scores on, and its parts, each
//! searched for by itself. How it looks as a message; nothing is sent.

use std::collections::HashMap;

use mirage::atlas::{Entry, EntryId};
use mirage::explain::{Concept, PARTS, Zoomed};
use mirage::store::ExplanationId;
use poise::serenity_prelude as serenity;
use serenity::{
    ButtonStyle, CreateActionRow, CreateAttachment, CreateButton, CreateEmbed, CreateEmbedFooter,
};

use super::page::{ALT, CONTENT, FOOTER, GIVEN};
use crate::describe;
use crate::slash::custom_id::CustomId;
use crate::slash::results::{self, Page, escape, truncate};

/// Lengths that stay below Discord's limits together.
const NAME: usize = 100;
const HEADING: usize = 80;
const SOURCE: usize = 120;
const LICENCE: usize = 40;
const DESCRIPTION: usize = 3_500;
/// Entries that are named for a concept.
pub(super) const EVIDENCE: usize = 3;
/// Entries that are named for a part.
const NEAREST: usize = 3;
/// Parts of a row.
const SIDE: usize = 3;
const PART: &str = "mirage-part.jpg";
const FOUND: &str = "mirage-nearest.jpg";
/// What the parts are called, row by row.
const NAMES: [&str; PARTS] = [
    "Top left",
    "Top",
    "Top right",
    "Left",
    "Middle",
    "Right",
    "Bottom left",
    "Bottom",
    "Bottom right",
];
/// Above the concepts.
const WHY: &str = "The concepts that the picture scores on, best first, each with the nearest \
    pictures that carry it. They say what it is like, not what it shows.";
/// Above the parts.
const CHOOSE: &str = "Choose a part. It is searched for by itself, and you are told whether that \
    changes what is found.";

/// The concepts of a picture, with what is known of the entries that bear them out.
pub(super) fn why(concepts: &[Concept], entries: &[Entry]) -> Page {
    let known: HashMap<&EntryId, &Entry> = entries.iter().map(|entry| (&entry.id, entry)).collect();
    let lines = concepts.iter().map(|concept| {
        let evidence = concept.evidence.iter().take(EVIDENCE);
        let evidence = evidence.filter_map(|id| known.get(id));
        let evidence: Vec<String> = evidence.map(|entry| named(entry)).collect();
        format!(
            "{}. {}: **{}**\n{}",
            concept.rank,
            concept.kind.title(),
            truncate(&escape(&concept.name), NAME),
            evidence.join("\n"),
        )
    });
    let lines: Vec<String> = lines.collect();
    let embed = CreateEmbed::new()
        .title("Why")
        .description(truncate(&lines.join("\n"), DESCRIPTION))
        .footer(CreateEmbedFooter::new(FOOTER));
    Page {
        content: WHY.to_owned(),
        embeds: vec![embed],
        rows: Vec::new(),
        pictures: Vec::new(),
    }
}

/// An entry with its source, as an item of a list.
fn named(entry: &Entry) -> String {
    let field = |text: &str, limit| truncate(&escape(text), limit);
    format!(
        "- {} ({}). Source: {}. Licence: {}",
        field(&describe::heading(entry), HEADING),
        field(entry.id.as_str(), HEADING),
        field(describe::source(entry), SOURCE),
        field(describe::licence(entry), LICENCE),
    )
}

/// The picture whose parts can be chosen.
pub(super) struct Whole<'a> {
    /// A JPEG file.
    pub(super) jpeg: Vec<u8>,
    /// The entry, where it is one.
    pub(super) entry: Option<&'a Entry>,
}

impl Whole<'_> {
    /// Its file, which a later press reads where the picture was given.
    fn file(self) -> CreateAttachment {
        let alt = match self.entry {
            Some(entry) => describe::without_turns(&entry.alt_text()),
            None => "The picture that was given, for who gave it alone. It is not kept.".to_owned(),
        };
        CreateAttachment::bytes(self.jpeg, GIVEN).description(truncate(&alt, ALT))
    }

    fn told(&self) -> String {
        match self.entry {
            Some(entry) => named(entry),
            None => "- The picture that was given. It is not kept.".to_owned(),
        }
    }
}

/// The message that offers the parts.
pub(super) fn choose(id: &ExplanationId, whole: Whole<'_>) -> Page {
    Page {
        content: truncate(&format!("{CHOOSE}\n{}", whole.told()), CONTENT),
        embeds: Vec::new(),
        rows: grid(id, None),
        pictures: vec![whole.file()],
    }
}

/// The message of a part that was looked at; `jpeg` is its picture, `nearest` that of the nearest
/// entry.
pub(super) fn part(
    id: &ExplanationId,
    whole: Whole<'_>,
    zoomed: &Zoomed,
    jpeg: Vec<u8>,
    nearest: Option<Vec<u8>>,
) -> Page {
    let name = NAMES.get(zoomed.part.saturating_sub(1)).unwrap_or(&"Part");
    let (number, change) = (zoomed.part, zoomed.change.in_words());
    let content = format!(
        "{name}, part {number} of {PARTS}. {change}\n{}",
        whole.told()
    );
    let mut lines: Vec<String> = results::fitting_words(&zoomed.words).into_iter().collect();
    let hits = zoomed.hits.iter().take(NEAREST);
    lines.push("The nearest pictures to this part alone:".to_owned());
    lines.extend(hits.map(|hit| named(&hit.entry)));
    let seen = CreateEmbed::new()
        .title(*name)
        .description(truncate(&lines.join("\n"), DESCRIPTION))
        .image(format!("attachment://{PART}"))
        .footer(CreateEmbedFooter::new(FOOTER));
    let alt = format!("{name} of the picture, with a margin.");
    let mut pictures = vec![
        whole.file(),
        CreateAttachment::bytes(jpeg, PART).description(alt),
    ];
    let mut embeds = vec![seen];
    if let (Some(hit), Some(nearest)) = (zoomed.hits.first(), nearest) {
        let heading = format!("Nearest: {}", escape(&describe::heading(&hit.entry)));
        let alt = describe::without_turns(&hit.entry.alt_text());
        let embed = CreateEmbed::new()
            .title(truncate(&heading, NAME))
            .description(named(&hit.entry))
            .image(format!("attachment://{FOUND}"));
        embeds.push(embed);
        let file = CreateAttachment::bytes(nearest, FOUND).description(truncate(&alt, ALT));
        pictures.push(file);
    }
    Page {
        content: truncate(&content, CONTENT),
        embeds,
        rows: grid(id, Some(zoomed.part)),
        pictures,
    }
}

/// Three rows of three parts; the one that is shown can't be pressed.
fn grid(id: &ExplanationId, shown: Option<usize>) -> Vec<CreateActionRow> {
    let buttons: Vec<CreateButton> = NAMES
        .iter()
        .zip(1..)
        .map(|(name, part)| {
            let custom_id = CustomId::Part {
                explanation: id.clone(),
                part,
            };
            CreateButton::new(custom_id.to_string())
                .label(*name)
                .style(ButtonStyle::Secondary)
                .disabled(shown == Some(part))
        })
        .collect();
    let rows = buttons.chunks(SIDE);
    rows.map(|row| CreateActionRow::Buttons(row.to_vec()))
        .collect()
}

#[cfg(test)]
mod tests {
    use mirage::atlas::{Description, Hit, MatchedBy, Provenance, ScoreParts};
    use mirage::explain::{Change, ConceptKind};
    use mirage_models::image_encoder::Rgb;

    use super::*;

    fn entry(name: &str, text: &str) -> Entry {
        Entry {
            id: EntryId::new("t", name),
            collection: "t".to_owned(),
            description: Description {
                caption: text.to_owned(),
                modality: text.to_owned(),
                ..Description::default()
            },
            provenance: Provenance {
                licence: text.to_owned(),
                source: text.to_owned(),
                ..Provenance::default()
            },
            width: 1,
            height: 1,
        }
    }

    fn id() -> ExplanationId {
        ExplanationId::parse("0123456789abcdef").expect("16 characters")
    }

    fn zoomed(text: &str) -> Zoomed {
        let hit = |rank: usize| Hit {
            rank,
            entry: entry(&rank.to_string(), text),
            matched_by: MatchedBy::PICTURE,
            shared_words: Vec::new(),
            score: ScoreParts::default(),
        };
        Zoomed {
            part: 5,
            picture: Rgb::new(1, 1, vec![0; 3]).expect("a pixel"),
            hits: (1..=10).map(hit).collect(),
            words: Vec::new(),
            change: Change::Results,
            new: Vec::new(),
        }
    }

    fn written(page: &Page) -> usize {
        let embeds = serde_json::to_value(&page.embeds).expect("plain data");
        let units = |value: &serde_json::Value| value.as_str().unwrap_or("").encode_utf16().count();
        let embeds = embeds.as_array().expect("a list").iter();
        let lengths = embeds.map(|embed| {
            assert!(units(&embed["description"]) <= 4_096 && units(&embed["title"]) <= 256);
            ["title", "description"]
                .map(|key| units(&embed[key]))
                .iter()
                .sum::<usize>()
                + units(&embed["footer"]["text"])
        });
        lengths.sum()
    }

    #[test]
    fn concepts_come_with_entries_and_their_sources() {
        let entries = [entry("a", "**MRI** @everyone")];
        let concept = Concept {
            name: "midline shift".to_owned(),
            kind: ConceptKind::Sign,
            rank: 1,
            evidence: vec![EntryId::new("t", "a"), EntryId::new("t", "gone")],
        };
        let page = why(&[concept], &entries);
        let embeds = serde_json::to_string(&page.embeds).expect("plain data");
        assert!(embeds.contains("1. Sign: **midline shift**"), "{embeds}");
        assert!(embeds.contains("(t/a). Source: ") && !embeds.contains("gone"));
        assert!(!embeds.contains("**MRI**") && !embeds.contains("@everyone"));
        assert!(!embeds.contains('%'), "a rank, never a percentage");
    }

    #[test]
    fn nine_parts_are_three_rows_and_the_one_shown_is_disabled() {
        let given = Whole {
            jpeg: vec![0],
            entry: None,
        };
        let page = choose(&id(), given);
        assert_eq!(page.pictures[0].filename, GIVEN);
        let rows = serde_json::to_value(grid(&id(), Some(5))).expect("plain data");
        let disabled: Vec<&str> = rows
            .as_array()
            .expect("rows")
            .iter()
            .flat_map(|row| row["components"].as_array().expect("a row"))
            .filter(|button| button["disabled"] == true)
            .filter_map(|button| button["custom_id"].as_str())
            .collect();
        assert_eq!(rows.as_array().map(Vec::len), Some(3));
        assert_eq!(disabled, ["explain:part:0123456789abcdef:5"]);
    }

    #[test]
    fn the_longest_part_keeps_discords_limits_and_says_what_changed() {
        for text in [
            "word ".repeat(2_000),
            "👩‍⚕️".repeat(2_000),
            "*_`|".repeat(2_000),
        ] {
            let whole = entry("a", &text);
            let whole = Whole {
                jpeg: vec![0],
                entry: Some(&whole),
            };
            let page = part(&id(), whole, &zoomed(&text), vec![0], Some(vec![0]));
            assert!(written(&page) <= 6_000, "{}", written(&page));
            assert!(page.content.encode_utf16().count() <= 2_000);
            assert!(page.content.contains("Another picture is nearest"));
            assert_eq!((page.pictures.len(), page.rows.len()), (3, 3));
            for picture in &page.pictures {
                let alt = picture.description.as_deref().expect("alt text");
                assert!(alt.encode_utf16().count() <= ALT);
            }
        }
        let concept = |rank| Concept {
            name: "*".repeat(500),
            kind: ConceptKind::Other,
            rank,
            evidence: vec![EntryId::new("t", "a"); 9],
        };
        let concepts: Vec<Concept> = (1..=8).map(concept).collect();
        let entries = [entry("a", &"*".repeat(2_000))];
        let page = why(&concepts, &entries);
        assert!(written(&page) <= 6_000);
    }
}
