//! What the buttons, menus and forms of quizzes carry: all that is needed to answer them after a
//! restart. Who pressed is checked where they are answered, not here.

use std::fmt;

use mirage::quiz::Step;
use mirage::store::quiz::{ItemId, ItemState, SessionId};

/// Longest words that a button carries along, in characters.
pub(crate) const LONGEST_WORDS: usize = 50;
/// Discord's longest id.
const LONGEST: usize = 100;

/// The meaning of a button, a menu or a form. A question of a session is named by its session and
/// its place, from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum QuizId {
    /// Answer with what stands at a place.
    Answer(SessionId, usize, usize),
    /// Answer with what is chosen in the menu.
    Choose(SessionId, usize),
    /// Show the cells of the grid.
    Grid(SessionId, usize),
    /// Open the form for an open answer; also the form itself.
    Write(SessionId, usize),
    /// A tutor's step, for the revision that the button was drawn for.
    Step(SessionId, i64, Step),
    /// Be named on the board, or not.
    Name(SessionId, bool),
    /// Show what who presses missed: its number, from 0.
    Missed(SessionId, usize),
    /// Make what who presses missed due in practice.
    Again(SessionId),
    /// Show the next open answer that waits for its mark.
    Marks(SessionId, usize),
    /// Give an open answer its mark, in thousandths.
    Mark(SessionId, usize, u64, u32),
    /// Decide on a question of the bank in the revision that the button was drawn for.
    Review(ItemId, i64, Act),
    /// Show the bank from a place on.
    Bank(BankView),
    /// Open the question that is chosen in the menu.
    Open,
    /// Answer in practice: the question, how often it had been answered, what stands at a place.
    Practise(ItemId, i64, usize, Topic),
    /// The same with what is chosen in the menu.
    PractiseMenu(ItemId, i64, Topic),
    /// Call the right answer in practice easy that was the latest of so many.
    Easy(ItemId, i64, Topic),
    /// Go on to the next question in practice.
    Further(Topic),
}

/// What a tutor does with a question of the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Approve,
    Edit,
    Reject,
    Redraft,
    Retire,
    Restore,
    Repost,
}

impl Act {
    const ALL: [Self; 7] = [
        Self::Approve,
        Self::Edit,
        Self::Reject,
        Self::Redraft,
        Self::Retire,
        Self::Restore,
        Self::Repost,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Edit => "edit",
            Self::Reject => "reject",
            Self::Redraft => "redraft",
            Self::Retire => "retire",
            Self::Restore => "restore",
            Self::Repost => "repost",
        }
    }
}

/// A stretch of the bank.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BankView {
    /// Those of this state.
    pub(crate) state: Option<ItemState>,
    /// How many to pass over.
    pub(crate) offset: u32,
    /// Those that hold these words.
    pub(crate) words: String,
}

/// What is practised.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Topic {
    /// Whether due questions come first; else there are new ones alone.
    pub(crate) has_due: bool,
    /// Those that hold these words; all where it is empty.
    pub(crate) words: String,
}

impl QuizId {
    /// Reads what stands behind `quiz:`. `None` for anything that Mirage never wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        let parsed = read(&mut rest)?;
        // Whatever is left over, or written otherwise, was not written here.
        (parsed.rest() == text).then_some(parsed)
    }

    /// What stands behind `quiz:`.
    fn rest(&self) -> String {
        match self {
            Self::Answer(session, place, choice) => format!("answer:{session}:{place}:{choice}"),
            Self::Choose(session, place) => format!("choose:{session}:{place}"),
            Self::Grid(session, place) => format!("grid:{session}:{place}"),
            Self::Write(session, place) => format!("write:{session}:{place}"),
            Self::Step(session, revision, step) => {
                format!("step:{session}:{revision}:{}", step.name())
            }
            Self::Name(session, true) => format!("name:{session}:show"),
            Self::Name(session, false) => format!("name:{session}:hide"),
            Self::Missed(session, number) => format!("missed:{session}:{number}"),
            Self::Again(session) => format!("again:{session}"),
            Self::Marks(session, place) => format!("marks:{session}:{place}"),
            Self::Mark(session, place, user, mark) => {
                format!("mark:{session}:{place}:{user}:{mark}")
            }
            Self::Review(item, revision, act) => {
                format!("review:{item}:{revision}:{}", act.name())
            }
            Self::Bank(view) => {
                let state = view.state.map_or("all", ItemState::name);
                format!("bank:{state}:{}:{}", view.offset, view.words)
            }
            Self::Open => "open".to_owned(),
            Self::Practise(item, seen, choice, topic) => {
                let way = topic.way();
                format!("practise:{item}:{seen}:{choice}:{way}:{}", topic.words)
            }
            Self::PractiseMenu(item, seen, topic) => {
                format!("menu:{item}:{seen}:{}:{}", topic.way(), topic.words)
            }
            Self::Easy(item, seen, topic) => {
                format!("easy:{item}:{seen}:{}:{}", topic.way(), topic.words)
            }
            Self::Further(topic) => format!("further:{}:{}", topic.way(), topic.words),
        }
    }
}

impl Topic {
    fn way(&self) -> &'static str {
        if self.has_due { "due" } else { "new" }
    }

    fn read(rest: &mut &str) -> Option<Self> {
        let has_due = match next(rest) {
            "due" => true,
            "new" => false,
            _ => return None,
        };
        Some(Self {
            has_due,
            words: std::mem::take(rest).to_owned(),
        })
    }
}

/// Words as a button can carry them: cut, on one line.
pub(crate) fn carried(words: &str) -> String {
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = line.chars().take(LONGEST_WORDS).collect();
    cut.trim_end().to_owned()
}

