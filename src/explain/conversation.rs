//! What is remembered of a conversation, so that "simpler" or "show me" means something: the last
//! few turns, in few characters. It is plain data; the store keeps it with its thread, and a
//! person's deletion takes it along.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::asked::{Asked, Level, Style, Subject};
use crate::atlas::EntryId;

/// Turns that are remembered.
pub const MOST_TURNS: usize = 6;
/// Characters of a turn's words that are remembered.
const MOST_CHARACTERS: usize = 300;
/// Entries of a turn that are remembered.
const MOST_ENTRIES: usize = 6;

/// What a turn was about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum About {
    /// A topic.
    Topic {
        /// Its words.
        words: String,
    },
    /// A picture that somebody brought. It is not kept: of it only what was cited can be asked
    /// about.
    Picture,
    /// An entry.
    Entry {
        /// Its name.
        id: EntryId,
    },
}

/// One question with what was shown to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// What it was about.
    pub about: About,
    /// What was asked of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// For whom.
    pub level: Level,
    /// In which form.
    pub style: Style,
    /// The entries that were cited, best first.
    pub cited: Vec<EntryId>,
}

/// What somebody wants next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FollowUp {
    /// The same, one level simpler.
    Simpler,
    /// The same, one level deeper.
    Deeper,
    /// The same once more.
    Again,
    /// The pictures that were cited.
    Show,
    /// To be asked about it.
    Quiz,
    /// A question in words.
    Question(String),
}

/// What comes of a follow-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Something to explain.
    Explain(Asked),
    /// Entries to show.
    Show(Vec<EntryId>),
    /// Entries to be asked about.
    Quiz(Vec<EntryId>),
    /// Nothing can be made of it: the picture that it was about was not kept.
    Forgotten,
}

/// The last turns of a conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    turns: VecDeque<Turn>,
}

/// Phrases that stand for a follow-up, where they are the whole reply.
const PHRASES: &[(&[&str], FollowUp)] = &[
    (
        &[
            "simpler",
            "simpler please",
            "easier",
            "more simply",
            "explain simpler",
            "too hard",
        ],
        FollowUp::Simpler,
    ),
    (
        &[
            "deeper",
            "more detail",
            "more details",
            "in more detail",
            "go deeper",
            "more",
        ],
        FollowUp::Deeper,
    ),
    (&["again", "regenerate", "once more"], FollowUp::Again),
    (
        &[
            "show me",
            "show",
            "show it",
            "show me the pictures",
            "picture",
            "pictures",
        ],
        FollowUp::Show,
    ),
    (&["quiz me", "quiz", "test me", "ask me"], FollowUp::Quiz),
];

impl FollowUp {
    /// What a reply asks for.
    pub fn of_reply(reply: &str) -> Self {
        let words: Vec<&str> = reply
            .split(|letter: char| !letter.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        let plain = words.join(" ").to_lowercase();
        let known = PHRASES.iter();
        let mut known = known.filter(|(phrases, _)| phrases.contains(&plain.as_str()));
        match known.next() {
            Some((_, follow_up)) => follow_up.clone(),
            None => Self::Question(reply.trim().to_owned()),
        }
    }
}

impl Conversation {
    /// Adds what was asked and answered; the oldest turn goes where there are too many.
    pub fn remember(&mut self, asked: &Asked, answer: &Answer) {
        let about = match &asked.subject {
            Subject::Topic(words) => About::Topic {
                words: shortened(words),
            },
            Subject::Picture(_) => About::Picture,
            Subject::Entry(id) => About::Entry { id: id.clone() },
        };
        let cited = answer.sources.iter().map(|listed| listed.entry.id.clone());
        self.add(Turn {
            about,
            question: asked.question.as_deref().map(shortened),
            level: asked.level,
            style: asked.style,
            cited: cited.take(MOST_ENTRIES).collect(),
        });
    }

    /// Adds a turn as it is; the oldest goes where there are too many.
    pub(crate) fn add(&mut self, turn: Turn) {
        self.turns.push_back(turn);
        while self.turns.len() > MOST_TURNS {
            self.turns.pop_front();
        }
    }

    /// The turns, the oldest first.
    pub fn turns(&self) -> impl Iterator<Item = &Turn> {
        self.turns.iter()
    }

    /// The last turn; `None` before the first.
    pub fn last(&self) -> Option<&Turn> {
        self.turns.back()
    }

