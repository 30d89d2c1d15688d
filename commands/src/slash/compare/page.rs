//! A page of a comparison as a Discord message: the panel, what both sides share, where each
//! picture comes from, and buttons. All of Discord's limits are kept here; nothing is sent.

use mirage::compare::{CompareError, Concept, Difference, Panel, Placed, SHOWN, Shown, Side};
use mirage::store::ComparisonId;
use poise::serenity_prelude as serenity;
use serenity::{CreateActionRow, CreateAttachment, CreateButton, CreateEmbed, CreateEmbedFooter};

use crate::comparing;
use crate::describe;
use crate::slash::custom_id::{CustomId, Turn, View};
use crate::slash::errors::CommandError;
use crate::slash::results::{Page, escape, link, quote, truncate};

/// Discord counts at most 6,000 characters over all embeds of a message; three lists, two titles
/// and six pictures of these lengths stay below it.
const LIST: usize = 500;
const TITLE: usize = 200;
const HEADING: usize = 80;
const CAPTION: usize = 200;
const SOURCE: usize = 90;
const LICENCE: usize = 40;
const LINK: usize = 130;
/// Longest word of a difference: twelve lines of them stay within a message.
const WORD: usize = 30;
/// Longest alt text, in UTF-16 units.
const ALT: usize = 1_024;
/// Longest content that leaves Discord some room.
const CONTENT: usize = 1_900;
const FILE: &str = "mirage-comparison.jpg";

/// The page that shows two sides, as A and B from left to right, below what is said of them.
pub(super) async fn page(
    id: &ComparisonId,
    sides: [&Side; 2],
    view: View,
    shown: &Shown,
    told: &[String],
) -> Result<Page, CommandError> {
    let plain = comparing::titles(&sides[0].subject, &sides[1].subject, str::to_owned);
    let alt = comparing::alt_text(&plain, shown, ALT - 24);
    let panel = drawn(shown, plain).await?;
    let titles = comparing::titles(&sides[0].subject, &sides[1].subject, quote);
    let totals = [sides[0].results.len(), sides[1].results.len()];
    let panel = CreateAttachment::bytes(panel, FILE)
        .description(truncate(&describe::without_turns(&alt), ALT));
    Ok(Page {
        content: content(&titles, told),
        embeds: vec![
            concepts(shown),
            column('A', &titles[0], &shown.a),
            column('B', &titles[1], &shown.b),
        ],
        rows: vec![buttons(id, view, totals), differs(id, view)],
        pictures: vec![panel],
    })
}

/// The panel as a JPEG, drawn on a thread that may block.
async fn drawn(shown: &Shown, titles: [String; 2]) -> Result<Vec<u8>, CommandError> {
    let columns = shown.columns(titles);
    let drawing = tokio::task::spawn_blocking(move || Panel::draw(&columns)?.jpeg());
    let drawn: Result<Vec<u8>, CompareError> = drawing
        .await
        .map_err(|error| CommandError::Unexpected(error.into()))?;
    Ok(drawn?)
}

fn content(titles: &[String; 2], told: &[String]) -> String {
    let [a, b] = titles;
    let mut lines = vec![format!("A: {a}\nB: {b}")];
    // A remark names modalities as a collection wrote them.
    lines.extend(told.iter().map(|remark| escape(remark)));
    truncate(&lines.join("\n"), CONTENT)
}

/// The panel, and what both sides share.
fn concepts(shown: &Shown) -> CreateEmbed {
    let list = |concepts: &[Concept]| truncate(&escape(&comparing::concepts(concepts)), LIST);
    let concepts = &shown.concepts;
    CreateEmbed::new()
        .image(format!("attachment://{FILE}"))
        .field("In both", list(&concepts.both), false)
        .field("Only A", list(&concepts.only_a), false)
        .field("Only B", list(&concepts.only_b), false)
        .footer(CreateEmbedFooter::new("For study, not for diagnosis"))
}

