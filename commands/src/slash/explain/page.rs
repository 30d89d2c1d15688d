//! An explanation as a Discord message: its sentences with their numbers, what was withheld, its
//! sources, and buttons. All of Discord's limits are kept here; nothing is sent.

mod buttons;

use mirage::explain::{
    About, Answer, Cited, Kind, Language, Level, Listed, NOTHING, Style, Turn, Verdict, WordedBy,
};
use mirage::store::{ExplanationId, StoredExplanation};
use poise::serenity_prelude as serenity;
use serenity::{
    CreateActionRow, CreateAttachment, CreateEmbed, CreateEmbedFooter, CreateInputText,
    CreateModal, InputTextStyle,
};

use crate::describe;
use crate::explaining::{self, UNSUPPORTED, cites};
use crate::slash::results::{Page, escape, quote, truncate};

pub(super) use buttons::topic;

/// Discord counts at most 6,000 characters over all embeds of a message; sentences, what was
/// withheld and sources of these lengths stay below it.
const ANSWER: usize = 3_200;
const WITHHELD: usize = 600;
const SOURCES: usize = 1_850;
/// Parts of a source's line.
const HEADING: usize = 80;
const SOURCE: usize = 120;
const LICENCE: usize = 80;
/// Longest alt text, in UTF-16 units.
pub(super) const ALT: usize = 1_024;
/// Longest content that leaves Discord some room.
pub(super) const CONTENT: usize = 1_900;
/// Room for the line that says what doesn't fit.
const LEFT_OUT: usize = 60;
/// Longest further question, in characters: what the library takes.
const LONGEST_QUESTION: u16 = 500;
/// The file of the picture that was given, in an answer that its owner alone sees.
pub(super) const GIVEN: &str = "mirage-given.jpg";
/// The file of the first source's picture.
const FIRST: &str = "mirage-source-1.jpg";
/// The input of the form for a further question.
const QUESTION: &str = "question";
/// Below every explanation.
pub(super) const FOOTER: &str = "For study, not for diagnosis";
/// The same where a language model had a part in it.
const FOOTER_OF_MODEL: &str = "Some sentences are worded by a language model; each was checked \
    against its sources. For study, not for diagnosis";

/// Pictures that stand in an answer, as JPEG files.
#[derive(Debug, Default)]
pub(super) struct Pictures {
    /// The one that was given.
    pub(super) given: Option<Vec<u8>>,
    /// That of the first source.
    pub(super) first: Option<Vec<u8>>,
}

/// What is explained, for whom and in which form.
pub(crate) fn head(turn: &Turn) -> String {
    let what = match &turn.about {
        About::Topic { words } => quote(words),
        About::Picture => "the picture that was given".to_owned(),
        About::Entry { id } => format!("the picture {}", quote(id.as_str())),
    };
    let reader = match turn.level {
        Level::Lay => "for everybody",
        Level::Student => "for a student",
        Level::Resident => "for a resident",
    };
    let form = match turn.style {
        Style::Summary => "",
        Style::Report => ", as a report",
        Style::Differential => ", as a differential",
        Style::Mnemonic => ", as a mnemonic",
    };
    let head = format!("Explanation of {what}, {reader}{form}");
    match turn.question.as_deref().map(str::trim) {
        Some(question) if !question.is_empty() => {
            format!("{head}\nQuestion: {}", quote(question))
        }
        _ => head,
    }
}

/// An answer that is still being made.
pub(super) fn under_way(head: &str, personal: Option<Language>, sentences: &[Cited]) -> Page {
    let body = body(personal, None, sentences);
    let embed = CreateEmbed::new().description(format!("{body}\n…"));
    Page {
        content: format!("{head}\nEach sentence is checked before it is shown."),
        embeds: vec![embed],
        rows: Vec::new(),
        pictures: Vec::new(),
    }
}

/// The message of an answer that was stored under that name.
pub(super) fn page(
    id: &ExplanationId,
    stored: &StoredExplanation,
    answer: &Answer,
    remarks: &[String],
    pictures: Pictures,
) -> Page {
    let turn = stored.conversation.last();
    let rows = turn.map_or_else(Vec::new, |turn| {
        let has_given = pictures.given.is_some();
        buttons::rows(id, turn, answer, stored, has_given)
    });
    let mut lines: Vec<String> = turn.map(head).into_iter().collect();
    lines.extend_from_slice(remarks);
    if answer.kind == Kind::Nothing {
        lines.push(format!(
            "{NOTHING} Try other words, or look at what is near them with /find."
        ));
        if let Some(withheld) = explaining::withheld(answer) {
            lines.push(format!("{UNSUPPORTED}: {withheld}."));
        }
    }
    let files = files(answer, pictures);
    let has_first = files.iter().any(|file| file.filename == FIRST);
    Page {
        content: truncate(&lines.join("\n"), CONTENT),
        embeds: embeds(answer, has_first),
        rows,
        pictures: files,
    }
}

