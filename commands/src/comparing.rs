//! What somebody asks to compare, and what is said of it, in plain text: the same in Discord and in
//! a shell. Which options go together is decided here; markup, lengths and layout are the callers'.

use mirage::atlas::EntryId;
use mirage::compare::{Comparison, Concept, Difference, Letter, Mode, Placed, Shown, Subject};

/// What stands below every answer to pictures that were given.
pub(crate) const NOTICE: &str =
    "Pictures that were given are not kept. Don't upload pictures of patients.";
/// What stands beside two pictures that were laid over each other.
pub(crate) const PIXELS: &str = "What differs here are pixels, which is not a finding: position, \
    exposure and technique change them too. Nothing here tells better from worse.";
/// What a difference of words is.
pub(crate) const COUNTED: &str =
    "Words of labels and captions are counted here; nothing is judged.";
/// Places that are named for a concept of a whole side.
const SUPPORTERS: usize = 4;
/// In place of an empty list of concepts.
pub(crate) const NO_CONCEPT: &str = "nothing that their words tell";

/// The options as they were given; `P` is a picture that is not read yet.
#[derive(Debug)]
pub(crate) struct Options<P> {
    pub(crate) a: Option<String>,
    pub(crate) a_image: Option<P>,
    /// An entry in place of `a`.
    pub(crate) like: Option<EntryId>,
    pub(crate) b: Option<String>,
    pub(crate) b_image: Option<P>,
    pub(crate) query: Option<String>,
    pub(crate) query_image: Option<P>,
    pub(crate) add: Option<String>,
    pub(crate) subtract: Option<String>,
    pub(crate) weight_add: Option<f32>,
    pub(crate) weight_subtract: Option<f32>,
    pub(crate) mode: Option<Mode>,
    pub(crate) before: Option<P>,
    pub(crate) after: Option<P>,
}

/// One thing that was given.
#[derive(Debug, PartialEq)]
pub(crate) enum Given<P> {
    Words(String),
    Picture(P),
    Entry(EntryId),
}

/// A comparison that can be made.
#[derive(Debug, PartialEq)]
pub(crate) enum Asked<P> {
    Ideas(Given<P>, Given<P>),
    Sum {
        query: Given<P>,
        add: Option<String>,
        subtract: Option<String>,
        weights: [Option<f32>; 2],
    },
    Mode(Mode, Given<P>),
    OverTime {
        before: P,
        after: P,
    },
}

impl<P> Options<P> {
    /// The comparison that the options ask for. `name` tells how an option is typed.
    ///
    /// # Errors
    /// One sentence for who gave them.
    pub(crate) fn asked(self, name: impl Fn(&str) -> String) -> Result<Asked<P>, String> {
        let has_a = said(self.a.as_ref()) || self.a_image.is_some() || self.like.is_some();
        let has_b = said(self.b.as_ref()) || self.b_image.is_some();
        let has_sum = said(self.query.as_ref())
            || self.query_image.is_some()
            || said(self.add.as_ref())
            || said(self.subtract.as_ref())
            || self.weight_add.is_some()
            || self.weight_subtract.is_some();
        let has_time = self.before.is_some() || self.after.is_some();
        match (has_a || has_b, has_sum, has_time, self.mode) {
            (false, false, false, None) => Err(nothing(&name)),
            (true, false, false, None) => {
                let a = one("a", self.a, self.a_image, self.like, &name)?;
                let b = one("b", self.b, self.b_image, None, &name)?;
                Ok(Asked::Ideas(a, b))
            }
            (_, false, false, Some(mode)) => {
                if has_b {
                    let (mode, a, b) = (name("mode"), name("a"), name("b"));
                    return Err(format!(
                        "{mode} goes with {a} alone: it chooses the other side. Leave out {b}."
                    ));
                }
                let a = one("a", self.a, self.a_image, self.like, &name)?;
                Ok(Asked::Mode(mode, a))
            }
            (false, true, false, None) => {
                let query = one("query", self.query, self.query_image, None, &name)?;
                Ok(Asked::Sum {
                    query,
                    add: self.add,
                    subtract: self.subtract,
                    weights: [self.weight_add, self.weight_subtract],
                })
            }
            (false, false, true, None) => match (self.before, self.after) {
                (Some(before), Some(after)) => Ok(Asked::OverTime { before, after }),
                (None, _) => Err(missing("before", &name)),
                (_, None) => Err(missing("after", &name)),
            },
            _ => Err(format!(
                "Ask for one comparison at a time. {}",
                nothing(&name)
            )),
        }
    }
}

