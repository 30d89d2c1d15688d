//! Sessions from their start to the board.

use std::collections::BTreeSet;

use super::*;
use crate::quiz::{AnswerFault, Course, NoStep, Phase, Step};

#[tokio::test]
async fn a_session_goes_from_its_first_question_to_its_board() {
    let (folder, store) = store().await;
    let session = session(&store, 2, None).await;
    let id = session.id;
    assert_eq!((session.standing.count, session.revision), (2, 1));
    assert_eq!(join(&store, id, ADA).await, Joined::Now);
    assert_eq!(join(&store, id, ADA).await, Joined::Before);
    assert_eq!(join(&store, id, NOOR).await, Joined::Now);
    assert_eq!(answer(&store, id, 0, ADA, 0).await, Answered::First);
    assert_eq!(answer(&store, id, 0, NOOR, 2).await, Answered::First);
    assert_eq!(store.count_quiz_answers(id, 0).await.expect("read"), (2, 2));
    step(&store, id, Step::Reveal).await;
    store.close().await;
    // All of it is there after a restart.
    let store = Store::open(&*folder.path().join("m.sqlite"))
        .await
        .expect("opened");
    let owed = store.owed_quiz_sessions().await.expect("read");
    assert_eq!((owed.len(), owed[0].standing.phase), (1, Phase::Revealed));
    step(&store, id, Step::Next).await;
    let Stepped::Now(ended) = step(&store, id, Step::Skip).await else {
        panic!("the last question can be skipped");
    };
    assert_eq!(ended.standing.course, Course::Ended);
    let (board, questions) = store.quiz_board(id).await.expect("read");
    let board: Vec<(u64, f64, usize)> = board
        .iter()
        .map(|row| (row.user, row.score, row.answered))
        .collect();
    assert_eq!((board, questions), (vec![(ADA, 1.0, 1), (NOOR, 0.0, 1)], 1));
    let missed = store.missed_quiz_questions(id, NOOR).await.expect("read");
    assert_eq!((missed.len(), missed[0].answer.clone()), (1, Some(one(2))));
    assert!(
        store
            .missed_quiz_questions(id, ADA)
            .await
            .expect("read")
            .is_empty()
    );
    // It is owed until its board is posted.
    assert_eq!(store.owed_quiz_sessions().await.expect("read").len(), 1);
    store.note_quiz_board(id, 77).await.expect("noted");
    assert!(store.owed_quiz_sessions().await.expect("read").is_empty());
    let recent = store.recent_quiz_sessions(SERVER, 5).await.expect("read");
    assert_eq!((recent.len(), recent[0].board), (1, Some(77)));
    assert!(
        store
            .recent_quiz_sessions(1, 5)
            .await
            .expect("read")
            .is_empty()
    );
}

#[tokio::test]
async fn one_change_of_mind_is_taken_before_the_reveal() {
    let (_folder, store) = store().await;
    let id = session(&store, 1, None).await.id;
    assert_eq!(answer(&store, id, 0, ADA, 0).await, Answered::NotMember);
    join(&store, id, ADA).await;
    assert_eq!(answer(&store, id, 0, ADA, 1).await, Answered::First);
    assert_eq!(answer(&store, id, 0, ADA, 1).await, Answered::Same);
    assert_eq!(answer(&store, id, 0, ADA, 0).await, Answered::Changed);
    assert_eq!(answer(&store, id, 0, ADA, 2).await, Answered::NoMoreChanges);
    let given = store.quiz_answers(id, 0).await.expect("read");
    assert_eq!(
        (given.len(), &given[0].answer, given[0].changed),
        (1, &one(0), true)
    );
    step(&store, id, Step::Reveal).await;
    assert_eq!(answer(&store, id, 0, ADA, 2).await, Answered::Closed);
}

