//! The review: a draft with its key, reason, sources and licences, and buttons to approve, edit,
//! reject or redraft it. Two tutors may press at once: one of them wins, and the other is told who
//! did. How drafts come into the channel of reviews is the concern of [`super::post`].

use std::time::{SystemTime, UNIX_EPOCH};

use mirage::atlas::Atlas;
use mirage::quiz::{Leak, Wanted, draft, leaks, letter};
use mirage::store::quiz::{Decided, Decision, Edited, ItemId, ItemState, StoredItem};
use poise::serenity_prelude as serenity;
use serenity::{
    ButtonStyle, CreateActionRow, CreateEmbed, CreateInputText, CreateInteractionResponse,
    CreateModal, InputTextStyle,
};

use super::asked::{self, button};
use super::custom_id::{Act, QuizId};
use super::roles::Person;
use super::{reveal, shape};
use crate::slash::custom_id::CustomId;
use crate::slash::data::Data;
use crate::slash::errors::CommandError;
use crate::slash::results::{Page, escape, truncate};

/// Longest list of alt texts, in characters.
const ALTS: usize = 450;
const TOPIC: usize = 100;
/// Longest list of what gives an answer away.
const LEAKS: usize = 600;
/// The field of the form for a rejection, and its longest text: what the audit keeps.
pub(super) const REASON: &str = "reason";
const REASON_LENGTH: u16 = 300;

/// A question of the bank with all that a tutor must know to decide on it.
///
/// # Errors
/// What the atlas reports, or a picture that could not be drawn.
pub(super) async fn page(atlas: &Atlas, stored: &StoredItem) -> Result<Page, CommandError> {
    let item = &stored.item;
    let title = format!(
        "Question {}: {}, expected to be {}",
        stored.id,
        item.kind().title(),
        item.difficulty().name()
    );
    let mut drawn = asked::question(atlas, item, &title, true).await?;
    drawn.embeds.push(with_alts(reveal::solution(item), stored));
    let shown = atlas.entries_of(&item.pictures).await?;
    let mut lines = vec![standing(stored)];
    // Drafts have none; what somebody imported or edited may.
    lines.extend(given_away(&leaks(item, &shown)));
    Ok(Page {
        content: lines.join("\n"),
        embeds: drawn.embeds,
        rows: rows(stored),
        pictures: drawn.pictures,
    })
}

/// Where a question gives its answer away, for the tutor who decides on it.
fn given_away(found: &[Leak]) -> Option<String> {
    if found.is_empty() {
        return None;
    }
    let places: Vec<String> = found.iter().map(ToString::to_string).collect();
    let places = truncate(&escape(&places.join("; ")), LEAKS);
    Some(format!("**It may give its answer away:** {places}."))
}

/// The same for one tutor alone, who may also have a draft posted again: its message may be gone.
///
/// # Errors
/// As [`page`].
pub(super) async fn opened(atlas: &Atlas, stored: &StoredItem) -> Result<Page, CommandError> {
    let mut page = page(atlas, stored).await?;
    page.rows.extend(repost(stored));
    Ok(page)
}

fn repost(stored: &StoredItem) -> Option<CreateActionRow> {
    if stored.state != ItemState::Draft || stored.review.is_none() {
        return None;
    }
    let id = QuizId::Review(stored.id, stored.revision, Act::Repost);
    let button = button(id, "Post again for review", ButtonStyle::Secondary);
    Some(CreateActionRow::Buttons(vec![button]))
}

/// The form that asks why a draft is rejected. It may be left empty.
pub(super) fn rejection(stored: &StoredItem) -> CreateInteractionResponse {
    let input = CreateInputText::new(InputTextStyle::Short, "Why, in a few words", REASON)
        .placeholder("For instance: two answers are right")
        .max_length(REASON_LENGTH)
        .required(false);
    let id = QuizId::Review(stored.id, stored.revision, Act::Reject);
    let title = format!("Reject draft {}", stored.id);
    let form = CreateModal::new(CustomId::Quiz(id).to_string(), title)
        .components(vec![CreateActionRow::InputText(input)]);
    CreateInteractionResponse::Modal(form)
}

