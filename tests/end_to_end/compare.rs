//! `/compare` and "Compare with…", as a teacher uses them: a panel with alt text whose buttons work
//! after a restart, sums of vectors, two pictures over time, and what can't be compared.

use std::io::Cursor;

use anyhow::{Context, Result};
use image::codecs::gif::GifEncoder;
use image::{Delay, DynamicImage, Frame, GrayImage, ImageFormat, Luma};
use mirage_playground::MessageView;
use mirage_tests::{Bot, SOON};

use crate::find::{custom_id, find};

/// Words for options of `/compare`.
async fn compare(bot: &Bot, options: &[(&str, &str)]) -> Result<MessageView> {
    let mut call = bot.server.actor("ada").command("compare");
    for (name, words) in options {
        call = call.option(name, *words);
    }
    Ok(call.send().await?.reply(SOON).await?)
}

/// The same with files.
async fn compare_files(bot: &Bot, options: &[(&str, &str, Vec<u8>)]) -> Result<MessageView> {
    let mut call = bot.server.actor("ada").command("compare");
    for (option, name, bytes) in options {
        call = call.attachment(option, name, bytes.clone());
    }
    Ok(call.send().await?.reply(SOON).await?)
}

fn described(message: &MessageView, embed: usize) -> &str {
    message.embeds()[embed]["description"]
        .as_str()
        .unwrap_or_default()
}

const TWO: &[(&str, &str)] = &[("a", "chest X-ray"), ("b", "shoulder MRI")];

