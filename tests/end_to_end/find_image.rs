//! `/find image:` and "Find similar images", as a student uses them: a picture of the atlas finds
//! itself and the words that fit it, what is no picture is refused in one sentence, and no picture
//! is kept.

use std::io::Cursor;

use anyhow::{Context, Result, ensure};
use image::codecs::gif::GifEncoder;
use image::{DynamicImage, Frame, ImageFormat, RgbImage, RgbaImage};
use mirage::atlas::{EntryId, Field, Filter, Outcome, Query, Request};
use mirage::media::Given;
use mirage_playground::MessageView;
use mirage_tests::{Bot, SOON};

use crate::find::{custom_id, find};

/// What stands below an answer to a picture.
const NOTICE: &str = "is not kept. Don't upload pictures of patients.";
/// What is said when the nearest pictures are no nearer than chance.
const NOTHING_CLOSE: &str = "Nothing close to the picture is in this atlas; these are the nearest.";

async fn find_image(bot: &Bot, name: &str, bytes: Vec<u8>) -> Result<MessageView> {
    let actor = bot.server.actor("ada");
    let call = actor.command("find").attachment("image", name, bytes);
    Ok(call.send().await?.reply(SOON).await?)
}

/// A picture of the starter atlas with its caption.
pub(crate) async fn stored() -> Result<(EntryId, String, Vec<u8>)> {
    let atlas = mirage_tests::starter_atlas().await?;
    let request = Request {
        query: Query::Text("shoulder MRI".to_owned()),
        filter: Filter::default(),
        offset: 0,
        limit: 1,
    };
    let hit = atlas.search(&request).await?.hits.pop();
    let entry = hit.context("nothing found")?.entry;
    let pictures = atlas.pictures(std::slice::from_ref(&entry.id)).await?;
    let (id, jpeg) = pictures.into_iter().next().context("no picture")?;
    Ok((id, entry.description.caption, jpeg))
}

/// What the library finds for a picture and perhaps words.
async fn found(jpeg: &[u8], words: Option<&str>, filter: Filter) -> Result<Outcome> {
    let picture = Given::decoded(jpeg)?.pixels;
    let request = Request {
        query: match words {
            Some(words) => Query::PictureAndText {
                picture,
                text: words.to_owned(),
            },
            None => Query::Picture(picture),
        },
        filter,
        offset: 0,
        limit: usize::MAX,
    };
    Ok(mirage_tests::starter_atlas()
        .await?
        .search(&request)
        .await?)
}

/// Why each of the pictures is there.
fn reasons(message: &MessageView) -> Vec<String> {
    let reason = |embed: &serde_json::Value| {
        let reason = embed["fields"][0]["value"].as_str();
        reason.unwrap_or_default().to_lowercase()
    };
    message.embeds().iter().map(reason).collect()
}

fn caption(message: &MessageView, place: usize) -> String {
    let text = message.embeds()[place]["description"].as_str();
    text.unwrap_or_default().to_owned()
}

