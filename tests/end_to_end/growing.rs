//! The bot over an atlas that is empty, and over one that grows while people read.

use std::time::Duration;

use anyhow::Result;
use mirage::atlas::{Atlas, Filter, Query, Request};
use mirage_playground::{MessageView, Options};
use mirage_tests::{Bot, SOON};

use crate::find::{custom_id, find};
use crate::ingest::{atlas_uri, collection, empty_atlas, ingest_all};

/// Words of a picture that comes later.
const LATER: &str = "Pattern 9, with a comma";

/// Captions of the whole ranking.
async fn order(atlas: &Atlas, query: &str) -> Result<Vec<String>> {
    let request = Request {
        query: Query::Text(query.to_owned()),
        filter: Filter::default(),
        offset: 0,
        limit: usize::MAX,
    };
    let hits = atlas.search(&request).await?.hits.into_iter();
    Ok(hits.map(|hit| hit.entry.description.caption).collect())
}

fn captions(message: &MessageView) -> Vec<&str> {
    let embeds = message.embeds().iter();
    embeds
        .filter_map(|embed| embed["description"].as_str())
        .collect()
}

/// Waits until the bot finds a picture first.
async fn until_found(bot: &Bot, caption: &str) -> Result<()> {
    let looking = async {
        while captions(&find(bot, "noor", caption).await?).first() != Some(&caption) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(SOON, looking).await?
}

#[tokio::test]
async fn an_empty_atlas_is_said_in_one_plain_sentence() -> Result<()> {
    let folder = tempfile::tempdir()?;
    empty_atlas(folder.path()).await?;
    let bot = Bot::start_on(&atlas_uri(folder.path()), Options::default()).await?;
    let answer = find(&bot, "ada", "brain").await?;
    assert!(
        answer.content().starts_with("The atlas is empty"),
        "{}",
        answer.text()
    );
    assert!(answer.embeds().is_empty() && answer.buttons().is_empty());
    let ada = bot.server.actor("ada");
    assert!(ada.autocomplete("find", "query", "br").await?.is_empty());
    collection(folder.path(), 2)?;
    ingest_all(&empty_atlas(folder.path()).await?, folder.path()).await?;
    until_found(&bot, "Pattern 1, with a comma").await?;
    bot.finish().await
}

#[tokio::test]
async fn a_page_goes_on_in_the_order_that_was_shown_while_the_atlas_grows() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let atlas = empty_atlas(folder.path()).await?;
    collection(folder.path(), 8)?;
    ingest_all(&atlas, folder.path()).await?;
    let before = order(&atlas, LATER).await?;
    assert!(before.len() > 5, "{before:?}");
    let bot = Bot::start_on(&atlas_uri(folder.path()), Options::default()).await?;
    let first = find(&bot, "ada", LATER).await?;
    assert_eq!(captions(&first), before[..5]);
    collection(folder.path(), 12)?;
    ingest_all(&atlas, folder.path()).await?;
    let after = order(&atlas, LATER).await?;
    assert_eq!(after[0], LATER, "{after:?}");
    until_found(&bot, LATER).await?;
    let ada = bot.server.actor("ada");
    let next = ada.press(&first, &custom_id(&first, "Next")?).await?;
    let next = next.edited(SOON).await?;
    assert_eq!(captions(&next), before[5..]);
    let total = before.len();
    assert!(
        next.content().contains(&format!("of {total} ")),
        "{}",
        next.content()
    );
    bot.finish().await
}
