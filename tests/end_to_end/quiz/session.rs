//! A session from its start to its board: answers, one change of mind, the reveal, what one missed,
//! and open answers with their marks.

use anyhow::{Context, Result};
use mirage::quiz::Task;
use mirage_tests::{Bot, SOON};

use super::{item, open, press, question, set, single, start, step, told};
use crate::find::custom_id;

#[tokio::test]
async fn a_class_answers_changes_its_mind_once_and_sees_the_board() -> Result<()> {
    let bot = Bot::start().await?;
    let server = bot.server.guild_id().get();
    let several = Task::MultipleChoice {
        options: ["femur", "tibia", "radius"].map(str::to_owned).to_vec(),
        keys: vec![0, 1],
    };
    let items = [
        single("Which plane is it?", 0),
        item("Which are in the leg?", several),
    ];
    set(bot.store()?, server, "Planes", &items).await?;
    start(&bot.server, "Planes").await?;
    let (ada, noor) = (bot.server.actor("ada"), bot.server.actor("noor"));
    let tutor = bot.server.actor("tutor");
    let first = open(&bot.server, "Planes", 1).await?;
    assert!(
        first.text().contains("Which plane is it?"),
        "{}",
        first.text()
    );
    assert!(!first.text().contains("The reason"), "{}", first.text());

    let answer = press(&noor, &first, "B. coronal").await?;
    assert!(
        answer.content().contains("**coronal**"),
        "{}",
        answer.text()
    );
    let changed = press(&noor, &first, "A. axial").await?;
    assert!(
        changed
            .content()
            .starts_with("Your answer is now: **axial**")
    );
    let again = press(&noor, &first, "A. axial").await?;
    assert!(again.content().starts_with("This is your answer already"));
    let third = press(&noor, &first, "C. sagittal").await?;
    assert!(
        third
            .content()
            .starts_with("You have changed your answer once")
    );
    press(&ada, &first, "B. coronal").await?;
    let counted = question(&bot.server, "Planes", 1, |message| {
        message.content().contains("2 answers so far")
    });
    let counted = counted.await?;
    let id = custom_id(&counted, "Reveal")?;
    let refused = ada.press(&counted, &id).await?.follow_up(SOON).await?;
    assert!(refused.is_ephemeral());
    assert!(
        refused.content().starts_with("Only a tutor"),
        "{}",
        refused.text()
    );

    step(&tutor, &counted, "Reveal").await?;
    let shown = told(&bot.server, "Planes", 1).await?;
    let text = shown.text();
    for part in [
        "The reason for: Which plane",
        "2 answers, 1 right",
        "A. axial: 1, key",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let bars = shown.attachments().pop().context("no distribution")?;
    let alt = bars.description.context("no alt text")?;
    assert!(alt.contains("A. axial: 1, key"), "{alt}");
    image::load_from_memory(&bot.server.attachment_bytes(&bars.url).await?)?;

    step(&tutor, &shown, "Next question").await?;
    let second = open(&bot.server, "Planes", 2).await?;
    let left = question(&bot.server, "Planes", 1, |message| {
        message.buttons().is_empty()
    });
    assert!(
        left.await?.text().contains("The reason"),
        "its answer stays told"
    );
    let menu = second.selects().pop().context("no menu")?;
    // Who comes late takes part all the same.
    let late = bot.server.add_member("Lale")?;
    for (actor, values, said) in [
        (&late, &["0", "1"][..], "femur; tibia"),
        (&ada, &["0", "1"][..], "femur; tibia"),
        (&noor, &["0", "2"][..], "femur; radius"),
    ] {
        let chosen = actor.select(&second, &menu.custom_id, values).await?;
        let reply = chosen.reply(SOON).await?;
        assert!(reply.content().contains(said), "{}", reply.text());
    }
    step(&tutor, &second, "Reveal").await?;
    let shown = told(&bot.server, "Planes", 2).await?;
    step(&tutor, &shown, "Finish").await?;

    let board = bot.server.wait_for_message("Planes", SOON, |message| {
        message.text().contains("Final board")
    });
    let board = board.await?;
    let (ada_id, noor_id) = (ada.id()?, noor.id()?);
    // One of two by ada (0 + 1), one by noor (1 + 0): the earlier member stands first.
    for line in [
        "2 questions counted. 3 members took part.",
        &format!("<@{ada_id}>: 1 of 2"),
        &format!("<@{noor_id}>: 1 of 2"),
    ] {
        assert!(board.text().contains(line), "{line} in {}", board.text());
    }
    let hidden = press(&noor, &board, "Hide my name").await?;
    assert!(
        hidden
            .content()
            .starts_with("Your name is not on the board")
    );
    let redrawn = bot.server.wait_for_message("Planes", SOON, |message| {
        message.text().contains("a member without a name")
    });
    assert!(!redrawn.await?.text().contains(&format!("<@{noor_id}>")));

    let missed = press(&ada, &board, "My missed questions").await?;
    assert!(
        missed.content().starts_with("1 of 1 question"),
        "{}",
        missed.text()
    );
    assert!(missed.text().contains("The reason for: Which plane"));
    assert!(missed.text().contains("coronal"), "her own answer is told");
    let again = ada
        .press(&missed, &custom_id(&missed, "Practise these")?)
        .await?;
    let again = again.edited(SOON).await?;
    assert!(again.content().starts_with("1 question is due now"));
    let practice = ada
        .command("quiz practice")
        .send()
        .await?
        .reply(SOON)
        .await?;
    assert!(
        practice.content().starts_with("1 due"),
        "{}",
        practice.text()
    );
    assert!(practice.text().contains("Which plane is it?"));
    bot.finish().await
}

#[tokio::test]
async fn an_open_answer_is_written_in_a_form_and_marked_without_names() -> Result<()> {
    let bot = Bot::start().await?;
    let server = bot.server.guild_id().get();
    let open_answer = Task::OpenAnswer {
        accepted: vec!["axial MRI of the brain".to_owned()],
    };
    let items = [item("What is it?", open_answer)];
    set(bot.store()?, server, "Open", &items).await?;
    start(&bot.server, "Open").await?;
    let (ada, tutor) = (bot.server.actor("ada"), bot.server.actor("tutor"));
    let asked = open(&bot.server, "Open", 1).await?;
    let pressed = ada
        .press(&asked, &custom_id(&asked, "Write an answer")?)
        .await?;
    let form = pressed.modal(SOON).await?;
    let sent = ada.submit_modal(&form, &[("answer", "brain, MRI")]).await?;
    let reply = sent.reply(SOON).await?;
    assert!(reply.is_ephemeral());
    assert!(
        reply.content().contains("**brain, MRI**"),
        "{}",
        reply.text()
    );
    step(&tutor, &asked, "Reveal").await?;
    let shown = told(&bot.server, "Open", 1).await?;
    assert!(!shown.text().contains("brain, MRI"), "answers stay private");
    let refused = press(&ada, &shown, "Mark answers").await?;
    assert!(refused.content().starts_with("Only a tutor"));
    let admin = bot.server.actor("admin");
    let beside = press(&admin, &shown, "Mark answers").await?;
    let answer = press(&tutor, &shown, "Mark answers").await?;
    assert!(answer.content().contains("brain, MRI"), "{}", answer.text());
    assert!(answer.content().contains("- axial MRI of the brain"));
    assert!(!answer.content().contains(&ada.id()?.to_string()));
    let marked = tutor
        .press(&answer, &custom_id(&answer, "Half right")?)
        .await?;
    let marked = marked.edited(SOON).await?;
    assert_eq!(marked.content(), "All is marked: 1 answer.");
    // Another tutor had read the same answer: the first mark stays.
    let late = admin.press(&beside, &custom_id(&beside, "Wrong")?).await?;
    let late = late.follow_up(SOON).await?;
    assert!(
        late.content()
            .starts_with("This answer has its mark already"),
        "{}",
        late.text()
    );
    step(&tutor, &shown, "Finish").await?;
    let board = bot.server.wait_for_message("Open", SOON, |message| {
        message.text().contains(": 0.5 of 1")
    });
    board.await?;
    bot.finish().await
}
