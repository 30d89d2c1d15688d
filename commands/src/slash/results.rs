//! A page of results as a Discord message: content line, one embed a picture, and buttons. All of
//! Discord's limits are kept here; nothing is sent.

use mirage::atlas::{Entry, Filter, FittingWord, Hit, NoMatch, PartMatches, Provenance};
use mirage::store::SearchId;
use poise::serenity_prelude as serenity;
use serenity::{CreateActionRow, CreateAttachment, CreateButton, CreateEmbed, CreateEmbedFooter};
use unicode_segmentation::UnicodeSegmentation;

use super::custom_id::CustomId;
use crate::describe;

/// Most results a page: one button a result in a row of five.
pub(crate) const LARGEST_PAGE: usize = 5;
/// Discord counts at most 6,000 characters over all embeds of a message; five captions, titles
/// and fields of these lengths stay below it.
const CAPTION: usize = 560;
const TITLE: usize = 100;
const FIELD: usize = 200;
const ALT: usize = 1_024;
const QUERY: usize = 200;
/// Discord takes 2,000 characters above the embeds; these leave room for a long query and for what
/// is said of a picture.
const NO_MATCH: usize = 1_800;
const WORD: usize = 60;
const WORDS: usize = 700;

/// A message that is ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) content: String,
    pub(crate) embeds: Vec<CreateEmbed>,
    pub(crate) rows: Vec<CreateActionRow>,
    pub(crate) pictures: Vec<CreateAttachment>,
}

impl Page {
    /// The page as the answer to an interaction; pictures of an earlier page go.
    pub(crate) fn into_edit(self) -> serenity::EditInteractionResponse {
        let mut attachments = serenity::EditAttachments::new();
        for picture in self.pictures {
            attachments = attachments.add(picture);
        }
        serenity::EditInteractionResponse::new()
            .content(self.content)
            .embeds(self.embeds)
            .components(self.rows)
            // Words of people and of collections call nobody.
            .allowed_mentions(serenity::CreateAllowedMentions::new())
            .attachments(attachments)
    }
}

/// The page that shows `hits` of `total`, with their pictures in the same order, below a line that
/// says what they are.
pub(crate) fn page(
    content: String,
    total: usize,
    hits: &[Hit],
    pictures: &[Vec<u8>],
    search: Option<&SearchId>,
    page_size: usize,
) -> Page {
    Page {
        content,
        embeds: hits
            .iter()
            .enumerate()
            .map(|(index, hit)| embed(index, hit))
            .collect(),
        rows: search.map_or_else(Vec::new, |search| rows(search, total, hits, page_size)),
        pictures: hits
            .iter()
            .zip(pictures)
            .enumerate()
            .map(|(index, (hit, picture))| {
                let alt = describe::without_turns(&hit.entry.alt_text());
                CreateAttachment::bytes(picture.clone(), file_name(index))
                    .description(truncate(&alt, ALT))
            })
            .collect(),
    }
}

/// Says which of the pictures that were found are shown.
pub(crate) fn found(subject: &str, total: usize, hits: &[Hit]) -> String {
    match hits {
        [] => format!("Nothing was found for {subject}."),
        [only] => format!("Picture {} of {total} for {subject}", only.rank),
        [first, .., last] => {
            let (first, last) = (first.rank, last.rank);
            format!("Pictures {first} to {last} of {total} for {subject}")
        }
    }
}

/// Says why the filter lets nothing pass, and what is shown in its place.
pub(crate) fn no_match(
    subject: &str,
    filter: &Filter,
    no_match: &NoMatch,
    parts: &[PartMatches],
) -> String {
    let show = |text: &str| escape(&truncate(text, QUERY));
    let mut sentences = vec![format!("No picture passes the filter for {subject}.")];
    sentences.extend(describe::no_match(filter, no_match, parts, quote, show));
    if !no_match.without_filter.is_empty() {
        sentences.push(describe::WITHOUT_FILTER.to_owned());
    }
    truncate(&sentences.join(" "), NO_MATCH)
}

