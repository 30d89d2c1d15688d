//! `/explain-feedback`: for tutors, the explanations of their server that somebody found helpful or
//! not, those first that helped least. Who voted is told to nobody.

use mirage::explain::Kind;
use mirage::store::Feedback;
use poise::serenity_prelude as serenity;
use serenity::{
    CreateAllowedMentions, CreateEmbed, CreateInteractionResponse,
    CreateInteractionResponseMessage, EditInteractionResponse,
};

use super::Context;
use super::errors::CommandError;
use super::explain::head;
use super::respond::{first_answer, with_retries};
use super::results::{escape, truncate};
use super::tutor::is_tutor;

/// Explanations that are listed.
const LISTED: u32 = 8;
/// Lengths that leave room for all in one embed.
const HEAD: usize = 200;
const ANSWER: usize = 240;

/// See which explanations helped, and which didn't (tutors)
#[poise::command(
    slash_command,
    guild_only,
    rename = "explain-feedback",
    default_member_permissions = "MANAGE_GUILD"
)]
pub(crate) async fn explain_feedback(context: Context<'_>) -> Result<(), CommandError> {
    let data = context.data();
    let _work = data.work.begin().await;
    let thinking = CreateInteractionResponseMessage::new().ephemeral(true);
    first_answer(context, CreateInteractionResponse::Defer(thinking)).await?;
    let interaction = context.interaction;
    // A server may have opened the command to others.
    let server = interaction.guild_id.map(serenity::GuildId::get);
    let (Some(server), true) = (server, is_tutor(interaction.member.as_deref())) else {
        let sentence = "Only a tutor, who may manage this server, can see what helped.";
        return Err(CommandError::Shown(sentence.to_owned()));
    };
    let feedback = data.store.feedback(server, LISTED).await?;
    let edit = page(&feedback);
    with_retries(|| interaction.edit_response(context.http(), edit.clone())).await?;
    Ok(())
}

fn page(feedback: &[Feedback]) -> EditInteractionResponse {
    let edit = EditInteractionResponse::new().allowed_mentions(CreateAllowedMentions::new());
    if feedback.is_empty() {
        return edit.content(
            "Nobody has said of an explanation in this server whether it helped. The buttons are \
             under each explanation.",
        );
    }
    let lines: Vec<String> = feedback.iter().map(line).collect();
    let embed = CreateEmbed::new().description(lines.join("\n\n"));
    edit.content("Explanations of the last 30 days that somebody voted on, the least helpful first")
        .embed(embed)
}

fn line(feedback: &Feedback) -> String {
    let explanation = &feedback.explanation;
    let counts = format!(
        "**{} helpful, {} not helpful** <t:{}:R>",
        feedback.helpful, feedback.unhelpful, feedback.created_at
    );
    if matches!(explanation.kind, Kind::Advice { .. }) {
        return format!("{counts}\nA question about somebody's own case; its words are not shown.");
    }
    let told = explanation.conversation.last().map(head);
    let told = truncate(&told.unwrap_or_default().replace('\n', ". "), HEAD);
    let sentences = explanation.sentences.iter();
    let sentences: Vec<&str> = sentences.map(|cited| cited.text.as_str()).collect();
    let answer = if sentences.is_empty() {
        "The atlas had nothing on it.".to_owned()
    } else {
        truncate(&escape(&sentences.join(" ")), ANSWER)
    };
    format!("{counts}\n{told}\n{answer}")
}

#[cfg(test)]
mod tests {
    use mirage::atlas::EntryId;
    use mirage::explain::{Answer, Asked, Cited, Conversation, Language, Level, Style, WordedBy};
    use mirage::store::{ExplanationId, StoredExplanation};

    use super::*;

    fn feedback(words: &str, kind: Kind, sentence: &str) -> Feedback {
        let answer = Answer {
            kind,
            verdict: None,
            sentences: vec![Cited {
                text: sentence.to_owned(),
                sources: vec![1],
                section: None,
                worded_by: WordedBy::Source,
            }],
            withheld: Vec::new(),
            sources: Vec::new(),
            template: None,
        };
        let mut conversation = Conversation::default();
        let asked = Asked {
            level: Level::Resident,
            style: Style::Report,
            ..Asked::topic(words)
        };
        conversation.remember(&asked, &answer);
        let mut explanation = StoredExplanation::new((1, 2, 3), conversation, &answer, Vec::new());
        explanation.sources = vec![(1, EntryId::new("t", "a"))];
        Feedback {
            id: ExplanationId::parse("0123456789abcdef").expect("16 characters"),
            explanation,
            helpful: 2,
            unhelpful: 13,
            created_at: 1_800_000_000,
        }
    }

    #[test]
    fn a_vote_is_counted_and_a_personal_question_is_not_shown() {
        let told = line(&feedback("**pons**", Kind::Answered, "It bulges."));
        assert!(told.starts_with("**2 helpful, 13 not helpful** <t:1800000000:R>"));
        assert!(told.contains("for a resident, as a report"), "{told}");
        assert!(!told.contains("**pons**") && told.ends_with("It bulges."));
        let language = Language::English;
        let personal = feedback("my own pons", Kind::Advice { language }, "It bulges.");
        assert!(!line(&personal).contains("my own pons"));
    }

    #[test]
    fn the_longest_list_keeps_discords_limit() {
        for text in ["word ".repeat(400), "👩‍⚕️".repeat(60), "*_`|".repeat(400)] {
            let one = feedback(&text, Kind::Answered, &text);
            let listed = vec![one; LISTED as usize];
            let edit = serde_json::to_value(page(&listed)).expect("plain data");
            let text = edit["embeds"][0]["description"].as_str().expect("a text");
            assert!(text.encode_utf16().count() <= 4_096);
            assert_eq!(edit["allowed_mentions"]["parse"], serde_json::json!([]));
        }
        let none = serde_json::to_value(page(&[])).expect("plain data");
        let text = none["content"].as_str().expect("a sentence");
        assert!(text.starts_with("Nobody has said"), "{text}");
    }
}
