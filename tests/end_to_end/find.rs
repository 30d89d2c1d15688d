//! `/find` and its buttons, as a student uses them.

use anyhow::{Context, Result};
use mirage_playground::MessageView;
use mirage_tests::{Bot, SOON};

pub(crate) async fn find(bot: &Bot, actor: &str, query: &str) -> Result<MessageView> {
    let actor = bot.server.actor(actor);
    let call = actor.command("find").option("query", query);
    Ok(call.send().await?.reply(SOON).await?)
}

pub(crate) fn custom_id(message: &MessageView, label: &str) -> Result<String> {
    let button = message
        .button(label)
        .with_context(|| format!("no button {label}"))?;
    button.custom_id.context("it is a link")
}

fn first_title(message: &MessageView) -> &str {
    message.embeds()[0]["title"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_student_sees_pictures_with_everything_that_belongs_to_them() -> Result<()> {
    let bot = Bot::start().await?;
    let answer = find(&bot, "ada", "brain thalamus axial").await?;
    assert!(
        answer.content().contains("brain thalamus axial"),
        "{}",
        answer.content()
    );
    assert_eq!(answer.embeds().len(), 5);
    let pictures = answer.attachments();
    assert_eq!(pictures.len(), 5);
    for (embed, picture) in answer.embeds().iter().zip(&pictures) {
        let description = embed["description"].as_str().context("no caption")?;
        assert!(description.contains("thalamus"), "{description}");
        let fields: Vec<&str> = embed["fields"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|f| f["name"].as_str())
            .collect();
        assert_eq!(fields, ["Why it is here", "Source", "Licence"]);
        let alt = picture.description.as_deref().context("no alt text")?;
        assert!(alt.chars().count() >= 20 && alt.chars().count() <= 1_024);
        assert_eq!(picture.content_type, "image/jpeg");
        assert!(
            embed["image"]["url"]
                .as_str()
                .context("no picture")?
                .contains(&picture.filename)
        );
        let bytes = bot.server.attachment_bytes(&picture.url).await?;
        assert!(image::load_from_memory(&bytes)?.width() > 100);
    }
    assert!(answer.button("Previous").context("no button")?.disabled);
    assert!(!answer.button("Next").context("no button")?.disabled);
    assert!(answer.button("More like 5").is_some() && answer.button("Open source 1").is_some());
    bot.finish().await
}

#[tokio::test]
async fn buttons_work_after_a_restart() -> Result<()> {
    let mut bot = Bot::start().await?;
    let first = find(&bot, "ada", "coronal brain").await?;
    let ada = bot.server.actor("ada");
    bot.stop().await?;
    bot.server.wait_for_bot_to_leave(SOON).await?;
    bot.run().await?;
    let second = ada
        .press(&first, &custom_id(&first, "Next")?)
        .await?
        .edited(SOON)
        .await?;
    assert_eq!(second.id(), first.id(), "the same message is edited");
    assert!(
        first_title(&second).starts_with("6."),
        "{}",
        first_title(&second)
    );
    assert_eq!(
        second.attachments().len(),
        5,
        "the first page's pictures are gone"
    );
    let back = ada
        .press(&second, &custom_id(&second, "Previous")?)
        .await?
        .edited(SOON)
        .await?;
    assert_eq!(first_title(&back), first_title(&first));
    bot.finish().await
}

#[tokio::test]
async fn somebody_else_turns_a_page_of_their_own() -> Result<()> {
    let bot = Bot::start().await?;
    let shared = find(&bot, "ada", "sagittal brain").await?;
    let noor = bot.server.actor("noor");
    let own = noor
        .press(&shared, &custom_id(&shared, "Next")?)
        .await?
        .reply(SOON)
        .await?;
    assert!(own.is_ephemeral());
    assert_ne!(own.id(), shared.id());
    assert!(first_title(&own).starts_with("6."));
    bot.finish().await
}

#[tokio::test]
async fn more_like_this_and_its_source_are_told_in_private() -> Result<()> {
    let bot = Bot::start().await?;
    let answer = find(&bot, "ada", "shoulder MRI").await?;
    let ada = bot.server.actor("ada");
    let like = ada
        .press(&answer, &custom_id(&answer, "More like 1")?)
        .await?
        .reply(SOON)
        .await?;
    assert!(like.is_ephemeral());
    let content = like.content();
    assert!(content.contains("pictures like"), "{content}");
    assert!(content.contains("(by its picture)"), "{content}");
    assert_eq!(like.embeds()[0]["fields"][0]["value"], "Picture");
    assert_eq!(like.embeds().len(), 5);
    let source = answer.button("Open source 1").context("no button")?;
    assert!(
        source
            .url
            .context("the source has no address")?
            .starts_with("https://")
    );
    bot.finish().await
}

#[tokio::test]
async fn autocomplete_suggests_from_the_atlas() -> Result<()> {
    let bot = Bot::start().await?;
    let ada = bot.server.actor("ada");
    let names = |choices: Vec<mirage_playground::Choice>| -> Vec<String> {
        choices.into_iter().map(|choice| choice.name).collect()
    };
    let queries = names(ada.autocomplete("find", "query", "thal").await?);
    assert!(
        queries.iter().any(|query| query.starts_with("thalamus")),
        "{queries:?}"
    );
    let modalities = names(ada.autocomplete("find", "modality", "mr").await?);
    assert!(modalities[0].starts_with("MRI ("), "{modalities:?}");
    assert!(ada.autocomplete("find", "query", "🩻🧠").await?.is_empty());
    let everything = ada.autocomplete("find", "query", "").await?;
    assert!(!everything.is_empty() && everything.len() <= 25);
    bot.finish().await
}

#[tokio::test]
async fn odd_queries_get_one_clear_answer() -> Result<()> {
    let bot = Bot::start().await?;
    for query in [
        "🩻🧠".to_owned(),
        "صورة شعاعية للصدر".to_owned(),
        "'; DROP TABLE searches; -- @everyone <script>alert(1)</script>".to_owned(),
        "thalamus ".repeat(222),
    ] {
        let answer = find(&bot, "noor", &query).await?;
        assert!(!answer.embeds().is_empty(), "{}", answer.text());
    }
    let blank = find(&bot, "ada", "   ").await?;
    assert!(
        blank.content().starts_with("The query is empty."),
        "{}",
        blank.text()
    );
    let ada = bot.server.actor("ada");
    let call = ada
        .command("find")
        .option("query", "bones")
        .option("modality", "Xray");
    let none = call.send().await?.reply(SOON).await?;
    assert!(
        none.content().contains("the nearest: X-ray"),
        "{}",
        none.content()
    );
    assert!(
        !none.embeds().is_empty(),
        "what there is without the filter"
    );
    assert!(none.buttons().is_empty());
    bot.finish().await
}

#[tokio::test]
async fn filters_that_exclude_each_other_are_explained_one_by_one() -> Result<()> {
    let bot = Bot::start().await?;
    let ada = bot.server.actor("ada");
    let call = ada
        .command("find")
        .option("query", "bones")
        .option("modality", "MRI")
        .option("body_part", "eye");
    let none = call.send().await?.reply(SOON).await?;
    let content = none.content();
    assert!(
        content.contains("no picture has them together"),
        "{content}"
    );
    assert!(content.contains("With modality"), "{content}");
    assert!(content.contains("; with body part"), "{content}");
    bot.finish().await
}

#[tokio::test]
async fn a_query_can_neither_turn_nor_mark_up_the_sentence_around_it() -> Result<()> {
    let bot = Bot::start().await?;
    let answer = find(&bot, "noor", "brain \u{202e}**MRI**\u{2069} \u{2067}axial").await?;
    let content = answer.content();
    assert!(
        content.contains("“\u{2068}brain \\*\\*MRI\\*\\* axial\u{2069}”"),
        "{content:?}"
    );
    bot.finish().await
}

#[tokio::test]
async fn an_answer_can_be_private_and_short() -> Result<()> {
    let bot = Bot::start().await?;
    let ada = bot.server.actor("ada");
    let call = ada
        .command("find")
        .option("query", "retina")
        .option("k", 2)
        .option("private", true);
    let answer = call.send().await?.reply(SOON).await?;
    assert!(answer.is_ephemeral());
    assert_eq!(answer.embeds().len(), 2);
    bot.finish().await
}

#[tokio::test]
async fn a_person_can_delete_what_is_stored_of_them() -> Result<()> {
    let bot = Bot::start().await?;
    let answer = find(&bot, "ada", "knee").await?;
    let ada = bot.server.actor("ada");
    let question = ada.command("my-data").send().await?.reply(SOON).await?;
    assert!(question.is_ephemeral());
    let kept = ada
        .press(&question, &custom_id(&question, "Keep it")?)
        .await?
        .edited(SOON)
        .await?;
    assert_eq!(kept.content(), "Nothing was deleted.");
    let question = ada.command("my-data").send().await?.reply(SOON).await?;
    let id = custom_id(&question, "Delete my data")?;
    let deleted = ada.press(&question, &id).await?.edited(SOON).await?;
    assert_eq!(deleted.content(), "Deleted: 1 record.");
    let old = ada
        .press(&answer, &custom_id(&answer, "Next")?)
        .await?
        .reply(SOON)
        .await?;
    assert!(
        old.content().starts_with("This answer is no longer kept."),
        "{}",
        old.text()
    );
    bot.finish().await
}
