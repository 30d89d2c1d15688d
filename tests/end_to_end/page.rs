//! The playground's page in a real browser: a person types a command and sees pictures.

use anyhow::{Context, Result};
use fantoccini::Locator;
use fantoccini::key::Key;
use mirage_tests::{Bot, Browser};

#[tokio::test]
async fn a_person_types_find_and_sees_pictures() -> Result<()> {
    let Some(browser) = Browser::open(1280, 1400).await? else {
        eprintln!("skipped: Chromium and its driver are not installed");
        return Ok(());
    };
    let bot = Bot::start().await?;
    browser.client.goto(&bot.server.page_url()).await?;
    let composer = browser
        .client
        .wait()
        .for_element(Locator::Id("composer"))
        .await?;
    let notice = browser.text("body").await?;
    assert!(notice.contains("not Discord"), "the page says what it is");
    let address = browser.client.current_url().await?;
    assert!(
        !address.as_str().contains("token"),
        "the token leaves the address bar"
    );
    composer
        .send_keys("/find query: brain thalamus axial")
        .await?;
    composer
        .send_keys(&String::from(char::from(Key::Enter)))
        .await?;
    browser.wait_for("[data-testid='picture']", 5).await?;
    let pictures = browser
        .client
        .find_all(Locator::Css("img[data-testid='picture']"))
        .await?;
    for picture in &pictures {
        let alt = picture
            .attr("alt")
            .await?
            .context("a picture without alt text")?;
        assert!(alt.len() > 20, "{alt}");
    }
    let answer = browser.text("[data-testid='message']:last-of-type").await?;
    for part in [
        "thalamus",
        "Licence",
        "Source",
        "Why it is here",
        "Next",
        "More like 1",
    ] {
        assert!(answer.contains(part), "{part} is missing in {answer}");
    }
    let screenshot = browser.screenshot("find").await?;
    assert!(std::fs::metadata(screenshot)?.len() > 20_000);
    bot.finish().await
}