fn said(text: Option<&String>) -> bool {
    text.is_some_and(|text| !text.trim().is_empty())
}

fn nothing(name: &impl Fn(&str) -> String) -> String {
    format!(
        "Say what to compare: {} and {}; or {} with {} or {}; or {} with {}; or {} and {}.",
        name("a"),
        name("b"),
        name("query"),
        name("add"),
        name("subtract"),
        name("mode"),
        name("a"),
        name("before"),
        name("after"),
    )
}

fn missing(option: &str, name: &impl Fn(&str) -> String) -> String {
    format!("{} is missing. {}", name(option), nothing(name))
}

/// The one thing that stands for a side.
fn one<P>(
    option: &str,
    words: Option<String>,
    picture: Option<P>,
    entry: Option<EntryId>,
    name: &impl Fn(&str) -> String,
) -> Result<Given<P>, String> {
    let words = words.filter(|words| !words.trim().is_empty());
    match (words, picture, entry) {
        (Some(words), None, None) => Ok(Given::Words(words)),
        (None, Some(picture), None) => Ok(Given::Picture(picture)),
        (None, None, Some(entry)) => Ok(Given::Entry(entry)),
        (None, None, None) => Err(missing(option, name)),
        _ => Err(format!(
            "{} can be words or a picture, not both. Leave one of them out.",
            name(option)
        )),
    }
}

/// What is said of a picture whose file holds more than was looked at.
pub(crate) fn first_frame(what: &str) -> String {
    format!("The file given for {what} has several frames; only the first is compared.")
}

/// What is said of a comparison once, a sentence each.
pub(crate) fn remarks(comparison: &Comparison, shown: &Shown) -> Vec<String> {
    let mut remarks: Vec<String> = comparison.far.iter().copied().map(far).collect();
    remarks.extend(different_modalities(shown));
    remarks
}

fn far(letter: Letter) -> String {
    format!("Nothing close to the picture of {letter} is in this atlas; these are the nearest.")
}

/// A warning where the columns are of different modalities.
pub(crate) fn different_modalities(shown: &Shown) -> Option<String> {
    let (a, b) = shown.different_modalities()?;
    Some(format!(
        "A is mostly {a} and B mostly {b}: much of what differs is the technique."
    ))
}

/// The names of both sides. `quote` fits what a person typed to where it is read.
pub(crate) fn titles(a: &Subject, b: &Subject, quote: impl Fn(&str) -> String) -> [String; 2] {
    [a.title(&quote), b.title(&quote)]
}

/// Concepts with the pictures that support each, such as `lobe (A1, B3); effusion (B3)`.
pub(crate) fn concepts(concepts: &[Concept]) -> String {
    if concepts.is_empty() {
        return NO_CONCEPT.to_owned();
    }
    let told = concepts.iter().map(|concept| {
        let of_a = concept.a.iter().map(|place| format!("A{place}"));
        let of_b = concept.b.iter().map(|place| format!("B{place}"));
        let supporters: Vec<String> = of_a.chain(of_b).collect();
        format!("{} ({})", concept.name, supporters.join(", "))
    });
    told.collect::<Vec<_>>().join("; ")
}