fn read(rest: &mut &str) -> Option<QuizId> {
    Some(match next(rest) {
        "answer" => QuizId::Answer(session(rest)?, number(rest)?, number(rest)?),
        "choose" => QuizId::Choose(session(rest)?, number(rest)?),
        "grid" => QuizId::Grid(session(rest)?, number(rest)?),
        "write" => QuizId::Write(session(rest)?, number(rest)?),
        "step" => QuizId::Step(session(rest)?, number(rest)?, Step::parse(next(rest))?),
        "name" => QuizId::Name(session(rest)?, is_shown(next(rest))?),
        "missed" => QuizId::Missed(session(rest)?, number(rest)?),
        "again" => QuizId::Again(session(rest)?),
        "marks" => QuizId::Marks(session(rest)?, number(rest)?),
        "mark" => QuizId::Mark(session(rest)?, number(rest)?, number(rest)?, number(rest)?),
        "review" => QuizId::Review(item(rest)?, number(rest)?, act(next(rest))?),
        "bank" => QuizId::Bank(BankView {
            state: state(next(rest))?,
            offset: number(rest)?,
            words: std::mem::take(rest).to_owned(),
        }),
        "open" => QuizId::Open,
        "practise" => QuizId::Practise(
            item(rest)?,
            number(rest)?,
            number(rest)?,
            Topic::read(rest)?,
        ),
        "menu" => QuizId::PractiseMenu(item(rest)?, number(rest)?, Topic::read(rest)?),
        "easy" => QuizId::Easy(item(rest)?, number(rest)?, Topic::read(rest)?),
        "further" => QuizId::Further(Topic::read(rest)?),
        _ => return None,
    })
}

/// Takes what stands before the next colon.
fn next<'a>(rest: &mut &'a str) -> &'a str {
    let text = *rest;
    let (head, tail) = text.split_once(':').unwrap_or((text, ""));
    *rest = tail;
    head
}

fn number<T: std::str::FromStr>(rest: &mut &str) -> Option<T> {
    next(rest).parse().ok()
}

fn session(rest: &mut &str) -> Option<SessionId> {
    SessionId::parse(next(rest))
}

fn item(rest: &mut &str) -> Option<ItemId> {
    ItemId::parse(next(rest))
}

fn act(name: &str) -> Option<Act> {
    Act::ALL.into_iter().find(|act| act.name() == name)
}

fn is_shown(name: &str) -> Option<bool> {
    match name {
        "show" => Some(true),
        "hide" => Some(false),
        _ => None,
    }
}

/// The outer `None` is for no state at all.
fn state(name: &str) -> Option<Option<ItemState>> {
    if name == "all" {
        return Some(None);
    }
    let state = ItemState::ALL
        .into_iter()
        .find(|state| state.name() == name);
    state.map(Some)
}

impl fmt::Display for QuizId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Numbers of many digits leave less room for words.
        let id = format!("quiz:{}", self.rest());
        formatter.write_str(&id.chars().take(LONGEST).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(number: &str) -> SessionId {
        SessionId::parse(number).expect("a number")
    }

    fn item(number: &str) -> ItemId {
        ItemId::parse(number).expect("a number")
    }

    fn topic(words: &str) -> Topic {
        Topic {
            has_due: true,
            words: words.to_owned(),
        }
    }

    #[test]
    fn everything_reads_back_and_fits() {
        let (session, item) = (session("999999999999"), item("999999999999"));
        let words = "x".repeat(LONGEST_WORDS);
        for id in [
            QuizId::Answer(session, 99, 24),
            QuizId::Choose(session, 99),
            QuizId::Grid(session, 99),
            QuizId::Write(session, 99),
            QuizId::Step(session, 9_999_999, Step::Resume),
            QuizId::Name(session, true),
            QuizId::Name(session, false),
            QuizId::Missed(session, 99),
            QuizId::Again(session),
            QuizId::Marks(session, 99),
            QuizId::Mark(session, 99, u64::MAX, 1_000),
            QuizId::Review(item, 9_999, Act::Redraft),
            QuizId::Review(item, 9_999, Act::Repost),
            QuizId::Bank(BankView {
                state: Some(ItemState::Approved),
                offset: 1_000_000,
                words: words.clone(),
            }),
            QuizId::Bank(BankView::default()),
            QuizId::Open,
            QuizId::Practise(item, 9_999, 24, topic(&words)),
            QuizId::Practise(item, 0, 0, topic("brain: axial")),
            QuizId::PractiseMenu(item, 9_999, Topic::default()),
            QuizId::Easy(item, 9_999, topic(&words)),
            QuizId::Further(topic(&words)),
        ] {
            let text = id.to_string();
            assert!(text.chars().count() <= 100, "{text}");
            let rest = text.strip_prefix("quiz:").expect("its first word");
            assert_eq!(QuizId::parse(rest), Some(id));
        }
    }

    #[test]
    fn foreign_text_is_nothing_of_a_quiz() {
        for text in [
            "",
            "answer",
            "answer:1:0",
            "answer:1:0:0:0",
            "answer:1:0:-1",
            "answer:01:0:0",
            "answer:0:0:0",
            "answer:1:0:0:",
            "step:1:1:time_up",
            "step:1:1:explode",
            "name:1:maybe",
            "mark:1:0:1",
            "review:1:1:delete",
            "bank:some:0:",
            "further:old:",
            "easy:1:1:old:",
            "easy:1:+1:due:",
            "answer:1:0:18446744073709551616",
            "review:1:9223372036854775808:approve",
            "Answer:1:0:0",
            " open",
            "open:1",
        ] {
            assert_eq!(QuizId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn words_are_cut_to_what_a_button_carries() {
        assert_eq!(carried("  brain \n axial "), "brain axial");
        assert_eq!(carried(&"ä".repeat(500)).chars().count(), LONGEST_WORDS);
    }
}
