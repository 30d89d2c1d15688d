//! What a tutor learns from the answers: each item's figures where enough people answered, which
//! distractors nobody takes, and what should be looked at. It judges items, never people.

use serde::Serialize;

use super::answer::{Answer, score};
use super::item::{Item, Task, letter};
use super::statistics::{choices, corrected_point_biserial, difficulty, discrimination, kr20};

/// Answers from which on shares are shown: of fewer, a share says more of one person than of an
/// item.
pub const LEAST_FOR_SHARES: usize = 10;
/// People from which on correlations are shown. Their standard error is about 1 / √N.
pub const LEAST_FOR_CORRELATIONS: usize = 20;
/// A distractor that fewer choose does nothing (Haladyna and Downing, 1993, "How many options is
/// enough for a multiple-choice test item?", Educ. Psychol. Meas. 53).
const FUNCTIONAL: f64 = 0.05;
/// Nearly everybody is right above this.
const TOO_EASY: f64 = 0.95;

/// Somebody's answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// Who answered: a number that is theirs within the analysis and says nothing of them.
    pub person: usize,
    /// What they answered.
    pub answer: Answer,
    /// The tutor's mark of an open answer, 0 to 1.
    pub mark: Option<f64>,
}

/// An item with all answers to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Its number in the bank.
    pub id: i64,
    /// The item.
    pub item: Item,
    /// The answers, one a person.
    pub responses: Vec<Response>,
}

/// How often something was chosen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Choice {
    /// What can be chosen.
    pub text: String,
    /// Whether it is right.
    pub is_key: bool,
    /// How many chose it.
    pub count: usize,
    /// The same as a share of the answers; hidden where few answered.
    pub share: Option<f64>,
}

/// What should be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Remark {
    /// Who is good at the rest gets this wrong: the key may be wrong.
    NegativeDiscrimination,
    /// A wrong answer is chosen more often than the key.
    DistractorBeatsKey(String),
    /// Nearly everybody is right.
    TooEasy,
    /// Fewer are right than would be by guessing.
    BelowChance,
    /// Distractors that hardly anybody takes.
    UnusedDistractors(Vec<String>),
}

impl Remark {
    /// What it suggests, as a sentence.
    pub fn sentence(&self) -> String {
        match self {
            Self::NegativeDiscrimination => {
                "Who does well elsewhere gets this wrong: check the key, or retire it.".to_owned()
            }
            Self::DistractorBeatsKey(text) => {
                format!(
                    "“{text}” is chosen more often than the key: check the key and the wording."
                )
            }
            Self::TooEasy => {
                "Nearly everybody is right: retire it, or keep it to warm up.".to_owned()
            }
            Self::BelowChance => {
                "Fewer are right than by guessing: check the key and the picture.".to_owned()
            }
            Self::UnusedDistractors(texts) => {
                format!(
                    "Hardly anybody chooses {}: replace it or leave it out.",
                    texts.join(", ")
                )
            }
        }
    }
}

/// An item's figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ItemFigures {
    /// Its number in the bank.
    pub id: i64,
    /// What is asked.
    pub stem: String,
    /// How many answered.
    pub answers: usize,
    /// Mean score, 0 to 1: the higher, the easier.
    pub difficulty: Option<f64>,
    /// Discrimination index of the upper and lower 27 %, −1 to 1.
    pub discrimination: Option<f64>,
    /// Correlation with the rest of the set, −1 to 1.
    pub point_biserial: Option<f64>,
    /// What was chosen how often.
    pub choices: Vec<Choice>,
    /// What should be looked at.
    pub remarks: Vec<Remark>,
}

/// Why there is no KR-20.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoReliability {
    /// Fewer than two items were asked.
    FewItems,
    /// An item has partial scores or is marked by hand.
    NotDichotomous,
    /// Not everybody answered every item.
    NotAllAnswered,
    /// Too few people for it to mean much.
    FewPeople,
    /// All totals are the same.
    NoVariance,
}

impl NoReliability {
    /// The reason, as a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::FewItems => "KR-20 needs two questions at least.",
            Self::NotDichotomous => {
                "KR-20 is for questions that are right or wrong; this set has others too."
            }
            Self::NotAllAnswered => "KR-20 needs everybody to have answered every question.",
            Self::FewPeople => "Too few people answered for KR-20.",
            Self::NoVariance => "Everybody has the same total, so KR-20 says nothing.",
        }
    }
}

/// The analysis of a set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Analysis {
    /// People who answered anything.
    pub people: usize,
    /// People who answered everything; correlations are theirs.
    pub complete: usize,
    /// KR-20, where it is allowed.
    pub kr20: Option<f64>,
    /// Why there is none.
    pub no_kr20: Option<NoReliability>,
    /// Each item, in the order asked.
    pub items: Vec<ItemFigures>,
}