/// The words that fit a picture best with the results that carry them; `None` where there are none.
pub(crate) fn fitting_words(words: &[FittingWord]) -> Option<String> {
    let show = |word: &str| escape(&truncate(word, WORD));
    let line = describe::fitting_words(words, show)?;
    Some(truncate(&line, WORDS))
}

fn embed(index: usize, hit: &Hit) -> CreateEmbed {
    let entry = &hit.entry;
    let heading = format!("{}. {}", hit.rank, escape(&describe::heading(entry)));
    let reason = describe::sentence_case(&describe::reason(hit));
    let field = |text: &str, limit| truncate(&escape(text), limit);
    // No address on the embed: Discord joins embeds of one address into a gallery and shows one
    // title for all. The button below opens the source.
    CreateEmbed::new()
        .title(truncate(&heading, TITLE))
        .description(field(&describe::caption(entry), CAPTION))
        .image(format!("attachment://{}", file_name(index)))
        .field("Why it is here", field(&reason, FIELD), false)
        .field("Source", field(describe::source(entry), FIELD), true)
        .field("Licence", field(describe::licence(entry), FIELD / 2), true)
        .footer(CreateEmbedFooter::new("For study, not for diagnosis"))
}

fn rows(search: &SearchId, total: usize, hits: &[Hit], page_size: usize) -> Vec<CreateActionRow> {
    let Some(first) = hits.first().map(|hit| hit.rank - 1) else {
        return Vec::new();
    };
    let page = |offset| {
        CustomId::Page {
            search: search.clone(),
            offset,
        }
        .to_string()
    };
    let next = hits.last().map_or(first, |hit| hit.rank);
    // Where a button leads nowhere its offset is only kept unique.
    let previous = CreateButton::new(page(first.saturating_sub(page_size)))
        .label("Previous")
        .style(serenity::ButtonStyle::Secondary)
        .disabled(first == 0);
    let next = CreateButton::new(page(next))
        .label("Next")
        .style(serenity::ButtonStyle::Primary)
        .disabled(next >= total);
    let like = hits.iter().map(|hit| {
        let id = CustomId::Like {
            search: search.clone(),
            place: hit.rank - 1,
        };
        CreateButton::new(id.to_string())
            .label(format!("More like {}", hit.rank))
            .style(serenity::ButtonStyle::Secondary)
    });
    let explain = hits.iter().map(|hit| {
        let id = CustomId::Explain {
            search: search.clone(),
            place: hit.rank - 1,
        };
        CreateButton::new(id.to_string())
            .label(format!("Explain {}", hit.rank))
            .style(serenity::ButtonStyle::Secondary)
    });
    let source = hits.iter().map(|hit| match link(&hit.entry) {
        Some(url) => CreateButton::new_link(url).label(format!("Open source {}", hit.rank)),
        None => {
            let id = CustomId::Source {
                search: search.clone(),
                place: hit.rank - 1,
            };
            CreateButton::new(id.to_string())
                .label(format!("Open source {}", hit.rank))
                .style(serenity::ButtonStyle::Secondary)
        }
    });
    vec![
        CreateActionRow::Buttons(vec![previous, next]),
        CreateActionRow::Buttons(like.collect()),
        CreateActionRow::Buttons(explain.collect()),
        CreateActionRow::Buttons(source.collect()),
    ]
}

/// Everything that is known of an entry's origin, for the person who asks.
pub(crate) fn provenance(entry: &Entry) -> String {
    let provenance = &entry.provenance;
    let mut lines = vec![
        format!("**Source:** {}", escape(describe::source(entry))),
        format!("**Licence:** {}", escape(describe::licence(entry))),
    ];
    if let Some(attribution) = &provenance.attribution {
        lines.push(format!("**Attribution:** {}", escape(attribution)));
    }
    if let Some(url) = link(entry) {
        lines.push(format!("**Address:** <{url}>"));
    }
    let id = describe::without_turns(entry.id.as_str()).replace('`', "'");
    lines.push(format!("**Entry:** `{id}`"));
    truncate(&lines.join("\n"), 1_900)
}

/// The address of an entry's source.
pub(crate) fn link(entry: &Entry) -> Option<String> {
    address(&entry.provenance)
}