fn with_alts(embed: CreateEmbed, stored: &StoredItem) -> CreateEmbed {
    let item = &stored.item;
    let alts = item.alt.iter().enumerate();
    let alts: Vec<String> = alts
        .map(|(place, alt)| format!("Picture {}: {}", letter(place), escape(alt)))
        .collect();
    let embed = match item.topic.trim() {
        "" => embed,
        topic => embed.field("Topic", truncate(&escape(topic), TOPIC), true),
    };
    if alts.is_empty() {
        return embed;
    }
    embed.field("Alt texts", truncate(&alts.join("\n"), ALTS), false)
}

/// How a question stands, with who decided and when.
fn standing(stored: &StoredItem) -> String {
    let id = stored.id;
    let decided = || {
        let when = stored.decided_ms.map(shape::at).unwrap_or_default();
        format!("by {}, {when}", who(stored.decided_by))
    };
    match stored.state {
        ItemState::Draft => {
            let made = shape::at(stored.made_ms);
            let edited = match stored.decided_ms {
                Some(_) => format!(" Changed {}.", decided()),
                None => String::new(),
            };
            format!(
                "**Draft {id}** waits for review. Made by {}, {made}.{edited}",
                who(stored.made_by)
            )
        }
        ItemState::Approved => format!("**Question {id}** was approved {}.", decided()),
        ItemState::Rejected => format!("**Draft {id}** was rejected {}.", decided()),
        ItemState::Retired => format!("**Question {id}** was retired {}.", decided()),
    }
}

/// A person; nobody is notified.
pub(super) fn who(user: Option<u64>) -> String {
    match user {
        None => "somebody whose data was deleted".to_owned(),
        Some(0) => "the shell".to_owned(),
        Some(user) => format!("<@{user}>"),
    }
}

fn rows(stored: &StoredItem) -> Vec<CreateActionRow> {
    let acts: &[(Act, &str, ButtonStyle)] = match stored.state {
        ItemState::Draft => &[
            (Act::Approve, "Approve", ButtonStyle::Success),
            (Act::Edit, "Edit", ButtonStyle::Secondary),
            (Act::Reject, "Reject", ButtonStyle::Danger),
            (Act::Redraft, "Redraft", ButtonStyle::Secondary),
        ],
        ItemState::Approved => &[
            (Act::Retire, "Retire", ButtonStyle::Danger),
            (Act::Edit, "Edit", ButtonStyle::Secondary),
        ],
        ItemState::Rejected | ItemState::Retired => {
            &[(Act::Restore, "Make a draft", ButtonStyle::Secondary)]
        }
    };
    let id = |act| QuizId::Review(stored.id, stored.revision, act);
    let buttons = acts
        .iter()
        .map(|(act, label, style)| button(id(*act), label, *style));
    vec![CreateActionRow::Buttons(buttons.collect())]
}

/// What became of a decision or an edit.
pub(super) struct Reviewed {
    /// How the question stands now.
    pub(super) item: Box<StoredItem>,
    /// What is said to who pressed alone, such as why nothing was changed.
    pub(super) remark: Option<String>,
}

/// Decides on a question, for a reason that the audit keeps. Editing is done by its form, and
/// posting again by [`super::post`].
///
/// # Errors
/// One sentence, or what the database, the atlas or the drafting reports.
pub(super) async fn decide(
    data: &Data,
    person: &Person,
    (id, revision): (ItemId, i64),
    (act, why): (Act, &str),
) -> Result<Reviewed, CommandError> {
    person.require_tutor(&data.store).await?;
    let decision = match act {
        Act::Approve => Decision::Approve,
        Act::Reject => Decision::Reject,
        Act::Retire => Decision::Retire,
        Act::Restore => Decision::Restore,
        Act::Redraft => return redraft(data, person, (id, revision)).await,
        Act::Edit | Act::Repost => {
            let sentence = "Nothing was changed. Press the button of the question again.";
            return Err(CommandError::Shown(sentence.to_owned()));
        }
    };
    let item = (person.server, id, revision);
    let decided = data
        .store
        .decide_quiz_item(item, decision, person.user, why, SystemTime::now())
        .await?;
    decided_on(decided)
}