impl Analysis {
    /// Analyses items that were asked together. Persons are numbered from 0.
    pub fn of(asked: &[Asked]) -> Self {
        let scores = Scores::of(asked);
        let complete = scores.complete();
        let (kr20, no_kr20) = match reliability(asked, &scores, &complete) {
            Ok(found) => (Some(found), None),
            Err(reason) => (None, Some(reason)),
        };
        Self {
            people: scores.people(),
            complete: complete.len(),
            kr20,
            no_kr20,
            items: asked
                .iter()
                .enumerate()
                .map(|(number, asked)| figures(asked, number, &scores, &complete))
                .collect(),
        }
    }

    /// A table for a spreadsheet, with a line a choice and the item's figures on each.
    pub fn csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let shown =
            |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.3}"));
        let header = [
            "item",
            "stem",
            "answers",
            "difficulty",
            "discrimination",
            "point_biserial",
            "choice",
            "is_key",
            "count",
            "share",
            "remarks",
        ];
        // Writing to memory doesn't fail.
        writer.write_record(header).ok();
        for item in &self.items {
            let remarks: Vec<String> = item.remarks.iter().map(Remark::sentence).collect();
            let nothing = Choice {
                text: String::new(),
                is_key: false,
                count: 0,
                share: None,
            };
            let choices = if item.choices.is_empty() {
                std::slice::from_ref(&nothing)
            } else {
                item.choices.as_slice()
            };
            for choice in choices {
                let record = [
                    item.id.to_string(),
                    super::exchange::not_a_formula(&item.stem),
                    item.answers.to_string(),
                    shown(item.difficulty),
                    shown(item.discrimination),
                    shown(item.point_biserial),
                    super::exchange::not_a_formula(&choice.text),
                    choice.is_key.to_string(),
                    choice.count.to_string(),
                    shown(choice.share),
                    remarks.join(" "),
                ];
                writer.write_record(record).ok();
            }
        }
        let bytes = writer.into_inner().unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Scores by item and person; nothing where somebody did not answer, or no mark was given.
struct Scores(Vec<Vec<Option<f64>>>);

impl Scores {
    fn of(asked: &[Asked]) -> Self {
        let everybody = asked.iter().flat_map(|asked| &asked.responses);
        let people = everybody
            .map(|response| response.person + 1)
            .max()
            .unwrap_or(0);
        let of_item = |asked: &Asked| {
            let mut scores = vec![None; people];
            for response in &asked.responses {
                let by_key = score(&asked.item.task, &response.answer);
                scores[response.person] = by_key.or(response.mark);
            }
            scores
        };
        Self(asked.iter().map(of_item).collect())
    }

    /// How many people have a score anywhere.
    fn people(&self) -> usize {
        let people = self.0.first().map_or(0, Vec::len);
        let answered = |person: &usize| self.0.iter().any(|item| item[*person].is_some());
        (0..people).filter(answered).count()
    }

    /// People who have a score everywhere.
    fn complete(&self) -> Vec<usize> {
        let people = self.0.first().map_or(0, Vec::len);
        let all = |person: &usize| self.0.iter().all(|item| item[*person].is_some());
        (0..people).filter(all).collect()
    }

    fn of_person(&self, item: usize, person: usize) -> f64 {
        self.0[item][person].unwrap_or_default()
    }

    fn total(&self, person: usize) -> f64 {
        self.0.iter().filter_map(|item| item[person]).sum()
    }
}

fn reliability(asked: &[Asked], scores: &Scores, complete: &[usize]) -> Result<f64, NoReliability> {
    if asked.len() < 2 {
        return Err(NoReliability::FewItems);
    }
    let is_right_or_wrong = |asked: &Asked| {
        asked.item.task.is_scored_by_key()
            && !matches!(asked.item.task, Task::MultipleChoice { .. })
    };
    if !asked.iter().all(is_right_or_wrong) {
        return Err(NoReliability::NotDichotomous);
    }
    if complete.len() < scores.people() {
        return Err(NoReliability::NotAllAnswered);
    }
    if complete.len() < LEAST_FOR_CORRELATIONS {
        return Err(NoReliability::FewPeople);
    }
    let row = |person: &usize| {
        let items = 0..asked.len();
        let rights = items.map(|item| scores.of_person(item, *person) >= 1.0);
        rights.collect::<Vec<bool>>()
    };
    let rows: Vec<Vec<bool>> = complete.iter().map(row).collect();
    kr20(&rows).ok_or(NoReliability::NoVariance)
}

fn figures(asked: &Asked, number: usize, scores: &Scores, complete: &[usize]) -> ItemFigures {
    let given: Vec<f64> = scores.0[number].iter().copied().flatten().collect();
    let difficulty = difficulty(&given).filter(|_| given.len() >= LEAST_FOR_SHARES);
    let (mut discriminates, mut correlates) = (None, None);
    if complete.len() >= LEAST_FOR_CORRELATIONS && scores.0.len() > 1 {
        let of_item = |person: &usize| scores.of_person(number, *person);
        let of_item: Vec<f64> = complete.iter().map(of_item).collect();
        let totals: Vec<f64> = complete
            .iter()
            .map(|person| scores.total(*person))
            .collect();
        discriminates = discrimination(&of_item, &totals);
        correlates = corrected_point_biserial(&of_item, &totals);
    }
    let choices = chosen(asked);
    let mut figures = ItemFigures {
        id: asked.id,
        stem: asked.item.stem.clone(),
        answers: asked.responses.len(),
        difficulty,
        discrimination: discriminates,
        point_biserial: correlates,
        choices,
        remarks: Vec::new(),
    };
    figures.remarks = remarks(&asked.item.task, &figures);
    figures
}