/// Whether what a file holds can be found in another, in whole runs of 64 bytes.
pub(crate) fn holds(file: &[u8], content: &[u8]) -> bool {
    let part = &content[content.len() / 2..][..64];
    file.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn a_picture_of_the_atlas_finds_itself_and_is_not_kept() -> Result<()> {
    let bot = Bot::start().await?;
    let (_, own, jpeg) = stored().await?;
    let answer = find_image(&bot, "scan.jpg", jpeg.clone()).await?;
    assert_eq!(answer.embeds().len(), 5, "{}", answer.text());
    let first = caption(&answer, 0);
    let start: String = own.chars().take(40).collect();
    assert!(first.starts_with(&start), "{first}");
    assert!(answer.content().contains(NOTICE), "{}", answer.content());
    let why = &answer.embeds()[0]["fields"][0];
    assert_eq!(why["value"], "Picture");
    for entry in std::fs::read_dir(bot.database().parent().context("a folder")?)? {
        let path = entry?.path();
        if path.is_file() {
            let file = std::fs::read(&path)?;
            ensure!(!holds(&file, &jpeg), "{} holds the picture", path.display());
        }
    }
    bot.finish().await
}

#[tokio::test]
async fn its_buttons_work_after_a_restart_without_the_picture() -> Result<()> {
    let mut bot = Bot::start().await?;
    let (_, _, jpeg) = stored().await?;
    let first = find_image(&bot, "scan.jpg", jpeg).await?;
    bot.stop().await?;
    bot.server.wait_for_bot_to_leave(SOON).await?;
    bot.run().await?;
    let ada = bot.server.actor("ada");
    let next = ada.press(&first, &custom_id(&first, "Next")?).await?;
    let second = next.edited(SOON).await?;
    let title = second.embeds()[0]["title"].as_str().unwrap_or_default();
    assert!(title.starts_with("6."), "{title}");
    assert_eq!(second.attachments().len(), 5);
    assert_eq!(reasons(&second), ["picture"; 5]);
    assert!(second.content().contains(NOTICE), "{}", second.content());
    let like = ada
        .press(&second, &custom_id(&second, "More like 6")?)
        .await?;
    assert!(!like.reply(SOON).await?.embeds().is_empty());
    bot.finish().await
}

#[tokio::test]
async fn words_and_a_picture_go_together() -> Result<()> {
    let bot = Bot::start().await?;
    let (_, _, jpeg) = stored().await?;
    let ada = bot.server.actor("ada");
    let call = ada
        .command("find")
        .option("query", "shoulder")
        .option("k", 2)
        .attachment("image", "scan.jpg", jpeg);
    let answer = call.send().await?.reply(SOON).await?;
    assert!(
        answer.content().contains("shoulder"),
        "{}",
        answer.content()
    );
    let why = &answer.embeds()[0]["fields"][0];
    assert_eq!(why["value"], "Picture and words: shoulder");
    let neither = ada.command("find").send().await?.reply(SOON).await?;
    assert!(
        neither.content().contains("attach a picture"),
        "{}",
        neither.content()
    );
    bot.finish().await
}

#[tokio::test]
async fn a_later_page_tells_what_found_each_picture() -> Result<()> {
    let bot = Bot::start().await?;
    let (_, _, jpeg) = stored().await?;
    let expected = found(&jpeg, Some("shoulder"), Filter::default()).await?;
    let expected: Vec<String> = expected
        .hits
        .iter()
        .map(|hit| match hit.shared_words.as_slice() {
            [] => hit.matched_by.to_string(),
            words => format!("{}: {}", hit.matched_by, words.join(", ")),
        })
        .collect();
    // The picture or the words alone would be one reason for all.
    let is_other = |reason: &String| *reason != expected[0];
    ensure!(expected.iter().any(is_other), "{expected:?}");
    let ada = bot.server.actor("ada");
    let call = ada
        .command("find")
        .option("query", "shoulder")
        .attachment("image", "scan.jpg", jpeg);
    let mut page = call.send().await?.reply(SOON).await?;
    for shown in expected.chunks(5).take(4) {
        assert_eq!(reasons(&page), shown, "{}", page.content());
        let next = ada.press(&page, &custom_id(&page, "Next")?).await?;
        page = next.edited(SOON).await?;
    }
    bot.finish().await
}

#[tokio::test]
async fn words_that_fit_a_picture_are_told_with_their_results() -> Result<()> {
    let bot = Bot::start().await?;
    let (_, _, jpeg) = stored().await?;
    let words = found(&jpeg, None, Filter::default()).await?.words;
    let first = words.first().context("no word fits")?;
    let answer = find_image(&bot, "scan.jpg", jpeg).await?;
    let content = answer.content();
    let line = content.lines().find(|line| line.starts_with("Words that"));
    let line = line.context("no words are told")?;
    let results: Vec<String> = first.results.iter().map(ToString::to_string).collect();
    assert!(line.contains(&results.join(", ")), "{line}");
    // What could be markup stands behind a backslash.
    let line = line.replace('\\', "");
    for word in &words {
        assert!(line.contains(&word.word), "no {} in {line}", word.word);
    }
    assert!(!line.contains('%'), "{line}");
    let text = find(&bot, "ada", "shoulder MRI").await?;
    assert!(!text.content().contains("Words that"), "{}", text.content());
    bot.finish().await
}

#[tokio::test]
async fn where_nothing_is_close_each_page_says_so() -> Result<()> {
    let (_, _, jpeg) = stored().await?;
    let catalogue = mirage_tests::starter_atlas().await?.catalogue().await?;
    let mut far = None;
    for part in catalogue.facet(Field::BodyPart) {
        let filter = Filter {
            body_part: Some(part.value.clone()),
            ..Filter::default()
        };
        let outcome = found(&jpeg, None, filter).await?;
        if outcome.nothing_close && outcome.total > 1 {
            assert!(outcome.words.is_empty(), "{:?}", outcome.words);
            far = Some(part.value.clone());
            break;
        }
    }
    let far = far.context("every part of the body is close to a shoulder")?;
    let bot = Bot::start().await?;
    let ada = bot.server.actor("ada");
    let call = ada
        .command("find")
        .option("body_part", far)
        .option("k", 1)
        .attachment("image", "scan.jpg", jpeg.clone());
    let first = call.send().await?.reply(SOON).await?;
    assert!(
        first.content().contains(NOTHING_CLOSE),
        "{}",
        first.content()
    );
    let next = ada.press(&first, &custom_id(&first, "Next")?).await?;
    let second = next.edited(SOON).await?;
    assert!(
        second.content().contains(NOTHING_CLOSE),
        "{}",
        second.content()
    );
    let close = find_image(&bot, "scan.jpg", jpeg).await?;
    assert!(
        !close.content().contains(NOTHING_CLOSE),
        "{}",
        close.content()
    );
    bot.finish().await
}

#[tokio::test]
async fn of_an_animation_the_first_frame_is_looked_at_and_that_is_said() -> Result<()> {
    const FIRST_FRAME: &str = "The file has several frames; only the first was looked at.";
    let bot = Bot::start().await?;
    for (frames, says_so) in [(1, false), (2, true)] {
        let mut gif = Vec::new();
        let mut encoder = GifEncoder::new(&mut gif);
        for shade in 0..frames {
            let frame = RgbaImage::from_pixel(64, 64, image::Rgba([shade * 90, 60, 60, 255]));
            encoder.encode_frame(Frame::new(frame))?;
        }
        drop(encoder);
        let answer = find_image(&bot, "scan.gif", gif).await?;
        let content = answer.content();
        assert_eq!(content.contains(FIRST_FRAME), says_so, "{content}");
    }
    bot.finish().await
}

#[tokio::test]
async fn the_menu_of_a_message_finds_pictures_like_its_first() -> Result<()> {
    let bot = Bot::start().await?;
    let ada = bot.server.actor("ada");
    let shown = find(&bot, "ada", "shoulder MRI").await?;
    let similar = ada.message_command("Find similar images", &shown).await?;
    let similar = similar.reply(SOON).await?;
    assert!(similar.is_ephemeral());
    assert_eq!(caption(&similar, 0), caption(&shown, 0), "it finds itself");
    let words = ada.say("no picture here").await?;
    let none = ada.message_command("Find similar images", &words).await?;
    let none = none.reply(SOON).await?;
    assert!(
        none.content().starts_with("This message has no picture."),
        "{}",
        none.text()
    );
    bot.finish().await
}

fn png(width: u32, height: u32) -> Result<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    let picture = RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 9]));
    DynamicImage::ImageRgb8(picture).write_to(&mut bytes, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}