/// The source's address, if it is one that a browser opens and Discord takes.
pub(crate) fn address(provenance: &Provenance) -> Option<String> {
    let url = url::Url::parse(provenance.source_url.as_deref()?).ok()?;
    let fits = matches!(url.scheme(), "http" | "https") && url.as_str().len() <= 512;
    fits.then(|| url.to_string())
}

/// A person's own words within a sentence: cut, on one line, and without effect as markup.
pub(crate) fn quote(text: &str) -> String {
    let text = describe::without_turns(text);
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // The isolates keep right-to-left words from turning the sentence around them. None within
    // can end them early.
    format!("“\u{2068}{}\u{2069}”", escape(&truncate(&line, QUERY)))
}

/// Takes the effect from Discord's markup, mentions and links, and what would turn the text's
/// direction.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in describe::without_turns(text).chars() {
        if matches!(
            character,
            '*' | '_' | '~' | '`' | '|' | '>' | '<' | '\\' | '[' | ']' | '#'
        ) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
        .replace("@everyone", "@\u{200b}everyone")
        .replace("@here", "@\u{200b}here")
        .replace("://", ":\u{200b}//")
}

/// At most `limit` UTF-16 units, cut between whole letters, with an ellipsis where it was cut.
pub(crate) fn truncate(text: &str, limit: usize) -> String {
    let units = |text: &str| text.encode_utf16().count();
    if units(text) <= limit {
        return text.to_owned();
    }
    let mut cut = String::new();
    let mut used = 1; // the ellipsis
    for letter in text.graphemes(true) {
        used += units(letter);
        if used > limit {
            break;
        }
        cut.push_str(letter);
    }
    // An escape that lost its letter would swallow what follows.
    while cut.ends_with('\\') {
        cut.pop();
    }
    cut.push('…');
    cut
}

