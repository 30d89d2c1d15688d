//! The review: each draft as a message in the channel that the server chose, with its key, reason,
//! sources and licences, and buttons to approve, edit, reject or redraft it. Two tutors may press at
//! once: one of them wins, and the other is told who did.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mirage::atlas::Atlas;
use mirage::quiz::{Wanted, draft, letter};
use mirage::store::StoreError;
use mirage::store::quiz::{Decided, Decision, Edited, ItemId, ItemState, StoredItem};
use poise::serenity_prelude as serenity;
use serenity::{ButtonStyle, CreateActionRow, CreateEmbed, Http};

use super::asked::{self, button};
use super::conduct::{self, Conductor, Trouble, pause_after};
use super::custom_id::{Act, QuizId};
use super::roles::Person;
use super::{reveal, shape};
use crate::slash::data::Data;
use crate::slash::errors::CommandError;
use crate::slash::respond::in_words;
use crate::slash::results::{Page, escape, truncate};

/// Drafts that wait in a channel at once: the next ones come as these are decided.
const AT_ONCE: u32 = 10;
/// Least time between two messages in a channel: Discord takes five in five seconds.
const BETWEEN: Duration = Duration::from_millis(1_100);
/// Longest list of alt texts, in characters.
const ALTS: usize = 450;
const TOPIC: usize = 100;

/// When the next draft may be posted in each channel.
#[derive(Default)]
pub(super) struct Reviews(HashMap<u64, (Instant, u32)>);

impl Reviews {
    /// Posts the drafts whose turn has come, one a channel.
    ///
    /// # Errors
    /// What the database reports.
    pub(super) async fn post(&mut self, conductor: &Conductor) -> Result<(), StoreError> {
        for (channel, item) in conductor.store.quiz_review_queue(AT_ONCE).await? {
            let (next, failures) = self.0.get(&channel).copied().unwrap_or((Instant::now(), 0));
            if next > Instant::now() {
                continue;
            }
            let pace = match post(conductor, channel, &item).await {
                Ok(()) => (Instant::now() + BETWEEN, 0),
                Err(trouble) => {
                    tracing::warn!(item = %item.id, ?trouble, "a draft could not be posted");
                    (Instant::now() + pause_after(failures + 1), failures + 1)
                }
            };
            self.0.insert(channel, pace);
        }
        Ok(())
    }
}

async fn post(conductor: &Conductor, channel: u64, item: &StoredItem) -> Result<(), Trouble> {
    let page = page(&conductor.atlas, item).await?;
    let nonce = format!("r{}-{}", item.id, item.revision);
    let message = shape::message(page, Some(nonce));
    let message = conductor.send(channel, message).await?;
    conductor
        .store
        .note_quiz_review(item.id, channel, message)
        .await?;
    Ok(())
}

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
    Ok(Page {
        content: standing(stored),
        embeds: drawn.embeds,
        rows: rows(stored),
        pictures: drawn.pictures,
    })
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
    /// Why nothing was changed, for who pressed alone.
    pub(super) refusal: Option<String>,
}

/// Decides on a question. Editing is done by its form.
///
/// # Errors
/// One sentence, or what the database, the atlas or the drafting reports.
pub(super) async fn decide(
    data: &Data,
    person: &Person,
    (id, revision): (ItemId, i64),
    act: Act,
) -> Result<Reviewed, CommandError> {
    person.require_tutor(&data.store).await?;
    let decision = match act {
        Act::Approve => Decision::Approve,
        Act::Reject => Decision::Reject,
        Act::Retire => Decision::Retire,
        Act::Restore => Decision::Restore,
        Act::Redraft => return redraft(data, person, (id, revision)).await,
        Act::Edit => return Err(CommandError::Shown("Edit it in its form.".to_owned())),
    };
    let item = (person.server, id, revision);
    let decided = data
        .store
        .decide_quiz_item(item, decision, person.user, "", SystemTime::now())
        .await?;
    match decided {
        Decided::Done(item) => Ok(Reviewed {
            item,
            refusal: None,
        }),
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
        Edited::Done(item) => Ok(Reviewed {
            item,
            refusal: None,
        }),
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

fn taken(item: Box<StoredItem>) -> Reviewed {
    let when = item.decided_ms.map(shape::at).unwrap_or_default();
    let by = who(item.decided_by);
    let refusal = match item.state {
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
        refusal: Some(refusal),
    }
}

/// What is said of a question that the server doesn't have.
pub(super) fn unknown() -> CommandError {
    CommandError::Shown("This server's bank has no such question.".to_owned())
}

/// Draws the message under which a question is reviewed anew, if it isn't the one that was pressed.
/// What was decided holds in any case.
pub(super) async fn draw_review(http: &Http, data: &Data, item: &StoredItem, pressed: Option<u64>) {
    let Some((channel, message)) = item.review else {
        return;
    };
    if pressed == Some(message) || channel == 0 || message == 0 {
        return;
    }
    let page = match page(&data.atlas, item).await {
        Ok(page) => page,
        Err(error) => {
            tracing::warn!(%error, "a review could not be drawn anew");
            return;
        }
    };
    let edited = serenity::ChannelId::new(channel)
        .edit_message(http, serenity::MessageId::new(message), shape::edit(page))
        .await;
    if let Err(error) = edited
        && conduct::code(&error) != Some(conduct::UNKNOWN_MESSAGE)
    {
        let error = in_words(&error);
        tracing::warn!(error, "a review could not be shown anew");
    }
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
    fn who_comes_second_is_told_who_was_faster() {
        let told = |state| {
            let item = Box::new(stored(state, Some(7)));
            taken(item).refusal.expect("a sentence")
        };
        assert!(told(ItemState::Approved).starts_with("<@7> was faster: it was approved"));
        assert!(told(ItemState::Draft).contains("changed it, <t:120:f>"));
    }
}