/// A small PNG whose header says that it is huge, with the header's checksum made right.
fn huge_png(side: u32) -> Result<Vec<u8>> {
    let mut bytes = png(4, 4)?;
    // Signature (8), length (4), IHDR (4), width (4), height (4), five more, checksum (4).
    bytes[16..20].copy_from_slice(&side.to_be_bytes());
    bytes[20..24].copy_from_slice(&side.to_be_bytes());
    let sum = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.to_be_bytes());
    Ok(bytes)
}

/// PNG's checksum, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            let is_odd = sum & 1 == 1;
            sum >>= 1;
            if is_odd {
                sum ^= 0xedb8_8320;
            }
        }
    }
    !sum
}

#[tokio::test]
async fn what_can_not_be_used_gets_one_plain_sentence() -> Result<()> {
    let bot = Bot::start().await?;
    let whole = png(64, 64)?;
    for (name, bytes, said) in [
        (
            "half.png",
            whole[..whole.len() / 2].to_vec(),
            "The PNG file is damaged or incomplete.",
        ),
        (
            "words.png",
            b"These are only words.".to_vec(),
            "The file is not a picture that can be read",
        ),
        (
            "large.png",
            vec![0; 20 * 1024 * 1024],
            "The picture is larger than 10 MiB",
        ),
        (
            "huge.png",
            huge_png(30_000)?,
            "The picture is too large (30000 by 30000 pixels).",
        ),
        ("empty.png", vec![0], "The file is not a picture"),
    ] {
        let answer = find_image(&bot, name, bytes).await?;
        let content = answer.content();
        assert!(content.starts_with(said), "{name}: {}", answer.text());
        assert!(!content.contains('\n') && answer.embeds().is_empty());
    }
    // Nothing of it is stored: there is nothing to delete.
    let ada = bot.server.actor("ada");
    let question = ada.command("my-data").send().await?.reply(SOON).await?;
    let id = custom_id(&question, "Delete my data")?;
    let deleted = ada.press(&question, &id).await?.edited(SOON).await?;
    assert_eq!(deleted.content(), "There was nothing stored of you.");
    bot.finish().await
}
