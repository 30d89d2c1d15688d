//! Moodle's XML (<https://docs.moodle.org/en/Moodle_XML_format>), written: with pictures as files
//! within it, and source and licence in the feedback. What Moodle has no form for becomes the nearest
//! that it has: a point is a choice of one of the cells, an open answer an essay.

use super::super::item::{Item, Task, letter};
use super::base64;
use super::html::{self, escape};
use super::media::{Media, Shown};

/// Writes questions.
pub(super) fn export(items: &[Item], media: &Media<'_>) -> String {
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<quiz>\n".to_owned();
    for (place, item) in items.iter().enumerate() {
        text.push_str(&question(item, media.of_item(place)));
    }
    text.push_str("</quiz>\n");
    text
}

fn question(item: &Item, shown: &[Shown<'_>]) -> String {
    let (kind, body) = body(&item.task);
    let files: Vec<String> = shown
        .iter()
        .map(|picture| {
            format!(
                "<file name=\"{}\" path=\"/\" encoding=\"base64\">{}</file>\n",
                escape(&picture.name),
                base64::encode(&picture.jpeg)
            )
        })
        .collect();
    let stem = html::stem(item, shown, "@@PLUGINFILE@@/");
    let fingerprint = item.fingerprint();
    // Not the stem: names are shown in lists, and must be told apart there.
    let name = format!("{} {}", item.kind().title(), &fingerprint[..8]);
    format!(
        "<question type=\"{kind}\">\n<name><text>{}</text></name>\n\
         <questiontext format=\"html\"><text>{}</text>\n{}</questiontext>\n\
         <generalfeedback format=\"html\"><text>{}</text></generalfeedback>\n\
         <defaultgrade>1</defaultgrade>\n<hidden>0</hidden>\n\
         <idnumber>{fingerprint}</idnumber>\n{body}</question>\n",
        escape(&name),
        cdata(&stem),
        files.concat(),
        cdata(&html::told(item)),
    )
}

/// Moodle's type of a question, and its answers.
fn body(task: &Task) -> (&'static str, String) {
    match task {
        Task::SingleChoice { options, key } => {
            let fraction = |place: usize| if place == *key { 100.0 } else { 0.0 };
            ("multichoice", choices(options, true, true, fraction))
        }
        Task::MultipleChoice { options, keys } => {
            let share = 100.0 / keys.len().max(1) as f64;
            let fraction = |place: usize| if keys.contains(&place) { share } else { -share };
            ("multichoice", choices(options, false, true, fraction))
        }
        Task::WhichPicture { key } => {
            let pictures: Vec<String> = (0..super::super::check::CHOICES)
                .map(|place| format!("Picture {}", letter(place)))
                .collect();
            let fraction = |place: usize| if place == *key { 100.0 } else { 0.0 };
            ("multichoice", choices(&pictures, true, false, fraction))
        }
        Task::Point { boxes, grid, .. } => {
            let cells: Vec<String> = (0..grid.cells()).map(|cell| grid.name(cell)).collect();
            let right = grid.right(boxes);
            let fraction = |place: usize| if right.contains(&place) { 100.0 } else { 0.0 };
            ("multichoice", choices(&cells, true, false, fraction))
        }
        Task::TrueFalse { key } => {
            let answer = |text: &str, is_right: bool| {
                let fraction = if is_right { "100" } else { "0" };
                format!("<answer fraction=\"{fraction}\"><text>{text}</text></answer>\n")
            };
            ("truefalse", answer("true", *key) + &answer("false", !*key))
        }
        Task::ConfusablePair { options, keys } => {
            let pairs: Vec<String> = keys
                .iter()
                .enumerate()
                .map(|(place, key)| {
                    let label = options.get(*key).map(String::as_str).unwrap_or_default();
                    format!(
                        "<subquestion format=\"html\"><text>Picture {}</text>\
                         <answer><text>{}</text></answer></subquestion>\n",
                        letter(place),
                        escape(label)
                    )
                })
                .collect();
            let shuffle = "<shuffleanswers>true</shuffleanswers>\n".to_owned();
            ("matching", shuffle + &pairs.concat())
        }
        Task::OpenAnswer { accepted } => {
            let lines: Vec<String> = accepted.iter().map(|text| escape(text)).collect();
            let graders = format!("<p>{}</p>", lines.join("<br>"));
            let body = format!(
                "<responseformat>plain</responseformat>\n\
                 <graderinfo format=\"html\"><text>{}</text></graderinfo>\n",
                cdata(&graders)
            );
            ("essay", body)
        }
    }
}

fn choices(
    options: &[String],
    is_single: bool,
    is_shuffled: bool,
    fraction: impl Fn(usize) -> f64,
) -> String {
    let answers: Vec<String> = options
        .iter()
        .enumerate()
        .map(|(place, option)| {
            format!(
                "<answer fraction=\"{}\" format=\"html\"><text>{}</text></answer>\n",
                in_percent(fraction(place)),
                cdata(&escape(option))
            )
        })
        .collect();
    format!(
        "<single>{is_single}</single>\n<shuffleanswers>{is_shuffled}</shuffleanswers>\n\
         <answernumbering>ABCD</answernumbering>\n{}",
        answers.concat()
    )
}

/// A share as Moodle's list of shares has it: five places after the point, and none where they are
/// zero.
fn in_percent(share: f64) -> String {
    let text = format!("{share:.5}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn cdata(text: &str) -> String {
    format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_those_of_moodles_list() {
        for (share, text) in [
            (100.0, "100"),
            (0.0, "0"),
            (100.0 / 3.0, "33.33333"),
            (-100.0 / 6.0, "-16.66667"),
            (12.5, "12.5"),
        ] {
            assert_eq!(in_percent(share), text);
        }
    }

    #[test]
    fn the_end_of_a_section_is_not_in_it() {
        let text = cdata("a]]>b");
        assert_eq!(text, "<![CDATA[a]]]]><![CDATA[>b]]>");
        let read = super::super::xml::read(&format!("<a>{text}</a>")).expect("XML");
        assert_eq!(read.text, "a]]>b");
    }
}
