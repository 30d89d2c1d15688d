//! Pages of quizzes as messages of a channel. What stands on them is decided elsewhere, and nothing
//! is sent here.

use poise::serenity_prelude as serenity;
use serenity::{CreateMessage, EditAttachments, EditInteractionResponse, EditMessage, Nonce};

use crate::slash::results::Page;

/// A new message. Discord drops a second one of the same nonce, so that a crash between sending and
/// noting it is not seen.
pub(super) fn message(page: Page, nonce: Option<String>) -> CreateMessage {
    let message = CreateMessage::new()
        .content(page.content)
        .embeds(page.embeds)
        .components(page.rows)
        .files(page.pictures);
    match nonce {
        Some(nonce) => message.nonce(Nonce::String(nonce)).enforce_nonce(true),
        None => message,
    }
}

/// A message in place of an earlier one; that one's pictures go.
pub(super) fn edit(page: Page) -> EditMessage {
    let mut attachments = EditAttachments::new();
    for picture in page.pictures {
        attachments = attachments.add(picture);
    }
    EditMessage::new()
        .content(page.content)
        .embeds(page.embeds)
        .components(page.rows)
        .attachments(attachments)
}

/// A sentence in place of all that a message shows.
pub(super) fn sentence(content: impl Into<String>) -> EditInteractionResponse {
    EditInteractionResponse::new()
        .content(content)
        .embeds(Vec::new())
        .components(Vec::new())
        .attachments(EditAttachments::new())
}

/// Counts things in words: "1 answer", "3 answers".
pub(super) fn counted(count: usize, thing: &str) -> String {
    match count {
        1 => format!("1 {thing}"),
        count => format!("{count} {thing}s"),
    }
}

/// A score as people write it: 4, 4.5 or 4.67.
pub(super) fn points(score: f64) -> String {
    let text = format!("{score:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A time in each reader's own form and zone.
pub(super) fn at(time_ms: i64) -> String {
    format!("<t:{}:f>", time_ms.div_euclid(1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_and_counts_are_written_as_people_do() {
        let told: Vec<String> = [0.0, 4.0, 4.5, 14.0 / 3.0, 10.0].map(points).into();
        assert_eq!(told, ["0", "4", "4.5", "4.67", "10"]);
        assert_eq!(counted(1, "answer"), "1 answer");
        assert_eq!(counted(0, "answer"), "0 answers");
    }
}