fn files(answer: &Answer, pictures: Pictures) -> Vec<CreateAttachment> {
    let given = pictures.given.map(|jpeg| {
        let alt = "The picture that was given, for who gave it alone. It is not kept.";
        CreateAttachment::bytes(jpeg, GIVEN).description(alt)
    });
    let listed = answer.sources.first();
    let first = listed.zip(pictures.first).map(|(listed, jpeg)| {
        let alt = describe::without_turns(&listed.entry.alt_text());
        CreateAttachment::bytes(jpeg, FIRST).description(truncate(&alt, ALT))
    });
    given.into_iter().chain(first).collect()
}

fn embeds(answer: &Answer, has_first: bool) -> Vec<CreateEmbed> {
    let personal = match answer.kind {
        Kind::Advice { language } => Some(language),
        Kind::Answered => None,
        Kind::Nothing => return Vec::new(),
    };
    let body = body(personal, answer.verdict.as_ref(), &answer.sentences);
    let by_model = answer.sentences.iter().any(is_by_model);
    let footer = if by_model { FOOTER_OF_MODEL } else { FOOTER };
    let mut told = CreateEmbed::new()
        .description(body)
        .footer(CreateEmbedFooter::new(footer));
    if let Some(withheld) = explaining::withheld(answer) {
        told = told.field(UNSUPPORTED, truncate(&withheld, WITHHELD), false);
    }
    let mut embeds = vec![told];
    if !answer.sources.is_empty() {
        let lines = answer.sources.iter().map(source_line).collect();
        let mut sources = CreateEmbed::new()
            .title("Sources")
            .description(fitting(lines, SOURCES));
        if has_first {
            sources = sources.image(format!("attachment://{FIRST}"));
        }
        embeds.push(sources);
    }
    embeds
}

fn is_by_model(cited: &Cited) -> bool {
    cited.worded_by == WordedBy::Model
}

/// A source without its caption: what a caption says must pass the check to be told here.
fn source_line(listed: &Listed) -> String {
    let entry = &listed.entry;
    let field = |text: &str, limit| truncate(&escape(text), limit);
    format!(
        "[{}] {}. Source: {}. Licence: {}",
        listed.number,
        field(&describe::heading(entry), HEADING),
        field(describe::source(entry), SOURCE),
        field(describe::licence(entry), LICENCE),
    )
}

/// A referral, the short answer and the sentences, a line each.
fn body(personal: Option<Language>, verdict: Option<&Verdict>, sentences: &[Cited]) -> String {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(personal.map(|language| language.referral().to_owned()));
    lines.extend(verdict.map(|verdict| explaining::verdict(verdict, escape)));
    let mut last = None;
    for cited in sentences {
        if let Some(section) = cited.section
            && last != Some(section)
        {
            lines.push(format!("**{}**", section.title()));
        }
        last = cited.section;
        lines.push(format!("{}{}", escape(&cited.text), cites(&cited.sources)));
    }
    fitting(lines, ANSWER)
}

/// Whole lines, as many as fit: half a sentence could say the opposite of the whole.
fn fitting(lines: Vec<String>, limit: usize) -> String {
    let room = limit - LEFT_OUT;
    let mut text = String::new();
    let mut used = 0;
    let mut left_out = 0;
    for line in lines {
        let length = line.encode_utf16().count() + 1;
        if left_out > 0 || used + length > room {
            left_out += 1;
            continue;
        }
        if used > 0 {
            text.push('\n');
        }
        text.push_str(&line);
        used += length;
    }
    match left_out {
        0 => text,
        1 => format!("{text}\n1 further line doesn't fit here."),
        lines => format!("{text}\n{lines} further lines don't fit here."),
    }
}

/// The form for a further question, under the name of the button that opens it.
pub(crate) fn further_question(custom_id: &str) -> CreateModal {
    let input = CreateInputText::new(InputTextStyle::Paragraph, "Your question", QUESTION)
        .placeholder("For instance: Is it in front of the cerebellum?")
        .max_length(LONGEST_QUESTION);
    CreateModal::new(custom_id, "Ask further").components(vec![CreateActionRow::InputText(input)])
}

/// What was written into that form; `None` if nothing was.
pub(crate) fn question_of(modal: &serenity::ModalInteractionData) -> Option<String> {
    let rows = modal.components.iter();
    let mut inputs = rows.flat_map(|row| &row.components);
    let text = inputs.find_map(|component| match component {
        serenity::ActionRowComponent::InputText(input) if input.custom_id == QUESTION => {
            input.value.clone()
        }
        _ => None,
    })?;
    (!text.trim().is_empty()).then_some(text)
}

#[cfg(test)]
mod tests;