/// What a decision led to.
///
/// # Errors
/// One sentence if there is no such question.
pub(super) fn decided_on(decided: Decided) -> Result<Reviewed, CommandError> {
    match decided {
        Decided::Done(item) => Ok(Reviewed { item, remark: None }),
        Decided::Taken(item) => Ok(taken(item)),
        Decided::Unknown => Err(unknown()),
    }
}

/// Puts another question of the same kind and topic in place of a draft.
async fn redraft(
    data: &Data,
    person: &Person,
    (id, revision): (ItemId, i64),
) -> Result<Reviewed, CommandError> {
    let store = &data.store;
    let stored = store.quiz_item(person.server, id).await?;
    let stored = stored.ok_or_else(unknown)?;
    if stored.revision != revision || stored.state != ItemState::Draft {
        return Ok(taken(Box::new(stored)));
    }
    let wanted = Wanted {
        topic: stored.item.topic.clone(),
        count: 1,
        kinds: vec![stored.item.kind()],
        difficulty: None,
        seed: seed(),
    };
    let known = store.quiz_fingerprints(person.server).await?;
    let drafted = draft(&data.atlas, &wanted, &known).await?;
    let other = drafted.into_iter().next().ok_or_else(|| {
        let sentence = "The atlas has no other question of this kind about this.";
        CommandError::Shown(sentence.to_owned())
    })?;
    let item = (person.server, id, revision);
    let edited = store
        .edit_quiz_item(item, &other, person.user, SystemTime::now())
        .await?;
    reviewed(edited)
}

/// Another number each time.
pub(super) fn seed() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos() as u64)
}

/// What an edit led to.
///
/// # Errors
/// One sentence if the question stayed as it was.
pub(super) fn reviewed(edited: Edited) -> Result<Reviewed, CommandError> {
    match edited {
        Edited::Done(item) => Ok(Reviewed { item, remark: None }),
        Edited::Taken(item) => Ok(taken(item)),
        Edited::Known(other) => Err(CommandError::Shown(format!(
            "Nothing was changed: question {other} of this server asks the same."
        ))),
        Edited::Faulty(fault) => Err(CommandError::Shown(format!(
            "Nothing was changed: {}.",
            escape(&fault.to_string())
        ))),
        Edited::Unknown => Err(unknown()),
    }
}

/// Somebody else was faster: how the question stands now, and who that was.
pub(super) fn taken(item: Box<StoredItem>) -> Reviewed {
    let when = item.decided_ms.map(shape::at).unwrap_or_default();
    let by = who(item.decided_by);
    let remark = match item.state {
        ItemState::Draft if item.decided_ms.is_none() => "This draft was posted again meanwhile. \
            Nothing else was changed; look at it as it is now."
            .to_owned(),
        ItemState::Draft => format!(
            "{by} was faster and changed it, {when}. Nothing else was changed; look at it as it \
             is now."
        ),
        state => format!(
            "{by} was faster: it was {} {when}. Nothing else was changed.",
            state.name()
        ),
    };
    Reviewed {
        item,
        remark: Some(remark),
    }
}

/// What is said of a question that the server doesn't have.
pub(super) fn unknown() -> CommandError {
    CommandError::Shown("This server's bank has no such question.".to_owned())
}

#[cfg(test)]
mod tests {
    use mirage::quiz::{Item, Task};

    use super::*;

    fn stored(state: ItemState, decided: Option<u64>) -> StoredItem {
        StoredItem {
            id: ItemId::parse("12").expect("a number"),
            server: 1,
            state,
            revision: 3,
            made_by: Some(0),
            made_ms: 60_000,
            decided_by: decided,
            decided_ms: decided.map(|_| 120_000),
            review: None,
            item: Item {
                stem: "Which plane?".to_owned(),
                task: Task::TrueFalse { key: true },
                pictures: Vec::new(),
                alt: Vec::new(),
                rationale: String::new(),
                citations: Vec::new(),
                sources: Vec::new(),
                topic: String::new(),
                expected: 0.5,
            },
        }
    }