#[tokio::test]
async fn what_can_not_be_answered_is_told_apart() {
    let (_folder, store) = store().await;
    let id = session(&store, 2, None).await.id;
    join(&store, id, ADA).await;
    assert_eq!(
        answer(&store, id, 1, ADA, 0).await,
        Answered::Closed,
        "it comes later"
    );
    assert_eq!(answer(&store, id, 9, ADA, 0).await, Answered::Unknown);
    let fault = Answered::Fault(AnswerFault::OutOfRange);
    assert_eq!(answer(&store, id, 0, ADA, 9).await, fault);
    let several = Answer::Several {
        options: BTreeSet::from([0]),
    };
    let fault = Answered::Fault(AnswerFault::OtherKind);
    assert_eq!(
        answer_at(&store, (id, 0), ADA, &several, at(12)).await,
        fault
    );
    // A student of another server.
    let elsewhere = store
        .answer_quiz_question((1, id, 0), ADA, &one(0), at(12))
        .await;
    assert_eq!(elsewhere.expect("no trouble"), Answered::Unknown);
    let joined = store.join_quiz_session(1, id, NOOR, at(12)).await;
    assert_eq!(joined.expect("no trouble"), Joined::Unknown);
    step(&store, id, Step::Pause).await;
    assert_eq!(answer(&store, id, 0, ADA, 0).await, Answered::Paused);
    step(&store, id, Step::End).await;
    assert_eq!(answer(&store, id, 0, ADA, 0).await, Answered::Ended);
    assert_eq!(join(&store, id, NOOR).await, Joined::Ended);
}

#[tokio::test]
async fn a_timer_closes_a_question_to_the_millisecond() {
    let (_folder, store) = store().await;
    let id = session(&store, 1, Some(30)).await.id;
    join(&store, id, ADA).await;
    // It began at second 10.
    let last = at(40) - Duration::from_millis(1);
    assert!(
        store
            .late_quiz_sessions(last)
            .await
            .expect("read")
            .is_empty()
    );
    assert_eq!(
        answer_at(&store, (id, 0), ADA, &one(1), last).await,
        Answered::First
    );
    let late = answer_at(&store, (id, 0), ADA, &one(0), at(40)).await;
    assert_eq!(late, Answered::Closed);
    assert_eq!(store.late_quiz_sessions(at(40)).await.expect("read"), [id]);
    let early = store
        .step_quiz_session((SERVER, id, None), Step::TimeUp, None, last)
        .await;
    assert!(matches!(early, Ok(Stepped::Refused(NoStep::TimeLeft, _))));
    let up = store
        .step_quiz_session((SERVER, id, None), Step::TimeUp, None, at(40))
        .await;
    assert!(matches!(up, Ok(Stepped::Now(_))));
    assert!(
        store
            .late_quiz_sessions(at(99))
            .await
            .expect("read")
            .is_empty()
    );
}

#[tokio::test]
async fn a_button_that_was_pressed_twice_steps_once() {
    let (_folder, store) = store().await;
    let id = session(&store, 3, None).await.id;
    let seen = Some(1);
    let press = || store.step_quiz_session((SERVER, id, seen), Step::Skip, Some(TUTOR), at(20));
    let (one, other) = tokio::join!(press(), press());
    let both = [one.expect("no trouble"), other.expect("no trouble")];
    let taken = both.iter().filter(|step| matches!(step, Stepped::Now(_)));
    assert_eq!(taken.count(), 1, "{both:?}");
    let refused = both.iter().find_map(|step| match step {
        Stepped::Refused(reason, session) => Some((*reason, session.standing.place)),
        _ => None,
    });
    assert_eq!(refused, Some((NoStep::MovedOn, 1)));
    let unknown = store
        .step_quiz_session((1, id, None), Step::End, None, at(20))
        .await;
    assert!(matches!(unknown, Ok(Stepped::Unknown)));
}