fn file_name(index: usize) -> String {
    format!("mirage-{}.jpg", index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mirage::atlas::{Description, EntryId, Field, MatchedBy, ScoreParts};

    fn hit(rank: usize, caption: &str) -> Hit {
        Hit {
            rank,
            entry: Entry {
                id: EntryId::new("t", &rank.to_string()),
                collection: "t".to_owned(),
                description: Description {
                    caption: caption.to_owned(),
                    modality: "MRI".to_owned(),
                    ..Description::default()
                },
                provenance: Provenance {
                    licence: "CC0-1.0".to_owned(),
                    source: "s".repeat(400),
                    ..Provenance::default()
                },
                width: 1,
                height: 1,
            },
            matched_by: MatchedBy {
                picture: true,
                meaning: true,
                words: true,
            },
            shared_words: vec!["w".repeat(300)],
            score: ScoreParts::default(),
        }
    }

    fn length(embeds: &[CreateEmbed]) -> usize {
        let json = serde_json::to_value(embeds).expect("embeds are plain data");
        let units = |value: &serde_json::Value| value.as_str().unwrap_or("").encode_utf16().count();
        json.as_array()
            .expect("a list")
            .iter()
            .map(|embed| {
                let fields = embed["fields"].as_array().expect("fields");
                units(&embed["title"])
                    + units(&embed["description"])
                    + units(&embed["footer"]["text"])
                    + fields
                        .iter()
                        .map(|field| units(&field["name"]) + units(&field["value"]))
                        .sum::<usize>()
            })
            .sum()
    }

    #[test]
    fn the_longest_page_keeps_discords_limits() {
        for caption in [
            "word ".repeat(2_000),
            "👩‍⚕️".repeat(2_000),
            "*_`|".repeat(2_000),
        ] {
            let hits: Vec<Hit> = (1..=LARGEST_PAGE).map(|rank| hit(rank, &caption)).collect();
            let search = SearchId::parse("0123456789abcdef").expect("16 characters");
            let pictures = vec![vec![0]; hits.len()];
            let content = found(&quote(&"*".repeat(2_000)), 50, &hits);
            let page = page(content, 50, &hits, &pictures, Some(&search), 5);
            assert!(length(&page.embeds) <= 6_000, "{}", length(&page.embeds));
            assert!(page.content.encode_utf16().count() <= 2_000);
            assert_eq!(page.rows.len(), 4);
            let rows = serde_json::to_string(&page.rows).expect("rows are plain data");
            for label in ["More like 5", "Explain 5", "Open source 1"] {
                assert!(rows.contains(label), "{label}");
            }
        }
    }

    #[test]
    fn markup_in_a_query_has_no_effect() {
        let quoted = quote("**bold** @everyone <@123> [x](https://evil.example) `code`\nline");
        for markup in ["**", "@everyone", "<@", "https://", "\n"] {
            assert!(
                !quoted
                    .replace("\\*\\*", "")
                    .replace("\\<@", "")
                    .contains(markup),
                "{quoted}"
            );
        }
    }

    #[test]
    fn nothing_in_a_text_turns_the_sentence_around_it() {
        let turns = "\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}";
        assert_eq!(quote(&format!("a{turns}b")), "“\u{2068}ab\u{2069}”");
        let mut hit = hit(1, &format!("A{turns} caption."));
        hit.shared_words = vec![format!("w{turns}")];
        hit.matched_by = MatchedBy::WORDS;
        let entry = &mut hit.entry;
        entry.id = EntryId::new("t", turns);
        entry.description.modality = format!("M{turns}R");
        entry.description.alt = Some(format!("alt {turns}text"));
        entry.provenance.source = format!("s{turns}");
        entry.provenance.licence = format!("l{turns}");
        entry.provenance.attribution = Some(format!("by{turns}"));
        let mut shown = provenance(&hit.entry);
        let page = page(String::new(), 1, &[hit], &[vec![0]], None, 1);
        shown += &serde_json::to_string(&page.embeds).expect("embeds are plain data");
        shown += page.pictures[0].description.as_deref().expect("alt text");
        assert_eq!(describe::without_turns(&shown), shown);
        for text in ["A caption.", "alt text", "MR", "Words: w"] {
            assert!(shown.contains(text), "{shown}");
        }
    }

    #[test]
    fn markup_in_what_a_collection_says_has_no_effect() {
        let mut hit = hit(1, "**bold** caption");
        hit.entry.description.modality = "[MRI](https://evil.example)".to_owned();
        hit.entry.provenance.source = "_Journal_ @everyone".to_owned();
        hit.entry.provenance.licence = "`CC0` <@1>".to_owned();
        let embed = serde_json::to_value(embed(0, &hit)).expect("an embed is plain data");
        assert_eq!(embed["title"], "1. \\[MRI\\](https:\u{200b}//evil.example)");
        assert_eq!(embed["description"], "\\*\\*bold\\*\\* caption");
        let fields = &embed["fields"];
        assert_eq!(fields[1]["value"], "\\_Journal\\_ @\u{200b}everyone");
        assert_eq!(fields[2]["value"], "\\`CC0\\` \\<@1\\>");
        let provenance = provenance(&hit.entry);
        assert!(
            provenance.contains("\\_Journal\\_") && provenance.contains("\\`CC0\\`"),
            "{provenance}"
        );
    }

    #[test]
    fn a_filter_that_nobody_passes_is_explained() {
        let reasons = NoMatch {
            unknown: vec![(Field::Modality, "MIR".to_owned(), vec!["MRI".to_owned()])],
            without_filter: vec![hit(1, "A.")],
        };
        let filter = Filter {
            modality: Some("MIR".to_owned()),
            licence: Some("CC0-1.0".to_owned()),
            ..Filter::default()
        };
        let parts = [PartMatches {
            field: Field::Licence,
            value: "CC0-1.0".to_owned(),
            matches: 3,
        }];
        let sentence = no_match(&quote("knee"), &filter, &reasons, &parts);
        assert!(
            sentence.contains("nearest: MRI.")
                && sentence.contains("alone: 3 pictures.")
                && sentence.ends_with("there is:"),
            "{sentence}"
        );
    }

    #[test]
    fn only_web_addresses_become_links() {
        let mut entry = hit(1, "A.").entry;
        for (url, linked) in [
            ("https://example.org/a", true),
            ("javascript:alert(1)", false),
            ("not a url", false),
        ] {
            entry.provenance.source_url = Some(url.to_owned());
            assert_eq!(link(&entry).is_some(), linked, "{url}");
        }
    }
}