    #[test]
    fn a_question_says_who_decided_and_when() {
        let draft = standing(&stored(ItemState::Draft, None));
        assert!(draft.ends_with("Made by the shell, <t:60:f>."), "{draft}");
        let changed = standing(&stored(ItemState::Draft, Some(7)));
        assert!(
            changed.ends_with("Changed by <@7>, <t:120:f>."),
            "{changed}"
        );
        let approved = standing(&stored(ItemState::Approved, Some(7)));
        assert!(
            approved.ends_with("approved by <@7>, <t:120:f>."),
            "{approved}"
        );
    }

    #[test]
    fn each_state_has_the_acts_that_it_can_take() {
        let labels = |state| {
            let rows = serde_json::to_value(rows(&stored(state, Some(7)))).expect("plain data");
            let buttons = rows[0]["components"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let labels = buttons.iter().map(|button| button["label"].to_string());
            labels.collect::<Vec<_>>().join(" ")
        };
        let draft = labels(ItemState::Draft);
        assert_eq!(draft, r#""Approve" "Edit" "Reject" "Redraft""#);
        assert_eq!(labels(ItemState::Approved), r#""Retire" "Edit""#);
        assert_eq!(labels(ItemState::Retired), r#""Make a draft""#);
    }

    #[test]
    fn a_draft_that_was_posted_can_be_posted_again_and_nothing_else_can() {
        let mut draft = stored(ItemState::Draft, None);
        assert!(repost(&draft).is_none(), "its turn is to come");
        draft.review = Some((5, 6));
        let row = serde_json::to_value(repost(&draft)).expect("plain data");
        let button = &row["components"][0];
        assert_eq!(button["label"], "Post again for review");
        assert_eq!(button["custom_id"], "quiz:review:12:3:repost");
        draft.state = ItemState::Approved;
        assert!(repost(&draft).is_none());
    }

    #[test]
    fn a_tutor_is_told_where_the_answer_is_given_away() {
        let mut item = stored(ItemState::Draft, None).item;
        item.stem = "Which axial plane?".to_owned();
        let options = ["axial", "coronal"].map(str::to_owned).to_vec();
        item.task = Task::SingleChoice { options, key: 0 };
        let told = given_away(&leaks(&item, &[])).expect("the stem says it");
        assert!(told.contains("the stem says the answer"), "{told}");
        item.stem = "Which plane?".to_owned();
        assert_eq!(given_away(&leaks(&item, &[])), None);
        let many = vec![Leak::Alt { place: 0 }; 100];
        let long = given_away(&many).expect("there are many");
        assert!(long.encode_utf16().count() <= LEAKS + 50);
    }

    #[test]
    fn a_reason_for_a_rejection_may_be_given_and_is_short() {
        let form = rejection(&stored(ItemState::Draft, None));
        let form = serde_json::to_value(form).expect("plain data");
        assert_eq!(form["data"]["custom_id"], "quiz:review:12:3:reject");
        let input = &form["data"]["components"][0]["components"][0];
        assert_eq!(input["required"], false);
        assert_eq!(input["max_length"], REASON_LENGTH);
    }

    #[test]
    fn who_comes_second_is_told_who_was_faster() {
        let told = |state| {
            let item = Box::new(stored(state, Some(7)));
            taken(item).remark.expect("a sentence")
        };
        assert!(told(ItemState::Approved).starts_with("<@7> was faster: it was approved"));
        assert!(told(ItemState::Draft).contains("changed it, <t:120:f>"));
        let again = taken(Box::new(stored(ItemState::Draft, None)));
        let again = again.remark.expect("a sentence");
        assert!(again.starts_with("This draft was posted again"), "{again}");
    }
}