/// What tells two whole sides apart: a heading with its lines for each side. `show` fits a word to
/// where it is read.
pub(crate) fn difference(
    difference: &Difference,
    show: impl Fn(&str) -> String,
) -> [(&'static str, Vec<String>); 2] {
    let [of_a, of_b] = difference.looked_at;
    let supported = |letter: char, places: &[usize], all: usize| {
        let named = places.iter().take(SUPPORTERS);
        let mut named: Vec<String> = named.map(|place| format!("{letter}{place}")).collect();
        if places.len() > SUPPORTERS {
            named.push("…".to_owned());
        }
        let named = named.join(", ");
        let shown = if named.is_empty() {
            String::new()
        } else {
            format!(" ({named})")
        };
        format!("{} of {all} of {letter}{shown}", places.len())
    };
    let lines = |concepts: &[Concept]| -> Vec<String> {
        let lines = concepts.iter().map(|concept| {
            let a = supported('A', &concept.a, of_a);
            let b = supported('B', &concept.b, of_b);
            format!("{}: {a}, {b}", show(&concept.name))
        });
        let lines: Vec<String> = lines.collect();
        if lines.is_empty() {
            return vec![NO_CONCEPT.to_owned()];
        }
        lines
    };
    [
        ("More in A", lines(&difference.more_in_a)),
        ("More in B", lines(&difference.more_in_b)),
    ]
}

/// Alt text of the panel: each picture's own, `room` characters in all at most.
pub(crate) fn alt_text(titles: &[String; 2], shown: &Shown, room: usize) -> String {
    let pictures = (shown.a.len() + shown.b.len()).max(1);
    let titles: Vec<String> = titles.iter().map(|title| cut(title, room / 10)).collect();
    let head = "Two columns of pictures. ";
    // The titles, their letters and signs, and the labels of the pictures take some of it.
    let fixed = head.len()
        + titles
            .iter()
            .map(|title| title.chars().count() + 8)
            .sum::<usize>();
    let each = room.saturating_sub(fixed) / pictures;
    let column = |letter: char, title: &str, placed: &[Placed]| {
        let told = placed.iter().map(|placed| {
            let label = format!("{letter}{}: ", placed.place);
            let alt = placed.entry.alt_text();
            let room = each.saturating_sub(label.len() + 1);
            format!("{label}{}", cut(&alt, room))
        });
        let told: Vec<String> = told.collect();
        let told = if told.is_empty() {
            "nothing found".to_owned()
        } else {
            told.join(" ")
        };
        format!("{letter}, {title}. {told}")
    };
    let [a, b] = [
        column('A', &titles[0], &shown.a),
        column('B', &titles[1], &shown.b),
    ];
    format!("{head}{a} {b}")
}

/// At most so many characters, with an ellipsis where it was cut.
fn cut(text: &str, limit: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= limit {
        return text;
    }
    let mut short: String = text.chars().take(limit.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// What is said of two pictures that were laid over each other: how, and what to beware of.
pub(crate) fn over_time(
    [before, after]: [(u32, u32); 2],
    fit: &mirage::compare::Fit,
    modalities: [Option<&str>; 2],
) -> Vec<String> {
    let (right, down) = fit.shift;
    let toward = |shift: f32, positive: &str, negative: &str| {
        let way = if shift < 0.0 { negative } else { positive };
        format!("{:.0} pixels {way}", shift.abs())
    };
    let mut told = vec![
        PIXELS.to_owned(),
        format!(
            "To lie on the first, the second picture was moved {} and {}, and scaled by {:.2}.",
            toward(right, "right", "left"),
            toward(down, "down", "up"),
            fit.scale
        ),
    ];
    if before != after {
        told.push(format!(
            "They differ in size ({} by {} and {} by {} pixels), so both were brought to one height.",
            before.0, before.1, after.0, after.1
        ));
    }
    told.extend(different_techniques(modalities));
    told
}

/// A warning where two pictures look as if they were of different modalities.
pub(crate) fn different_techniques([first, second]: [Option<&str>; 2]) -> Option<String> {
    let (first, second) = (first?, second?);
    (!first.eq_ignore_ascii_case(second)).then(|| {
        format!(
            "The first looks like {first} and the second like {second}, by the pictures that are \
             nearest in the atlas: pixels of different techniques don't compare."
        )
    })
}

#[cfg(test)]
mod tests;