#[tokio::test]
async fn a_session_that_can_not_begin_leaves_nothing() {
    let (_folder, store) = store().await;
    let ids = approved(&store, &[choice("1"), choice("2")]).await;
    let draft = drafted(&store, &[choice("3")]).await[0];
    assert_eq!(start(&store, 1, &[], None).await, Started::BadCount);
    for timer in [0, 4, 3_601, -1, i64::MAX] {
        assert_eq!(start(&store, 1, &ids, Some(timer)).await, Started::BadTimer);
    }
    let refused = start(&store, 1, &[ids[0], draft], None).await;
    assert_eq!(refused, Started::NotApproved(vec![draft]));
    let twice = start(&store, 1, &[ids[0], ids[0]], None).await;
    assert_eq!(twice, Started::NotApproved(vec![ids[0]]));
    let Started::Session(first) = start(&store, 1, &ids, None).await else {
        panic!("it can begin");
    };
    assert_eq!(start(&store, 1, &ids, None).await, Started::Busy(first.id));
    assert!(matches!(
        start(&store, 2, &ids, None).await,
        Started::Session(_)
    ));
    step(&store, first.id, Step::End).await;
    assert!(matches!(
        start(&store, 1, &ids, None).await,
        Started::Session(_)
    ));
    let all = store.recent_quiz_sessions(SERVER, 10).await.expect("read");
    assert_eq!(all.len(), 3);
}

#[tokio::test]
async fn a_later_edit_changes_nothing_in_a_session() {
    let (_folder, store) = store().await;
    let session = session(&store, 1, None).await;
    let item = session.question.item_id;
    let other = store
        .edit_quiz_item((SERVER, item, 2), &choice("Another?"), TUTOR, at(13))
        .await;
    assert!(matches!(other, Ok(Edited::Done(_))));
    let questions = store.quiz_questions(session.id).await.expect("read");
    assert_eq!(questions[0].item.stem, "Which, 0?");
    store
        .note_quiz_message(session.id, 0, u64::MAX)
        .await
        .expect("noted");
    let now = store.quiz_session(session.id).await.expect("read");
    assert_eq!(now.and_then(|now| now.question.message), Some(u64::MAX));
}

#[tokio::test]
async fn open_answers_count_with_their_marks() {
    let (_folder, store) = store().await;
    let accepted = vec!["axial".to_owned()];
    let item = text_item("What is it?", Task::OpenAnswer { accepted });
    let ids = approved(&store, &[item]).await;
    let Started::Session(session) = start(&store, 1, &ids, None).await else {
        panic!("it can begin");
    };
    let id = session.id;
    join(&store, id, ADA).await;
    let text = Answer::Text {
        text: "an axial cut \u{1f9e0}".to_owned(),
    };
    assert_eq!(
        answer_at(&store, (id, 0), ADA, &text, at(12)).await,
        Answered::First
    );
    let mark = |mark: f64| store.mark_quiz_answer((SERVER, id, 0), ADA, mark, TUTOR, at(30));
    assert!(!mark(1.0).await.expect("no trouble"), "it is still open");
    step(&store, id, Step::Reveal).await;
    assert!(mark(0.5).await.expect("no trouble"));
    let (board, _) = store.quiz_board(id).await.expect("read");
    assert_eq!(board[0].score, 0.5);
    assert!(
        mark(7.0).await.expect("no trouble"),
        "a tutor may mark again"
    );
    let given = store.quiz_answers(id, 0).await.expect("read");
    assert_eq!((given[0].mark, &given[0].answer), (Some(1.0), &text));
    let nobody = store
        .mark_quiz_answer((SERVER, id, 0), NOOR, 1.0, TUTOR, at(30))
        .await;
    assert!(!nobody.expect("no trouble"));
    let results = store.quiz_results(SERVER, Some(id)).await.expect("read");
    assert_eq!(results[0].responses[0].mark, Some(1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_class_that_answers_twice_at_once_has_one_answer_each() {
    let (_folder, store) = store().await;
    let id = session(&store, 1, None).await.id;
    let mut all = tokio::task::JoinSet::new();
    for user in 1..=25_u64 {
        for option in 0..2 {
            let store = store.clone();
            all.spawn(async move {
                join(&store, id, user).await;
                answer(&store, id, 0, user, option).await
            });
        }
    }
    let answered = all.join_all().await;
    let firsts = answered
        .iter()
        .filter(|answered| **answered == Answered::First);
    assert_eq!(firsts.count(), 25, "{answered:?}");
    let changed = answered
        .iter()
        .filter(|answered| **answered == Answered::Changed);
    assert_eq!(changed.count(), 25);
    let given = store.quiz_answers(id, 0).await.expect("read");
    let users: BTreeSet<u64> = given.iter().map(|given| given.user).collect();
    assert_eq!((given.len(), users.len()), (25, 25));
}
