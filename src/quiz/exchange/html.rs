//! HTML as Anki and Moodle show it, and back: questions in paragraphs, and the plain text of what
//! somebody wrote elsewhere.

use super::super::item::{Item, Task, letter};
use super::cells::one_line;
use super::media::Shown;

/// A text that stands in HTML or XML for itself.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // XML 1.0 has no place for these.
            letter if letter.is_control() && !matches!(letter, '\n' | '\t' | '\r') => {}
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// The stem with its pictures; `folder` stands before the names of files.
pub(super) fn stem(item: &Item, shown: &[Shown<'_>], folder: &str) -> String {
    let mut parts = vec![paragraph(&item.stem)];
    for (place, picture) in shown.iter().enumerate() {
        let (name, alt) = (escape(&picture.name), escape(picture.alt));
        let title = if shown.len() > 1 {
            format!("Picture {}:<br>", letter(place))
        } else {
            String::new()
        };
        parts.push(format!(
            r#"<p>{title}<img src="{folder}{name}" alt="{alt}"></p>"#
        ));
    }
    parts.concat()
}

/// What can be chosen, as a list; nothing where that is plain.
pub(super) fn choices(task: &Task) -> String {
    let list = |texts: &[String]| {
        let lines: Vec<String> = texts
            .iter()
            .enumerate()
            .map(|(place, text)| format!("{}. {}", letter(place), escape(text)))
            .collect();
        format!("<p>{}</p>", lines.join("<br>"))
    };
    match task {
        Task::SingleChoice { options, .. } | Task::MultipleChoice { options, .. } => list(options),
        Task::ConfusablePair { options, .. } => list(options),
        Task::TrueFalse { .. } => paragraph("True or false?"),
        Task::WhichPicture { .. } | Task::Point { .. } | Task::OpenAnswer { .. } => String::new(),
    }
}

/// What is told after the answer: why it is right, and where the pictures come from.
pub(super) fn told(item: &Item) -> String {
    let mut parts = Vec::new();
    if !item.rationale.trim().is_empty() {
        parts.push(paragraph(&item.rationale));
    }
    for source in &item.sources {
        let known = &source.provenance;
        let mut line = format!("{}. Licence: {}.", known.source, known.licence);
        for more in [&known.attribution, &known.source_url]
            .into_iter()
            .flatten()
        {
            line = format!("{line} {more}");
        }
        parts.push(format!(
            "<p><small>{}</small></p>",
            escape(&one_line(&line))
        ));
    }
    parts.push("<p><small>For study, not for diagnosis.</small></p>".to_owned());
    parts.concat()
}

fn paragraph(text: &str) -> String {
    let lines: Vec<String> = text.trim().lines().map(escape).collect();
    format!("<p>{}</p>", lines.join("<br>"))
}

/// The plain text of HTML: without its tags, on one line.
pub(super) fn to_text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        text.push_str(&rest[..start]);
        let after = &rest[start + 1..];
        let is_tag = after.starts_with(|sign: char| sign.is_alphabetic() || "/!?".contains(sign));
        match after.find('>').filter(|_| is_tag) {
            Some(end) => {
                // Words on both sides of a tag such as <br> are two words; of <b> it does no harm
                // to most texts.
                if is_break(&after[..end]) {
                    text.push(' ');
                }
                rest = &after[end + 1..];
            }
            None => {
                text.push('<');
                rest = after;
            }
        }
    }
    text.push_str(rest);
    one_line(&unescape(&text))
}

/// Whether a tag parts words.
fn is_break(tag: &str) -> bool {
    let name: String = tag
        .trim_start_matches('/')
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    matches!(
        name.to_lowercase().as_str(),
        "br" | "p" | "div" | "li" | "ul" | "ol" | "td" | "tr" | "h1" | "h2" | "h3" | "h4"
    )
}

/// Whether HTML shows a picture.
pub(super) fn has_picture(html: &str) -> bool {
    let html = html.to_lowercase();
    ["<img", "@@pluginfile@@", "<svg", "<object"]
        .iter()
        .any(|sign| html.contains(sign))
}

/// A text whose named and numbered letters stand for themselves.
pub(super) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        plain.push_str(&rest[..start]);
        let after = &rest[start + 1..];
        let named = after.find(';').filter(|end| *end <= 10);
        let letter = named.and_then(|end| named_letter(&after[..end]).map(|letter| (letter, end)));
        match letter {
            Some((letter, end)) => {
                plain.push(letter);
                rest = &after[end + 1..];
            }
            None => {
                plain.push('&');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain
}

fn named_letter(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => {
            let number = name.strip_prefix('#')?;
            let number = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            number.ok().and_then(char::from_u32)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_back_from_html() {
        for text in [
            "a < b & c > d",
            "\"quoted\" 'x'",
            "ünï 🩻",
            "x &amp; y",
            "5 <6",
        ] {
            assert_eq!(to_text(&escape(text)), text);
        }
        assert_eq!(
            to_text("<p>One<br/>two</p><p>th<b>re</b>e&nbsp;&#x41;</p>"),
            "One two three A"
        );
        assert_eq!(to_text("a <b"), "a <b");
        assert_eq!(unescape("&unknown; &#9999999; &"), "&unknown; &#9999999; &");
    }

    #[test]
    fn pictures_are_seen_in_html() {
        assert!(has_picture(r#"<p><IMG src="x"></p>"#));
        assert!(!has_picture("an image"));
    }
}
