//! Practice, results for the analysis, and all that goes with a person.

use super::*;
use crate::quiz::{Analysis, Step};

async fn practise(
    store: &Store,
    id: ItemId,
    seen: i64,
    option: usize,
    now: SystemTime,
) -> Practised {
    let practised = store
        .practise_quiz_item((ADA, SERVER, id), seen, &one(option), now)
        .await;
    practised.expect("no trouble")
}

#[tokio::test]
async fn what_was_missed_is_due_soon_and_what_was_known_later() {
    let (_folder, store) = store().await;
    let ids = approved(&store, &[choice("1?"), choice("2?")]).await;
    let counts = |now| store.count_quiz_cards(ADA, SERVER, now);
    assert_eq!(counts(at(0)).await.expect("read"), (0, 2));
    let new = store
        .new_quiz_cards(ADA, SERVER, "2?", at(0), 5)
        .await
        .expect("read");
    assert_eq!((new.len(), new[0].item_id), (1, ids[1]));
    let Practised::Done(score, card) = practise(&store, ids[0], 0, 2, at(0)).await else {
        panic!("it may be practised");
    };
    assert_eq!((score, card.missed, card.answers), (0.0, 1, 1));
    assert!(matches!(
        practise(&store, ids[1], 0, 0, at(0)).await,
        Practised::Done(score, _) if score >= 1.0
    ));
    assert_eq!(counts(at(0)).await.expect("read"), (0, 0));
    let soon = at(11 * 60);
    assert_eq!(counts(soon).await.expect("read"), (1, 0));
    let due = store
        .due_quiz_cards(ADA, SERVER, soon, 5)
        .await
        .expect("read");
    assert_eq!((due.len(), due[0].item_id, due[0].card), (1, ids[0], card));
    let days = at(30 * 24 * 60 * 60);
    assert_eq!(counts(days).await.expect("read"), (2, 0));
    // Nobody else's cards are touched.
    assert_eq!(
        store
            .count_quiz_cards(NOOR, SERVER, days)
            .await
            .expect("read"),
        (0, 2)
    );
}

#[tokio::test]
async fn a_question_is_answered_once_for_each_time_it_is_shown() {
    let (_folder, store) = store().await;
    let id = approved(&store, &[choice("1?")]).await[0];
    let (one, other) = tokio::join!(
        practise(&store, id, 0, 0, at(0)),
        practise(&store, id, 0, 1, at(0))
    );
    let both = [one, other];
    let done = both
        .iter()
        .filter(|practised| matches!(practised, Practised::Done(..)));
    assert_eq!(done.count(), 1, "{both:?}");
    assert!(both.contains(&Practised::Before), "{both:?}");
    let card = store.quiz_card(ADA, SERVER, id, at(1)).await.expect("read");
    assert_eq!(card.map(|known| known.card.answers), Some(1));
    assert!(matches!(
        practise(&store, id, 1, 9, at(1)).await,
        Practised::Fault(_)
    ));
    decide(&store, id, Decision::Retire, TUTOR).await;
    assert_eq!(practise(&store, id, 1, 0, at(1)).await, Practised::Unknown);
    assert_eq!(
        store.quiz_card(ADA, SERVER, id, at(1)).await.expect("read"),
        None
    );
    assert_eq!(
        store.quiz_card(ADA, 1, id, at(1)).await.expect("read"),
        None
    );
}

#[tokio::test]
async fn a_right_answer_can_be_called_easy_once_and_then_comes_back_later() {
    let (_folder, store) = store().await;
    let id = approved(&store, &[choice("1?")]).await[0];
    let easy = |seen, server, user| {
        let store = &store;
        async move {
            let card = store.call_quiz_answer_easy((user, server, id), seen).await;
            card.expect("no trouble")
        }
    };
    assert_eq!(easy(0, SERVER, ADA).await, None, "it was not answered yet");
    practise(&store, id, 0, 2, at(0)).await;
    assert_eq!(easy(1, SERVER, ADA).await, None, "it was missed");
    let later = at(24 * 60 * 60);
    let Practised::Done(_, good) = practise(&store, id, 1, 0, later).await else {
        panic!("it may be practised");
    };
    for refused in [easy(1, SERVER, ADA), easy(2, 1, ADA), easy(2, SERVER, NOOR)] {
        assert_eq!(refused.await, None, "another answer, server or student");
    }
    let card = easy(2, SERVER, ADA).await.expect("it was right");
    // As if it had been called easy at once.
    let mut expected = crate::quiz::Card::new(0);
    let ms = crate::store::milliseconds;
    expected = expected.answered(crate::quiz::Rating::Again, ms(at(0)));
    expected = expected.answered(crate::quiz::Rating::Easy, ms(later));
    assert_eq!(card, expected);
    assert!(card.due_ms > good.due_ms, "{card:?}");
    let stored = store.quiz_card(ADA, SERVER, id, later).await.expect("read");
    let stored = stored.expect("it is there").card;
    assert_eq!((stored.due_ms, stored.answers), (card.due_ms, 2));
    assert_eq!(easy(2, SERVER, ADA).await, None, "it was called so");
    assert!(matches!(
        practise(&store, id, 2, 0, at(90 * 24 * 60 * 60)).await,
        Practised::Done(..)
    ));
}

