//! "Add to quiz" under a comparison: what a tutor has put side by side becomes a draft for review.

use anyhow::{Context, Result, bail};
use mirage::quiz::{Kind, Task, leaks};
use mirage::store::quiz::ItemState;
use mirage_playground::{Actor, MessageView};
use mirage_tests::{Bot, SOON};

use super::press;
use super::review::{id, review_in_imaging, reviewed};

const ADD: &str = "Add to quiz";

/// Two sides whose pictures differ in method and region.
async fn compared(actor: &Actor) -> Result<MessageView> {
    let call = actor.command("compare").option("a", "chest X-ray");
    let call = call.option("b", "optic disc of an eye");
    Ok(call.send().await?.reply(SOON).await?)
}

#[tokio::test]
async fn a_tutor_drafts_a_pair_of_what_is_compared() -> Result<()> {
    let bot = Bot::start().await?;
    let server = bot.server.guild_id().get();
    let (tutor, ada) = (bot.server.actor("tutor"), bot.server.actor("ada"));
    let answer = compared(&tutor).await?;
    let refused = press(&tutor, &answer, ADD).await?;
    assert!(
        refused
            .content()
            .starts_with("This server has no channel for reviews"),
        "{}",
        refused.text()
    );
    review_in_imaging(&bot).await?;
    let told = press(&tutor, &answer, ADD).await?;
    let said = "Drafted question 1, a confusable pair of A";
    assert!(told.content().starts_with(said), "{}", told.text());
    assert!(told.content().ends_with("No student sees it before."));
    let stored = bot.store()?.quiz_item(server, id(1)?).await?;
    let stored = stored.context("it is in the bank")?;
    assert_eq!(
        (stored.kind(), stored.state),
        (Kind::ConfusablePair, ItemState::Draft)
    );
    assert_eq!(stored.made_by, Some(tutor.id()?.get()));
    assert_eq!(stored.item.check(), Ok(()));
    assert!(leaks(&stored.item, &[]).is_empty(), "{:?}", stored.item);
    let Task::ConfusablePair { options, .. } = &stored.item.task else {
        bail!("{:?}", stored.item.task);
    };
    assert_ne!(options[0], options[1]);
    assert_eq!(stored.item.sources.len(), 2);
    let waiting = reviewed(&bot, id(1)?, |message| message.button("Approve").is_some());
    assert!(waiting.await?.text().contains("Licence: "));
    let acts = bot.store()?.quiz_acts(server, Some(id(1)?), 5).await?;
    let act = acts.first().context("nothing was noted")?;
    assert_eq!(act.act, "compare");
    // Whoever presses must be a tutor, whoever compared.
    let refused = press(&ada, &answer, ADD).await?;
    assert!(
        refused.content().starts_with("Only a tutor"),
        "{}",
        refused.text()
    );
    bot.finish().await
}

#[tokio::test]
async fn tutors_of_a_server_alone_are_offered_it() -> Result<()> {
    let bot = Bot::start().await?;
    let (tutor, ada) = (bot.server.actor("tutor"), bot.server.actor("ada"));
    assert!(compared(&ada).await?.button(ADD).is_none());
    let shared = compared(&tutor).await?;
    assert!(shared.button(ADD).is_some());
    // Her own page of it.
    let turned = press(&ada, &shared, "Next B").await?;
    assert!(turned.button("What differs").is_some());
    assert!(turned.button(ADD).is_none());
    let direct = compared(&tutor.in_direct()).await?;
    assert!(direct.button("What differs").is_some());
    assert!(direct.button(ADD).is_none(), "nobody is a tutor there");
    bot.finish().await
}
