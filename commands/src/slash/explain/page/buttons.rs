//! The menu of sources and the buttons under an explanation: those alone that lead somewhere.

use mirage::explain::{self, About, Answer, Kind, Level, Turn};
use mirage::store::{ExplanationId, StoredExplanation};
use poise::serenity_prelude as serenity;
use serenity::{
    ButtonStyle, CreateActionRow, CreateButton, CreateSelectMenu, CreateSelectMenuKind,
    CreateSelectMenuOption,
};

use crate::describe;
use crate::slash::custom_id::{CustomId, Deed};
use crate::slash::results::truncate;

/// Longest label and description of an option, in UTF-16 units.
const OPTION: usize = 100;
/// Discord's most buttons of a row.
const BUTTONS_A_ROW: usize = 5;

/// All rows of an explanation. `has_given` says whether the picture that was given stands in it.
pub(super) fn rows(
    id: &ExplanationId,
    turn: &Turn,
    answer: &Answer,
    stored: &StoredExplanation,
    has_given: bool,
) -> Vec<CreateActionRow> {
    let buttons = Buttons {
        id,
        turn,
        answer,
        has_concepts: !stored.concepts.is_empty(),
        has_given,
        is_in_server: stored.server != 0,
    };
    let (first, second) = (buttons.follow_ups(), buttons.others());
    let rows = first
        .chunks(BUTTONS_A_ROW)
        .chain(second.chunks(BUTTONS_A_ROW));
    let rows = rows.map(|row| CreateActionRow::Buttons(row.to_vec()));
    buttons.sources().into_iter().chain(rows).collect()
}

struct Buttons<'a> {
    id: &'a ExplanationId,
    turn: &'a Turn,
    answer: &'a Answer,
    has_concepts: bool,
    has_given: bool,
    is_in_server: bool,
}

impl Buttons<'_> {
    /// The menu that opens a source.
    fn sources(&self) -> Option<CreateActionRow> {
        let options: Vec<CreateSelectMenuOption> = self
            .answer
            .sources
            .iter()
            .map(|listed| {
                let entry = &listed.entry;
                let heading = describe::without_turns(&describe::heading(entry));
                let label = format!("[{}] {heading}", listed.number);
                let from = format!("{}, {}", describe::licence(entry), describe::source(entry));
                let from = describe::without_turns(&from);
                CreateSelectMenuOption::new(truncate(&label, OPTION), listed.number.to_string())
                    .description(truncate(&from, OPTION))
            })
            .collect();
        if options.is_empty() {
            return None;
        }
        let kind = CreateSelectMenuKind::String { options };
        let menu = CreateSelectMenu::new(self.deed(Deed::Open), kind)
            .placeholder("Open a source: picture, caption, licence");
        Some(CreateActionRow::SelectMenu(menu))
    }

    /// What goes on from here.
    fn follow_ups(&self) -> Vec<CreateButton> {
        let mut buttons = Vec::new();
        if self.can_go_on() {
            let level = self.turn.level;
            buttons.push(
                self.button(Deed::Simpler, "Simpler")
                    .disabled(level == Level::Lay),
            );
            buttons.push(
                self.button(Deed::Deeper, "Deeper")
                    .disabled(level == Level::Resident),
            );
            buttons.push(self.button(Deed::Ask, "Ask further"));
        }
        if self.can_show() {
            buttons.push(self.button(Deed::Show, "Show me"));
        }
        if self.can_quiz() {
            buttons.push(self.button(Deed::Quiz, "Quiz me"));
        }
        // In the sources' own words the same would come again.
        if self.answer.sentences.iter().any(super::is_by_model) {
            buttons.push(self.button(Deed::Again, "Regenerate"));
        }
        buttons
    }

    fn others(&self) -> Vec<CreateButton> {
        let is_entry = matches!(self.turn.about, About::Entry { .. });
        let mut buttons = Vec::new();
        if is_entry || self.has_concepts {
            buttons.push(self.button(Deed::Why, "Why"));
        }
        if is_entry || self.has_given {
            buttons.push(self.button(Deed::Zoom, "Zoom"));
        }
        buttons.extend(self.outline());
        buttons.push(self.button(Deed::Helpful, "👍 Helpful"));
        buttons.push(self.button(Deed::Unhelpful, "👎 Not helpful"));
        buttons
    }

    /// Shows the first source that has structures with places.
    fn outline(&self) -> Option<CreateButton> {
        let topic = topic(self.turn);
        let mut sources = self.answer.sources.iter();
        let listed =
            sources.find(|listed| !explain::structures(&listed.entry, &topic).is_empty())?;
        let id = CustomId::Outline {
            explanation: self.id.clone(),
            number: listed.number,
        };
        let label = format!("Outline {}", listed.number);
        Some(secondary(id.to_string(), &label))
    }

    /// Whether the same can be explained otherwise: of a picture that wasn't kept what was cited
    /// stands for it.
    fn can_go_on(&self) -> bool {
        let is_known = match self.turn.about {
            About::Picture => !self.answer.sources.is_empty(),
            About::Topic { .. } | About::Entry { .. } => true,
        };
        is_known && self.answer.kind != Kind::Nothing
    }

    /// Whether there are pictures of it to look for. To a personal question none are shown.
    fn can_show(&self) -> bool {
        match (&self.turn.about, self.answer.kind) {
            (_, Kind::Advice { .. }) => false,
            (About::Picture, _) => !self.answer.sources.is_empty(),
            (About::Topic { .. } | About::Entry { .. }, _) => true,
        }
    }

    /// Whether questions about it may be asked: quizzes belong to a server.
    fn can_quiz(&self) -> bool {
        self.is_in_server && self.answer.kind == Kind::Answered && self.can_show()
    }

    fn button(&self, deed: Deed, label: &str) -> CreateButton {
        secondary(self.deed(deed), label)
    }

    fn deed(&self, deed: Deed) -> String {
        let explanation = self.id.clone();
        CustomId::Explained { deed, explanation }.to_string()
    }
}

/// What a turn asks about, in words; empty where it is a picture without a question.
pub(in super::super) fn topic(turn: &Turn) -> String {
    let words = match &turn.about {
        About::Topic { words } => words.as_str(),
        About::Picture | About::Entry { .. } => "",
    };
    let question = turn.question.as_deref().unwrap_or_default();
    format!("{words} {question}").trim().to_owned()
}

fn secondary(custom_id: String, label: &str) -> CreateButton {
    CreateButton::new(custom_id)
        .label(label)
        .style(ButtonStyle::Secondary)
}