#[tokio::test]
async fn what_nobody_approved_and_what_is_marked_by_hand_is_not_practised() {
    let (_folder, store) = store().await;
    let draft = drafted(&store, &[choice("1?")]).await[0];
    let accepted = vec!["x".to_owned()];
    let open = approved(&store, &[text_item("2?", Task::OpenAnswer { accepted })]).await[0];
    for id in [draft, open] {
        assert_eq!(practise(&store, id, 0, 0, at(0)).await, Practised::Unknown);
    }
    assert_eq!(
        store
            .count_quiz_cards(ADA, SERVER, at(0))
            .await
            .expect("read"),
        (0, 0)
    );
    assert!(
        store
            .new_quiz_cards(ADA, SERVER, "", at(0), 5)
            .await
            .expect("read")
            .is_empty()
    );
}

#[tokio::test]
async fn a_streak_is_counted_for_who_wants_it() {
    let (_folder, store) = store().await;
    let id = approved(&store, &[choice("1?")]).await[0];
    for day in 0..3 {
        let now = at(day * 24 * 60 * 60);
        practise(&store, id, day as i64, 0, now).await;
    }
    let now = at(2 * 24 * 60 * 60);
    assert_eq!(store.quiz_streak(ADA, now).await.expect("read"), None);
    store.set_quiz_streak(ADA, true).await.expect("set");
    assert_eq!(store.quiz_streak(ADA, now).await.expect("read"), Some(3));
    store.set_quiz_streak(ADA, false).await.expect("set");
    assert_eq!(store.quiz_streak(ADA, now).await.expect("read"), None);
}

#[tokio::test]
async fn what_was_missed_in_a_session_comes_back_at_once() {
    let (_folder, store) = store().await;
    let id = session(&store, 2, None).await.id;
    join(&store, id, ADA).await;
    answer(&store, id, 0, ADA, 1).await;
    for next in [Step::Reveal, Step::Next, Step::Reveal, Step::Next] {
        step(&store, id, next).await;
    }
    // One was wrong, and one was not answered.
    assert_eq!(
        store.practise_missed(id, ADA, at(30)).await.expect("done"),
        2
    );
    assert_eq!(
        store.practise_missed(id, ADA, at(60)).await.expect("again"),
        2
    );
    let due = store
        .due_quiz_cards(ADA, SERVER, at(30), 5)
        .await
        .expect("read");
    assert_eq!(due.len(), 2);
    assert!(
        due.iter()
            .all(|card| card.card.memory.is_none() && card.card.answers == 0)
    );
}

#[tokio::test]
async fn results_have_numbers_in_place_of_people_and_each_persons_first_answer() {
    let (_folder, store) = store().await;
    let first = session(&store, 1, None).await;
    let items = [first.question.item_id];
    for user in 1..=12 {
        join(&store, first.id, user).await;
        answer(&store, first.id, 0, user, usize::from(user > 9)).await;
    }
    assert!(
        store
            .quiz_results(SERVER, None)
            .await
            .expect("read")
            .is_empty(),
        "not revealed"
    );
    step(&store, first.id, Step::Reveal).await;
    step(&store, first.id, Step::Next).await;
    let Started::Session(second) = start(&store, 100, &items, None).await else {
        panic!("it can begin");
    };
    join(&store, second.id, 1).await;
    answer(&store, second.id, 0, 1, 2).await;
    step(&store, second.id, Step::Reveal).await;
    let all = store.quiz_results(SERVER, None).await.expect("read");
    assert_eq!((all.len(), all[0].responses.len()), (1, 12));
    let people: Vec<usize> = all[0].responses.iter().map(|given| given.person).collect();
    assert_eq!(people, (0..12).collect::<Vec<_>>());
    assert_eq!(Analysis::of(&all).items[0].difficulty, Some(0.75));
    let one = store
        .quiz_results(SERVER, Some(second.id))
        .await
        .expect("read");
    assert_eq!(one[0].responses.len(), 1);
    assert!(store.quiz_results(1, None).await.expect("read").is_empty());
}

#[tokio::test]
async fn a_person_sees_all_of_it_and_can_have_it_deleted() {
    let (_folder, store) = store().await;
    let session = session(&store, 1, None).await;
    join(&store, session.id, ADA).await;
    answer(&store, session.id, 0, ADA, 1).await;
    assert!(
        store
            .name_on_quiz_board(session.id, ADA, false)
            .await
            .expect("set")
    );
    assert!(
        !store
            .name_on_quiz_board(session.id, NOOR, false)
            .await
            .expect("no member")
    );
    step(&store, session.id, Step::Reveal).await;
    practise(&store, session.question.item_id, 0, 0, at(40)).await;
    store.set_quiz_streak(ADA, true).await.expect("set");
    let data = store.quiz_data_of_user(ADA).await.expect("read");
    assert_eq!(
        (data.sessions.len(), data.answers.len(), data.practice.len()),
        (1, 1, 1)
    );
    assert!(data.streak && data.cards == 1 && data.made.is_empty() && data.acts.is_empty());
    assert_eq!(data.answers[0].answer["option"], 1);
    let (board, _) = store.quiz_board(session.id).await.expect("read");
    assert!(!board[0].is_named);
    assert!(store.delete_user(ADA).await.expect("deleted") >= 5);
    assert_eq!(
        store.quiz_data_of_user(ADA).await.expect("read"),
        QuizData::default()
    );
    assert!(
        store
            .quiz_board(session.id)
            .await
            .expect("read")
            .0
            .is_empty()
    );
    let tutor = store.quiz_data_of_user(TUTOR).await.expect("read");
    assert!(tutor.made.len() == 1 && tutor.acts.len() >= 3, "{tutor:?}");
}