    /// What comes of a follow-up to the last turn; `None` before the first.
    pub fn next(&self, follow_up: FollowUp) -> Option<Next> {
        let last = self.turns.back()?;
        let worded_anew = follow_up == FollowUp::Again;
        let again = |level: Level, question: Option<String>| {
            // A picture that wasn't kept is stood for by what was cited first.
            let subject = match &last.about {
                About::Topic { words } => Subject::Topic(words.clone()),
                About::Entry { id } => Subject::Entry(id.clone()),
                About::Picture => match last.cited.first() {
                    Some(id) => Subject::Entry(id.clone()),
                    None => return Next::Forgotten,
                },
            };
            Next::Explain(Asked {
                subject,
                question,
                level,
                style: last.style,
                worded_anew,
            })
        };
        Some(match follow_up {
            FollowUp::Simpler => again(last.level.simpler(), last.question.clone()),
            FollowUp::Deeper => again(last.level.deeper(), last.question.clone()),
            FollowUp::Again => again(last.level, last.question.clone()),
            FollowUp::Question(question) => again(last.level, Some(question)),
            FollowUp::Show => Next::Show(last.cited.clone()),
            FollowUp::Quiz => Next::Quiz(last.cited.clone()),
        })
    }
}

fn shortened(text: &str) -> String {
    text.trim().chars().take(MOST_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::super::answer::{Kind, Listed};
    use super::super::source::testing::entry;
    use super::*;

    fn answered() -> Answer {
        let mut answer = Answer::without_sentences(Kind::Answered);
        answer.sources = vec![Listed {
            number: 1,
            entry: entry("a", "The pons."),
        }];
        answer
    }

    #[test]
    fn replies_are_follow_ups_or_questions() {
        assert_eq!(FollowUp::of_reply(" Simpler, please! "), FollowUp::Simpler);
        assert_eq!(FollowUp::of_reply("more details?"), FollowUp::Deeper);
        assert_eq!(FollowUp::of_reply("Show me"), FollowUp::Show);
        assert_eq!(FollowUp::of_reply("QUIZ ME"), FollowUp::Quiz);
        assert_eq!(
            FollowUp::of_reply("Show me why it is dark "),
            FollowUp::Question("Show me why it is dark".to_owned())
        );
    }

    #[test]
    fn a_follow_up_takes_the_last_turn() {
        let mut conversation = Conversation::default();
        assert_eq!(conversation.next(FollowUp::Simpler), None);
        conversation.remember(&Asked::topic("pons"), &answered());
        let next = conversation.next(FollowUp::Simpler);
        let expected = Asked {
            level: Level::Lay,
            ..Asked::topic("pons")
        };
        assert_eq!(next, Some(Next::Explain(expected)));
        let shown = conversation.next(FollowUp::Show);
        assert_eq!(shown, Some(Next::Show(vec![EntryId::new("t", "a")])));
        let asked = conversation.next(FollowUp::Question("Where is it?".to_owned()));
        let Some(Next::Explain(asked)) = asked else {
            panic!("a question is explained: {asked:?}");
        };
        assert_eq!(asked.question.as_deref(), Some("Where is it?"));
        assert_eq!(asked.subject, Subject::Topic("pons".to_owned()));
    }

    #[test]
    fn a_picture_is_not_kept_and_its_first_source_stands_for_it() {
        let picture = mirage_models::image_encoder::Rgb::new(1, 1, vec![0; 3]).expect("a pixel");
        let asked = Asked {
            subject: Subject::Picture(picture),
            ..Asked::topic("")
        };
        let mut conversation = Conversation::default();
        let nothing = Answer::without_sentences(Kind::Nothing);
        conversation.remember(&asked, &nothing);
        assert_eq!(conversation.next(FollowUp::Again), Some(Next::Forgotten));
        conversation.remember(&asked, &answered());
        let Some(Next::Explain(again)) = conversation.next(FollowUp::Deeper) else {
            panic!("its source is there");
        };
        assert_eq!(again.subject, Subject::Entry(EntryId::new("t", "a")));
        assert_eq!(again.level, Level::Resident);
    }

    #[test]
    fn memory_is_bounded_and_reads_back() {
        let mut conversation = Conversation::default();
        for number in 0..20 {
            let topic = format!("{number} {}", "x".repeat(400));
            conversation.remember(&Asked::topic(topic), &answered());
        }
        assert_eq!(conversation.turns().count(), MOST_TURNS);
        let json = serde_json::to_string(&conversation).expect("plain data");
        assert!(json.len() < MOST_TURNS * 500, "{}", json.len());
        let read: Conversation = serde_json::from_str(&json).expect("as it was written");
        assert_eq!(read, conversation);
        let Some(Next::Explain(last)) = read.next(FollowUp::Again) else {
            panic!("a topic can be asked again");
        };
        assert!(
            last.worded_anew,
            "the same words once more are no other answer"
        );
        assert!(matches!(last.subject, Subject::Topic(words) if words.starts_with("19 ")));
    }
}