/// A side's pictures with their captions, sources and licences.
fn column(letter: char, title: &str, placed: &[Placed]) -> CreateEmbed {
    let told: Vec<String> = placed.iter().map(|placed| told(letter, placed)).collect();
    let told = if told.is_empty() {
        "Nothing was found.".to_owned()
    } else {
        told.join("\n\n")
    };
    CreateEmbed::new()
        .title(truncate(&format!("{letter}: {title}"), TITLE))
        .description(told)
}

/// A picture with its caption, source and licence, within lengths of which six stay below Discord's
/// limits.
pub(crate) fn told(letter: char, placed: &Placed) -> String {
    let entry = &placed.entry;
    let field = |text: &str, limit| truncate(&escape(text), limit);
    let mut lines = format!(
        "**{letter}{}** {}: {}\nSource: {}. Licence: {}",
        placed.place,
        field(&describe::heading(entry), HEADING),
        field(&describe::caption(entry), CAPTION),
        field(describe::source(entry), SOURCE),
        field(describe::licence(entry), LICENCE),
    );
    // A closing bracket would end the link early.
    let address = link(entry).filter(|url| url.len() <= LINK && !url.contains(['>', ')']));
    if let Some(address) = address {
        lines.push_str(&format!(". [Open source](<{address}>)"));
    }
    lines
}

/// Previous and next of each side, and the swap between them.
fn buttons(id: &ComparisonId, view: View, [a, b]: [usize; 2]) -> CreateActionRow {
    let button = |turn: Turn, label: &str, to: Option<View>| {
        // Where a button leads nowhere its view is only kept unique, by its name.
        let id = CustomId::Compare {
            turn,
            comparison: id.clone(),
            view: to.unwrap_or(view),
        };
        CreateButton::new(id.to_string())
            .label(label)
            .style(serenity::ButtonStyle::Secondary)
            .disabled(to.is_none())
    };
    let swapped = View {
        is_swapped: !view.is_swapped,
        ..view
    };
    CreateActionRow::Buttons(vec![
        button(Turn::PreviousA, "Previous A", turned(view, true, a, false)),
        button(Turn::NextA, "Next A", turned(view, true, a, true)),
        button(Turn::Swap, "Swap sides", Some(swapped)),
        button(Turn::PreviousB, "Previous B", turned(view, false, b, false)),
        button(Turn::NextB, "Next B", turned(view, false, b, true)),
    ])
}

/// What differs over all pictures, told to who asks, and a synthetic picture of each side.
fn differs(id: &ComparisonId, view: View) -> CreateActionRow {
    let differs = CustomId::Differs {
        comparison: id.clone(),
        is_swapped: view.is_swapped,
    };
    let differs = CreateButton::new(differs.to_string())
        .label("What differs")
        .style(serenity::ButtonStyle::Primary);
    let draw = CustomId::Draw {
        comparison: id.clone(),
        is_swapped: view.is_swapped,
    };
    let draw = CreateButton::new(draw.to_string())
        .label("Draw each side")
        .style(serenity::ButtonStyle::Secondary);
    CreateActionRow::Buttons(vec![differs, draw])
}

/// Adds the button that makes a quiz question of what a page shows: tutors alone are offered it.
pub(super) fn offer_quiz(page: &mut Page, id: &ComparisonId, view: View) {
    let id = CustomId::AddToQuiz {
        comparison: id.clone(),
        view,
    };
    let button = CreateButton::new(id.to_string())
        .label("Add to quiz")
        .style(serenity::ButtonStyle::Secondary);
    if let Some(CreateActionRow::Buttons(last)) = page.rows.last_mut() {
        last.push(button);
    }
}

/// What tells two sides apart, as the text of a message.
pub(super) fn difference(sides: [&Side; 2], told: &Difference) -> String {
    let show = |word: &str| truncate(&escape(word), WORD);
    let [a, b] = comparing::titles(&sides[0].subject, &sides[1].subject, quote);
    let mut lines = vec![format!(
        "A: {}\nB: {}",
        truncate(&a, TITLE),
        truncate(&b, TITLE)
    )];
    for (heading, concepts) in comparing::difference(told, show) {
        lines.push(format!("**{heading}**"));
        lines.extend(concepts.into_iter().map(|concept| format!("- {concept}")));
    }
    lines.push(comparing::COUNTED.to_owned());
    truncate(&lines.join("\n"), CONTENT)
}

