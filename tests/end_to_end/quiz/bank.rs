//! The bank as a tutor uses it: searched, brought in and out as files, and analysed after a session.

use anyhow::{Context, Result, ensure};
use mirage_playground::MessageView;
use mirage_tests::{Bot, SOON};

use super::{approved, open, press, set, single, start, step, told};
use crate::find::custom_id;

async fn import(bot: &Bot, name: &str, bytes: Vec<u8>) -> Result<MessageView> {
    let tutor = bot.server.actor("tutor");
    let call = tutor
        .command("quiz bank import")
        .attachment("file", name, bytes);
    Ok(call.send().await?.reply(SOON).await?)
}

/// The approved questions as a CSV table (the first form of the choices).
async fn exported(bot: &Bot) -> Result<Vec<u8>> {
    let tutor = bot.server.actor("tutor");
    let call = tutor.command("quiz bank export").option("format", 0);
    let answer = call.send().await?.reply(SOON).await?;
    ensure!(
        answer.content().starts_with("Exported "),
        "{}",
        answer.text()
    );
    let file = answer.attachments().pop().context("no file")?;
    ensure!(file.filename == "questions.csv", "{}", file.filename);
    Ok(bot.server.attachment_bytes(&file.url).await?.to_vec())
}

#[tokio::test]
async fn questions_are_searched_turned_through_and_opened() -> Result<()> {
    let bot = Bot::start().await?;
    let server = bot.server.guild_id().get();
    let items: Vec<_> = (1..=12)
        .map(|number| single(&format!("Which plane is number {number}?"), 0))
        .collect();
    approved(bot.store()?, server, &items).await?;
    let tutor = bot.server.actor("tutor");
    let first = tutor
        .command("quiz bank browse")
        .send()
        .await?
        .reply(SOON)
        .await?;
    assert!(first.is_ephemeral());
    assert!(
        first.content().starts_with("Questions 1 to 10 of 12"),
        "{}",
        first.text()
    );
    let next = tutor.press(&first, &custom_id(&first, "Next")?).await?;
    let next = next.edited(SOON).await?;
    assert!(
        next.content().starts_with("Questions 11 to 12 of 12"),
        "{}",
        next.text()
    );
    let call = tutor
        .command("quiz bank browse")
        .option("search", "number 7");
    let found = call.send().await?.reply(SOON).await?;
    assert!(
        found.content().starts_with("Questions 1 to 1 of 1"),
        "{}",
        found.text()
    );
    let menu = found.selects().pop().context("no menu")?;
    let (_, id) = menu.options.first().context("no question")?;
    let opened = tutor.select(&found, &menu.custom_id, &[id]).await?;
    let opened = opened.reply(SOON).await?;
    assert!(
        opened.text().contains("Which plane is number 7?"),
        "{}",
        opened.text()
    );
    assert!(
        opened.text().contains("The reason for"),
        "a tutor sees the reason"
    );
    bot.finish().await
}

#[tokio::test]
async fn a_file_is_imported_whole_or_not_at_all() -> Result<()> {
    let bot = Bot::start().await?;
    let server = bot.server.guild_id().get();
    let items = [
        single("Which plane is one?", 0),
        single("Which plane is two?", 1),
    ];
    approved(bot.store()?, server, &items).await?;
    let table = exported(&bot).await?;
    let known = import(&bot, "questions.csv", table.clone()).await?;
    assert!(
        known.content().starts_with("Nothing new was imported."),
        "{}",
        known.text()
    );
    let text = String::from_utf8(table)?;
    let other = text.replace("Which plane is", "Which plane was");
    let mut broken = other.clone();
    broken.push_str("nonsense\n");
    let refused = import(&bot, "questions.csv", broken.into_bytes()).await?;
    let said = refused.content().to_lowercase();
    assert!(
        said.starts_with("nothing was imported.") && said.contains("row"),
        "{said}"
    );
    let all = mirage::store::quiz::BankQuery {
        limit: 100,
        ..Default::default()
    };
    assert_eq!(bot.store()?.quiz_items(server, &all).await?.total, 2);
    let imported = import(&bot, "questions.csv", other.into_bytes()).await?;
    assert!(
        imported.content().starts_with("Imported 2 questions;"),
        "{}",
        imported.text()
    );
    let page = bot.store()?.quiz_items(server, &all).await?;
    assert_eq!(page.total, 4);
    assert_eq!(page.items[0].state, mirage::store::quiz::ItemState::Draft);
    let nothing = import(&bot, "questions.csv", b"\x00\xff not a table".to_vec()).await?;
    assert!(
        nothing.content().starts_with("Nothing was imported."),
        "{}",
        nothing.text()
    );
    bot.finish().await
}

#[tokio::test]
async fn a_tutor_sees_what_the_answers_say_of_the_questions() -> Result<()> {
    let bot = Bot::start().await?;
    let server = bot.server.guild_id().get();
    let tutor = bot.server.actor("tutor");
    let none = tutor
        .command("quiz results")
        .send()
        .await?
        .reply(SOON)
        .await?;
    assert!(
        none.content()
            .starts_with("This server has had no quiz session")
    );
    set(
        bot.store()?,
        server,
        "Results",
        &[single("Which plane?", 0)],
    )
    .await?;
    start(&bot.server, "Results").await?;
    let asked = open(&bot.server, "Results", 1).await?;
    // Twelve students, most of them wrong: enough for shares, too few for correlations.
    for number in 0..12 {
        let student = bot.server.add_member(&format!("Student {number}"))?;
        let label = if number < 2 { "A. axial" } else { "B. coronal" };
        press(&student, &asked, label).await?;
    }
    step(&tutor, &asked, "Reveal").await?;
    told(&bot.server, "Results", 1).await?;
    let call = tutor.command("quiz results").option("session", "1");
    let answer = call.send().await?.reply(SOON).await?;
    let text = answer.text();
    for part in [
        "12 people answered",
        "KR-20 needs two questions at least.",
        "0.17",
        "“coronal” is chosen more often than the key",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(answer.is_ephemeral());
    let files = answer.attachments();
    let names: Vec<&str> = files.iter().map(|file| file.filename.as_str()).collect();
    assert_eq!(names, ["difficulty.jpg", "quiz-results.csv"]);
    let csv = bot.server.attachment_bytes(&files[1].url).await?;
    let csv = String::from_utf8(csv.to_vec())?;
    assert!(csv.contains("coronal,false,10,0.833"), "{csv}");
    let menu = answer.selects().pop().context("no menu")?;
    let (_, id) = menu.options.first().context("no question")?;
    let opened = tutor.select(&answer, &menu.custom_id, &[id]).await?;
    let opened = opened.reply(SOON).await?;
    assert!(
        opened.button("Retire").is_some(),
        "it can be retired from here"
    );
    let suggested = tutor
        .autocomplete("quiz results", "session", "resul")
        .await?;
    assert_eq!(suggested[0].name, "Session 1: Results");
    let ada = bot.server.actor("ada");
    let refused = ada
        .command("quiz results")
        .send()
        .await?
        .reply(SOON)
        .await?;
    assert!(
        refused.content().starts_with("Only a tutor"),
        "{}",
        refused.text()
    );
    bot.finish().await
}
