//! What the database refuses by itself, whatever a program writes.

use super::*;
use crate::quiz::Step;

/// A session with Ada as its member and an answer of hers; everything has the number 1.
async fn answered() -> (tempfile::TempDir, Store) {
    let (folder, store) = store().await;
    let session = session(&store, 2, None).await;
    join(&store, session.id, ADA).await;
    answer(&store, session.id, 0, ADA, 1).await;
    (folder, store)
}

#[track_caller]
fn refused(outcome: Result<u64, String>, said: &str) {
    let error = outcome.expect_err("the database refuses it");
    assert!(error.contains(said), "{error}");
}

#[tokio::test]
async fn two_answers_of_one_person() {
    let (_folder, store) = answered().await;
    let again = write(
        &store,
        "INSERT INTO quiz_answers (session_id, place, user_id, answer, answered_ms)
         VALUES (1, 0, -1, '{}', 1)",
    );
    refused(again.await, "quiz: answered");
    let replaced = write(
        &store,
        "INSERT OR REPLACE INTO quiz_answers (session_id, place, user_id, answer, answered_ms)
         VALUES (1, 0, -1, '{}', 1)",
    );
    refused(replaced.await, "quiz: answered");
}

#[tokio::test]
async fn an_answer_of_somebody_who_is_no_member() {
    let (_folder, store) = answered().await;
    let stranger = write(
        &store,
        "INSERT INTO quiz_answers (session_id, place, user_id, answer, answered_ms)
         VALUES (1, 0, 12, '{}', 1)",
    );
    refused(stranger.await, "FOREIGN KEY");
}

#[tokio::test]
async fn a_member_of_another_server() {
    let (_folder, store) = answered().await;
    let member = write(
        &store,
        "INSERT INTO quiz_members (session_id, user_id, server_id, joined_ms)
         VALUES (1, 12, 5, 1)",
    );
    refused(member.await, "FOREIGN KEY");
}

#[tokio::test]
async fn an_answer_that_was_changed_before_or_is_somebody_elses() {
    let (_folder, store) = answered().await;
    for statement in [
        "UPDATE quiz_answers SET answer = '{}'",
        "UPDATE quiz_answers SET user_id = 12, changes = 1",
        "UPDATE quiz_answers SET place = 1, changes = 1",
    ] {
        refused(write(&store, statement).await, "quiz: closed");
    }
    let change = "UPDATE quiz_answers SET answer = '{}', changes = 1";
    assert_eq!(write(&store, change).await, Ok(1));
    refused(write(&store, change).await, "quiz: closed");
    refused(
        write(&store, "UPDATE quiz_answers SET mark = 1001").await,
        "CHECK",
    );
}

#[tokio::test]
async fn answers_before_their_question_and_after_the_reveal() {
    let (_folder, store) = answered().await;
    let later = "INSERT INTO quiz_answers (session_id, place, user_id, answer, answered_ms)
         VALUES (1, 1, -1, '{}', 1)";
    refused(write(&store, later).await, "quiz: closed");
    step(&store, SessionId(1), Step::Reveal).await;
    let changed = "UPDATE quiz_answers SET answer = '{}', changes = 1";
    refused(write(&store, changed).await, "quiz: closed");
    join(&store, SessionId(1), NOOR).await;
    let late = "INSERT INTO quiz_answers (session_id, place, user_id, answer, answered_ms)
         VALUES (1, 0, 12, '{}', 1)";
    refused(write(&store, late).await, "quiz: closed");
}

#[tokio::test]
async fn answers_after_the_time_and_while_the_session_is_paused() {
    let (_folder, store) = store().await;
    let session = session(&store, 1, Some(30)).await;
    join(&store, session.id, ADA).await;
    let late = "INSERT INTO quiz_answers (session_id, place, user_id, answer, answered_ms)
         SELECT 1, 0, -1, '{}', closes_ms FROM quiz_questions";
    refused(write(&store, late).await, "quiz: closed");
    step(&store, session.id, Step::Pause).await;
    let paused = "INSERT INTO quiz_answers (session_id, place, user_id, answer, answered_ms)
         VALUES (1, 0, -1, '{}', 1)";
    refused(write(&store, paused).await, "quiz: closed");
}

#[tokio::test]
async fn what_was_closed_does_not_open_again() {
    let (_folder, store) = answered().await;
    step(&store, SessionId(1), Step::Reveal).await;
    let reopen = "UPDATE quiz_questions SET phase = 'open' WHERE place = 0";
    refused(write(&store, reopen).await, "quiz: closed");
    step(&store, SessionId(1), Step::End).await;
    refused(
        write(&store, "UPDATE quiz_sessions SET course = 'running'").await,
        "quiz: ended",
    );
    let member = "INSERT INTO quiz_members (session_id, user_id, server_id, joined_ms)
         SELECT 1, 99, server_id, 1 FROM quiz_sessions";
    refused(write(&store, member).await, "quiz: ended");
}

#[tokio::test]
async fn questions_that_nobody_approved_or_another_server_has() {
    let (_folder, store) = answered().await;
    let draft = drafted(&store, &[choice("A draft?")]).await[0];
    assert_eq!(draft.number(), 3);
    let ask = "INSERT INTO quiz_questions (session_id, place, item_id, content, phase)
         VALUES (1, 2, 3, '{}', 'waiting')";
    refused(write(&store, ask).await, "quiz: not approved");
    let elsewhere = "INSERT INTO quiz_items
             (id, server_id, kind, content, fingerprint, words, state, made_ms)
         VALUES (9, 5, 'true_false', '{}', 'x', '', 'approved', 1)";
    assert_eq!(write(&store, elsewhere).await, Ok(1));
    let ask = "INSERT INTO quiz_questions (session_id, place, item_id, content, phase)
         VALUES (1, 2, 9, '{}', 'waiting')";
    refused(write(&store, ask).await, "quiz: not approved");
}

#[tokio::test]
async fn two_open_questions_and_two_sessions_in_a_channel() {
    let (_folder, store) = answered().await;
    let open = "UPDATE quiz_questions SET phase = 'open' WHERE place = 1";
    refused(write(&store, open).await, "UNIQUE");
    let session = "INSERT INTO quiz_sessions
             (server_id, channel_id, title, course, anonymous, created_ms)
         VALUES (5, 100, 'x', 'running', 0, 1)";
    refused(write(&store, session).await, "UNIQUE");
}