#[tokio::test]
async fn two_ideas_stand_side_by_side_in_one_picture() -> Result<()> {
    let bot = Bot::start().await?;
    let answer = compare(&bot, TWO).await?;
    let content = answer.content();
    assert!(content.contains("chest X-ray"), "{}", answer.text());
    assert!(content.contains("much of what differs is the technique"));
    let pictures = answer.attachments();
    assert_eq!(pictures.len(), 1, "one panel");
    let alt = pictures[0].description.as_deref().context("no alt text")?;
    for part in ["A, chest X-ray. A1: ", "B, shoulder MRI. B1: ", "B3: "] {
        assert!(alt.contains(part), "{part} in {alt}");
    }
    let panel = bot.server.attachment_bytes(&pictures[0].url).await?;
    assert!(panel.len() < 1_000_000, "{}", panel.len());
    let panel = image::load_from_memory(&panel)?;
    assert_eq!(panel.width(), 800);
    let fields = answer.embeds()[0]["fields"].as_array();
    let names: Vec<&str> = fields
        .context("no fields")?
        .iter()
        .filter_map(|field| field["name"].as_str())
        .collect();
    assert_eq!(names, ["In both", "Only A", "Only B"]);
    for (embed, labels) in [(1, ["**A1** ", "**A3** "]), (2, ["**B1** ", "**B3** "])] {
        let text = described(&answer, embed);
        for part in labels.iter().chain(&["Source: ", "Licence: "]) {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
    bot.finish().await
}

#[tokio::test]
async fn either_side_turns_by_itself_and_swaps_after_a_restart() -> Result<()> {
    let mut bot = Bot::start().await?;
    let first = compare(&bot, TWO).await?;
    bot.stop().await?;
    bot.server.wait_for_bot_to_leave(SOON).await?;
    bot.run().await?;
    let ada = bot.server.actor("ada");
    let next = ada.press(&first, &custom_id(&first, "Next B")?).await?;
    let second = next.edited(SOON).await?;
    assert_eq!(described(&second, 1), described(&first, 1), "A stays");
    assert!(described(&second, 2).starts_with("**B4** "));
    assert_eq!(second.attachments().len(), 1);
    let swap = ada
        .press(&second, &custom_id(&second, "Swap sides")?)
        .await?;
    let swapped = swap.edited(SOON).await?;
    assert!(described(&swapped, 1).starts_with("**A4** "));
    assert!(described(&swapped, 2).starts_with("**B1** "));
    let back = ada
        .press(&swapped, &custom_id(&swapped, "Previous A")?)
        .await?;
    let back = back.edited(SOON).await?;
    assert!(described(&back, 1).starts_with("**A1** "));
    let told = ada.press(&back, &custom_id(&back, "What differs")?).await?;
    let told = told.reply(SOON).await?;
    assert!(told.is_ephemeral());
    // The sides are swapped, so that A is the shoulder.
    for part in ["**More in A**\n- ", "**More in B**\n- ", " of A (A", "B: “"] {
        assert!(told.content().contains(part), "{part} in {}", told.text());
    }
    // Anybody else turns a page of their own.
    let noor = bot.server.actor("noor");
    let own = noor.press(&back, &custom_id(&back, "Next A")?).await?;
    assert!(own.reply(SOON).await?.is_ephemeral());
    bot.finish().await
}

#[tokio::test]
async fn a_person_can_delete_their_comparisons() -> Result<()> {
    let bot = Bot::start().await?;
    let answer = compare(&bot, TWO).await?;
    let ada = bot.server.actor("ada");
    let question = ada.command("my-data").send().await?.reply(SOON).await?;
    let id = custom_id(&question, "Delete my data")?;
    let deleted = ada.press(&question, &id).await?.edited(SOON).await?;
    assert_eq!(deleted.content(), "Deleted: 1 record.");
    for button in ["Swap sides", "What differs"] {
        let pressed = ada.press(&answer, &custom_id(&answer, button)?).await?;
        let gone = pressed.reply(SOON).await?;
        let said = "This comparison is no longer kept.";
        assert!(gone.content().starts_with(said), "{}", gone.text());
    }
    bot.finish().await
}

#[tokio::test]
async fn a_query_is_added_to_and_subtracted_from() -> Result<()> {
    let bot = Bot::start().await?;
    let sum = [
        ("query", "Chest X-Ray"),
        ("add", "Pacemaker"),
        ("subtract", "No foreign bodies"),
    ];
    let answer = compare(&bot, &sum).await?;
    let title = answer.embeds()[2]["title"].as_str().unwrap_or_default();
    for part in ["Chest X-Ray", "+", "Pacemaker", "−", "No foreign bodies"] {
        assert!(title.contains(part), "{part} in {title}");
    }
    assert!(described(&answer, 1).starts_with("**A1** "));
    for (options, said) in [
        (
            &[("query", "chest"), ("subtract", "Chest")][..],
            "What is subtracted cancels the query",
        ),
        (&[("query", "chest")][..], "Say what to add to the query"),
        (
            &[("a", "Chest X-ray"), ("b", "chest  x-ray")][..],
            "A and B are the same.",
        ),
        (&[("a", "chest")][..], "`b` is missing."),
        (
            &[("a", "chest"), ("query", "knee")][..],
            "Ask for one comparison at a time.",
        ),
    ] {
        let answer = compare(&bot, options).await?;
        assert!(answer.content().starts_with(said), "{}", answer.text());
        assert!(answer.embeds().is_empty());
    }
    let ada = bot.server.actor("ada");
    let call = ada.command("compare").option("query", "chest X-ray");
    let call = call.option("add", "lung nodules").option("weight_add", 0.5);
    let answer = call.send().await?.reply(SOON).await?;
    assert_eq!(answer.embeds().len(), 3, "{}", answer.text());
    bot.finish().await
}

#[tokio::test]
async fn a_mode_chooses_the_other_side_or_says_that_there_is_none() -> Result<()> {
    let bot = Bot::start().await?;
    let ada = bot.server.actor("ada");
    // The choices are same, different and normal, from 0.
    for mode in 0..3 {
        let call = ada.command("compare").option("a", "chest X-ray");
        let answer = call.option("mode", mode).send().await?.reply(SOON).await?;
        let is_told = answer.content().starts_with("The atlas has no");
        assert!(is_told || answer.embeds().len() == 3, "{}", answer.text());
    }
    let call = ada
        .command("compare")
        .option("a", "knee")
        .option("b", "eye");
    let both = call.option("mode", 0).send().await?.reply(SOON).await?;
    assert!(both.content().starts_with("`mode` goes with `a` alone"));
    bot.finish().await
}

/// Soft blobs, moved by so many pixels to the right.
fn blobs(right: f32) -> GrayImage {
    GrayImage::from_fn(160, 160, |x, y| {
        let (x, y) = (x as f32 - right, y as f32);
        let light: f32 = (0..24_u32)
            .map(|blob| {
                let (left, top) = ((blob * blob * 37 % 171) as f32, (blob * 61 % 157) as f32);
                let size = 6.0 + (blob % 5) as f32 * 3.0;
                let far = (x - left).powi(2) + (y - top).powi(2);
                120.0 * (-far / (2.0 * size * size)).exp()
            })
            .sum();
        Luma([light.min(255.0) as u8])
    })
}

fn png(picture: GrayImage) -> Result<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageLuma8(picture).write_to(&mut bytes, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}

fn moving_gif() -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    for right in [0.0, 20.0] {
        let picture = DynamicImage::ImageLuma8(blobs(right)).into_rgba8();
        let delay = Delay::from_numer_denom_ms(100, 1);
        encoder.encode_frame(Frame::from_parts(picture, 0, 0, delay))?;
    }
    drop(encoder);
    Ok(bytes)
}

#[tokio::test]
async fn two_pictures_over_time_show_pixels_and_claim_nothing() -> Result<()> {
    let bot = Bot::start().await?;
    let files = [
        ("before", "2024.png", png(blobs(0.0))?),
        ("after", "2025.png", png(blobs(7.0))?),
    ];
    let answer = compare_files(&bot, &files).await?;
    assert_eq!(answer.embeds().len(), 3, "{}", answer.text());
    let content = answer.content();
    assert!(content.contains("which is not a finding"), "{content}");
    assert!(content.contains("7 pixels left"), "{content}");
    assert!(content.contains("Don't upload pictures of patients."));
    for picture in answer.attachments() {
        let alt = picture.description.as_deref().context("no alt text")?;
        assert!(alt.ends_with("Pixel difference, not a finding."), "{alt}");
        let bytes = bot.server.attachment_bytes(&picture.url).await?;
        image::load_from_memory(&bytes)?;
    }
    let gray = GrayImage::from_pixel(160, 160, Luma([90]));
    let strangers = [
        ("before", "2024.png", png(blobs(0.0))?),
        ("after", "gray.png", png(gray)?),
    ];
    let answer = compare_files(&bot, &strangers).await?;
    let content = answer.content();
    assert!(
        content.starts_with("These two pictures could not be laid over each other"),
        "{content}"
    );
    bot.finish().await
}

#[tokio::test]
async fn what_can_not_be_compared_gets_one_plain_sentence() -> Result<()> {
    let bot = Bot::start().await?;
    for (name, bytes, said) in [
        (
            "scan.png",
            b"%PDF-1.7 not a picture".to_vec(),
            "The file is not a picture that can be read",
        ),
        (
            "dot.png",
            png(GrayImage::new(1, 1))?,
            "The picture has 1 by 1 pixels. That is too small",
        ),
        (
            "strip.png",
            png(GrayImage::new(20_000, 10))?,
            "The picture has 20000 by 10 pixels. That is too small",
        ),
    ] {
        let files = [
            ("a_image", name, bytes),
            ("b_image", "b.png", png(blobs(0.0))?),
        ];
        let answer = compare_files(&bot, &files).await?;
        assert!(answer.content().starts_with(said), "{}", answer.text());
        assert!(answer.embeds().is_empty());
    }
    let files = [
        ("a_image", "moving.gif", moving_gif()?),
        ("b_image", "b.png", png(blobs(40.0))?),
    ];
    let answer = compare_files(&bot, &files).await?;
    assert_eq!(answer.embeds().len(), 3, "{}", answer.text());
    let content = answer.content();
    assert!(
        content.contains("given for A has several frames; only the first"),
        "{content}"
    );
    assert!(content.contains("Pictures that were given are not kept."));
    bot.finish().await
}

#[tokio::test]
async fn the_menu_of_a_message_keeps_the_first_choice_for_the_second() -> Result<()> {
    let bot = Bot::start().await?;
    let ada = bot.server.actor("ada");
    let shoulder = find(&bot, "ada", "shoulder MRI").await?;
    let chest = find(&bot, "ada", "chest X-ray").await?;
    let choose = async |message: &MessageView| -> Result<MessageView> {
        let chosen = ada.message_command("Compare with…", message).await?;
        Ok(chosen.reply(SOON).await?)
    };
    let first = choose(&shoulder).await?;
    assert!(first.is_ephemeral());
    assert!(first.content().contains("will be A."), "{}", first.text());
    let same = choose(&shoulder).await?;
    assert!(
        same.content()
            .starts_with("This is the message that you chose first."),
        "{}",
        same.text()
    );
    let both = choose(&chest).await?;
    assert!(both.is_ephemeral());
    assert_eq!(both.embeds().len(), 3, "{}", both.text());
    // The first choice is used up: the next one is a first again.
    let again = choose(&chest).await?;
    assert!(again.content().contains("will be A."), "{}", again.text());
    let words = ada.say("no picture here").await?;
    let none = choose(&words).await?;
    assert!(
        none.content().starts_with("This message has no picture."),
        "{}",
        none.text()
    );
    bot.finish().await
}