/// The view with the left or the right side turned by a page; `None` if it has none there.
fn turned(view: View, is_left: bool, total: usize, is_next: bool) -> Option<View> {
    let is_first = is_left != view.is_swapped;
    let place = if is_first { view.first } else { view.second };
    let turned = if is_next {
        Some(place.saturating_add(SHOWN)).filter(|place| *place < total)
    } else {
        (place > 0).then(|| place.saturating_sub(SHOWN))
    };
    let place = turned?;
    Some(if is_first {
        View {
            first: place,
            ..view
        }
    } else {
        View {
            second: place,
            ..view
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use mirage::atlas::{Description, Entry, EntryId, Provenance};
    use mirage::compare::{Concepts, Subject};

    use super::*;

    fn placed(place: usize, text: &str, picture: &[u8]) -> Placed {
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
            picture: picture.to_vec(),
        }
    }

    fn side(words: &str, results: usize) -> Side {
        Side {
            subject: Subject::Words {
                words: words.to_owned(),
            },
            results: (0..results)
                .map(|place| EntryId::new("t", &place.to_string()))
                .collect(),
        }
    }

    fn shown(text: &str) -> Shown {
        let picture = image();
        let concept = Concept {
            name: text.to_owned(),
            a: vec![1, 2, 3],
            b: vec![4],
        };
        Shown {
            a: (1..=3).map(|place| placed(place, text, &picture)).collect(),
            b: (4..=6).map(|place| placed(place, text, &picture)).collect(),
            concepts: Concepts {
                both: vec![concept.clone(); 8],
                only_a: vec![concept.clone(); 8],
                only_b: vec![concept; 8],
            },
        }
    }

    /// A stored picture: one of the smallest that a decoder takes, a GIF of one pixel.
    fn image() -> Vec<u8> {
        b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"
            .to_vec()
    }

    fn units(value: &serde_json::Value) -> usize {
        match value {
            serde_json::Value::String(text) => text.encode_utf16().count(),
            _ => 0,
        }
    }

    fn length(embed: &serde_json::Value) -> usize {
        let fields = embed["fields"].as_array().into_iter().flatten();
        let fields = fields.map(|field| units(&field["name"]) + units(&field["value"]));
        let own = ["title", "description"].map(|key| units(&embed[key]));
        fields.sum::<usize>() + own.iter().sum::<usize>() + units(&embed["footer"]["text"])
    }

    fn id() -> ComparisonId {
        ComparisonId::parse("0123456789abcdef").expect("16 characters")
    }

    #[tokio::test]
    async fn the_longest_page_keeps_discords_limits() {
        for text in ["word ".repeat(400), "👩‍⚕️".repeat(400), "*_`|".repeat(400)] {
            let (a, b) = (side(&text, 30), side(&text, 30));
            let told = vec![text.clone(); 3];
            let page = page(&id(), [&a, &b], View::default(), &shown(&text), &told).await;
            let page = page.expect("a page");
            let embeds = serde_json::to_value(&page.embeds).expect("plain data");
            let embeds = embeds.as_array().expect("a list");
            assert!(embeds.iter().map(length).sum::<usize>() <= 6_000);
            for embed in embeds {
                assert!(units(&embed["title"]) <= 256 && units(&embed["description"]) <= 4_096);
            }
            assert!(page.content.encode_utf16().count() <= 2_000);
            let alt = page.pictures[0].description.as_deref().expect("alt text");
            assert!(
                alt.encode_utf16().count() <= ALT && alt.contains("B4"),
                "{alt}"
            );
        }
    }

    #[tokio::test]
    async fn every_picture_has_its_source_and_licence_and_markup_has_no_effect() {
        let text = "**bold** @everyone";
        let (a, b) = (side("x", 3), side("y", 6));
        let page = page(&id(), [&a, &b], View::default(), &shown(text), &[]).await;
        let page = page.expect("a page");
        let embeds = serde_json::to_string(&page.embeds).expect("plain data");
        for label in [
            "**A1** ",
            "**A3** ",
            "**B4** ",
            "**B6** ",
            "Licence: ",
            "Open source",
        ] {
            assert!(embeds.contains(label), "{label} in {embeds}");
        }
        assert!(!embeds.contains("**bold**") && !embeds.contains("@everyone"));
    }

    #[tokio::test]
    async fn a_tutor_is_offered_a_question_of_the_pictures_that_are_shown() {
        let (a, b) = (side("x", 3), side("y", 6));
        let view = View {
            first: 0,
            second: 3,
            is_swapped: true,
        };
        let page = page(&id(), [&b, &a], view, &shown("x"), &[]).await;
        let mut page = page.expect("a page");
        let rows = page.rows.len();
        offer_quiz(&mut page, &id(), view);
        assert_eq!(page.rows.len(), rows);
        let row = serde_json::to_value(page.rows.last()).expect("plain data");
        let buttons = row["components"].as_array().expect("a row");
        let labels: Vec<&str> = buttons
            .iter()
            .filter_map(|button| button["label"].as_str())
            .collect();
        assert_eq!(labels, ["What differs", "Draw each side", "Add to quiz"]);
        let carried = "compare:add:0123456789abcdef:0:3:ba";
        assert_eq!(buttons[2]["custom_id"], carried);
    }

    #[test]
    fn the_longest_difference_keeps_discords_limit_and_all_of_its_lines() {
        for text in ["word ".repeat(400), "*_`|".repeat(400)] {
            let concept = Concept {
                name: text.clone(),
                a: (11..=30).collect(),
                b: (11..=30).collect(),
            };
            let told = Difference {
                looked_at: [30, 30],
                more_in_a: vec![concept.clone(); 6],
                more_in_b: vec![concept; 6],
            };
            let (a, b) = (side(&text, 30), side(&text, 30));
            let told = difference([&a, &b], &told);
            assert!(told.encode_utf16().count() <= CONTENT, "{told}");
            assert!(told.ends_with(comparing::COUNTED), "{told}");
            assert_eq!(told.matches("\n- ").count(), 12, "{told}");
        }
    }

    fn targets(view: View, totals: [usize; 2]) -> Vec<(String, bool)> {
        let row = serde_json::to_value(buttons(&id(), view, totals)).expect("plain data");
        let buttons = row["components"].as_array().expect("a row").iter();
        let told = buttons.map(|button| {
            let id = button["custom_id"].as_str().expect("an id").to_owned();
            (id, button["disabled"].as_bool().unwrap_or_default())
        });
        told.collect()
    }

    #[test]
    fn buttons_turn_each_side_by_itself_and_are_told_apart() {
        let first = targets(View::default(), [3, 7]);
        let different: HashSet<&String> = first.iter().map(|(id, _)| id).collect();
        assert_eq!(different.len(), 5);
        let disabled: Vec<bool> = first.iter().map(|(_, disabled)| *disabled).collect();
        assert_eq!(disabled, [true, true, false, true, false], "A has one page");
        assert!(first[4].0.ends_with(":0:3:ab"), "{first:?}");
        assert!(first[2].0.ends_with(":0:0:ba"), "{first:?}");
        // Swapped, the stored second side is A.
        let view = View {
            first: 0,
            second: 3,
            is_swapped: true,
        };
        let swapped = targets(view, [7, 3]);
        assert!(swapped[0].0.ends_with(":0:0:ba"), "{swapped:?}");
        assert!(swapped[1].0.ends_with(":0:6:ba") && !swapped[1].1);
        assert!(swapped[3].1 && swapped[4].1, "B has one page");
    }
}