/// What was chosen how often; nothing for open answers.
fn chosen(asked: &Asked) -> Vec<Choice> {
    let task = &asked.item.task;
    let (texts, keys): (Vec<String>, Vec<usize>) = match task {
        Task::SingleChoice { options, key } => (options.clone(), vec![*key]),
        Task::MultipleChoice { options, keys } => (options.clone(), keys.clone()),
        Task::TrueFalse { key } => (
            vec!["True".to_owned(), "False".to_owned()],
            vec![usize::from(!key)],
        ),
        Task::WhichPicture { key } => {
            let pictures = 0..asked.item.pictures.len();
            let texts = pictures.map(|place| format!("Picture {}", letter(place)));
            (texts.collect(), vec![*key])
        }
        Task::ConfusablePair { options, keys } => {
            let both = |first: usize, second: usize| {
                format!("A {}, B {}", options[first], options[second])
            };
            let texts = vec![both(0, 0), both(0, 1), both(1, 0), both(1, 1)];
            (texts, vec![keys[0] * 2 + keys[1]])
        }
        Task::Point { boxes, grid, .. } => {
            let texts = (0..grid.cells()).map(|cell| grid.name(cell));
            (texts.collect(), grid.right(boxes))
        }
        Task::OpenAnswer { .. } => (Vec::new(), Vec::new()),
    };
    let places = asked
        .responses
        .iter()
        .flat_map(|response| match &response.answer {
            Answer::One { option } => vec![*option],
            Answer::Several { options } => options.iter().copied().collect(),
            Answer::Truth { value } => vec![usize::from(!value)],
            Answer::Pair { labels } => vec![labels[0] * 2 + labels[1]],
            Answer::Cell { cell } => vec![*cell],
            Answer::Text { .. } => Vec::new(),
        });
    let counts = choices(places, texts.len());
    let answers = asked.responses.len();
    let shown = |count: usize| (answers >= LEAST_FOR_SHARES).then(|| count as f64 / answers as f64);
    let rows = texts.into_iter().zip(counts).enumerate();
    rows.map(|(place, (text, count))| Choice {
        text,
        is_key: keys.contains(&place),
        count,
        share: shown(count),
    })
    .collect()
}

fn remarks(task: &Task, figures: &ItemFigures) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let is_below = |figure: Option<f64>| figure.is_some_and(|figure| figure < 0.0);
    if is_below(figures.discrimination) || is_below(figures.point_biserial) {
        remarks.push(Remark::NegativeDiscrimination);
    }
    let Some(difficulty) = figures.difficulty else {
        return remarks;
    };
    let one_is_right = matches!(
        task,
        Task::SingleChoice { .. } | Task::TrueFalse { .. } | Task::WhichPicture { .. }
    );
    let key = figures.choices.iter().find(|choice| choice.is_key);
    let key = key.map_or(0, |choice| choice.count);
    let beats = figures
        .choices
        .iter()
        .filter(|choice| !choice.is_key && choice.count > key);
    if one_is_right && let Some(choice) = beats.max_by_key(|choice| choice.count) {
        remarks.push(Remark::DistractorBeatsKey(choice.text.clone()));
    }
    if difficulty > TOO_EASY {
        remarks.push(Remark::TooEasy);
    } else if difficulty < by_guessing(task) {
        remarks.push(Remark::BelowChance);
    }
    // Cells of a grid and combinations of a pair are no distractors that somebody wrote.
    let has_distractors = matches!(
        task,
        Task::SingleChoice { .. } | Task::MultipleChoice { .. } | Task::WhichPicture { .. }
    );
    let unused: Vec<String> = figures
        .choices
        .iter()
        .filter(|choice| !choice.is_key && choice.share.is_some_and(|share| share < FUNCTIONAL))
        .map(|choice| choice.text.clone())
        .collect();
    if has_distractors && !unused.is_empty() {
        remarks.push(Remark::UnusedDistractors(unused));
    }
    remarks
}

/// The share of right answers that guessing reaches.
fn by_guessing(task: &Task) -> f64 {
    match task {
        Task::SingleChoice { options, .. } => 1.0 / options.len().max(1) as f64,
        Task::TrueFalse { .. } => 0.5,
        Task::WhichPicture { .. } | Task::ConfusablePair { .. } => 0.25,
        Task::Point { boxes, grid, .. } => {
            grid.right(boxes).len() as f64 / grid.cells().max(1) as f64
        }
        Task::MultipleChoice { .. } | Task::OpenAnswer { .. } => 0.0,
    }
}

#[cfg(test)]
mod tests;
