//! Quizzes in a database of their own: what may happen, and what the database itself refuses.

mod bank;
mod conducted;
mod practised;
mod refused;

use std::time::{Duration, SystemTime};

use super::*;
use crate::quiz::testing::{single, text_item};
use crate::quiz::{Answer, Task};

const SERVER: u64 = u64::MAX - 3;
const TUTOR: u64 = 7;
const ADA: u64 = u64::MAX;
const NOOR: u64 = 12;

async fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(&*folder.path().join("m.sqlite")).await;
    (folder, store.expect("opened"))
}

/// The time that all of a test happens at, and so many seconds later.
fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds)
}

/// A single choice whose first answer is right.
fn choice(stem: &str) -> Item {
    single(stem, &["axial", "coronal", "sagittal"], 0)
}

fn one(option: usize) -> Answer {
    Answer::One { option }
}

async fn drafted(store: &Store, items: &[Item]) -> Vec<ItemId> {
    let added = store
        .add_quiz_items(SERVER, TUTOR, items, "draft", at(0))
        .await;
    let id = |added: Added| match added {
        Added::New(id) | Added::Known(id) => id,
    };
    added.expect("added").into_iter().map(id).collect()
}

async fn approved(store: &Store, items: &[Item]) -> Vec<ItemId> {
    let ids = drafted(store, items).await;
    for id in &ids {
        let decided = decide(store, *id, Decision::Approve, TUTOR).await;
        assert!(matches!(decided, Decided::Done(_)), "{decided:?}");
    }
    ids
}

async fn decide(store: &Store, id: ItemId, decision: Decision, by: u64) -> Decided {
    let item = store.quiz_item(SERVER, id).await.expect("read");
    let seen = (SERVER, id, item.expect("it is there").revision);
    let decided = store
        .decide_quiz_item(seen, decision, by, "so", at(1))
        .await;
    decided.expect("decided")
}

/// A session with approved single choices.
async fn session(store: &Store, count: usize, timer: Option<i64>) -> Session {
    let items: Vec<Item> = (0..count)
        .map(|place| choice(&format!("Which, {place}?")))
        .collect();
    let items = approved(store, &items).await;
    match start(store, 100, &items, timer).await {
        Started::Session(session) => *session,
        other => panic!("{other:?}"),
    }
}

async fn start(store: &Store, channel: u64, items: &[ItemId], timer: Option<i64>) -> Started {
    let new = NewSession {
        server: SERVER,
        channel,
        title: "Planes",
        items,
        timer,
        anonymous: false,
        by: TUTOR,
    };
    store
        .start_quiz_session(&new, at(10))
        .await
        .expect("no trouble")
}

async fn join(store: &Store, id: SessionId, user: u64) -> Joined {
    let joined = store.join_quiz_session(SERVER, id, user, at(11)).await;
    joined.expect("no trouble")
}

async fn answer(store: &Store, id: SessionId, place: usize, user: u64, option: usize) -> Answered {
    answer_at(store, (id, place), user, &one(option), at(12)).await
}

async fn answer_at(
    store: &Store,
    (id, place): (SessionId, usize),
    user: u64,
    answer: &Answer,
    now: SystemTime,
) -> Answered {
    let answered = store
        .answer_quiz_question((SERVER, id, place), user, answer, now)
        .await;
    answered.expect("no trouble")
}

async fn step(store: &Store, id: SessionId, step: crate::quiz::Step) -> Stepped {
    let stepped = store
        .step_quiz_session((SERVER, id, None), step, Some(TUTOR), at(20))
        .await;
    stepped.expect("no trouble")
}

/// Writes behind the store's back; what the database says of it.
async fn write(store: &Store, statement: &'static str) -> Result<u64, String> {
    let done = sqlx::query(statement).execute(&store.writer).await;
    done.map(|done| done.rows_affected())
        .map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_store_without_quizzes_is_empty_and_not_an_error() {
    let (_folder, store) = store().await;
    let page = store
        .quiz_items(SERVER, &BankQuery::default())
        .await
        .expect("read");
    assert_eq!((page.items.len(), page.total), (0, 0));
    assert_eq!(
        store.quiz_settings(SERVER).await.expect("read"),
        QuizSettings::default()
    );
    assert!(store.owed_quiz_sessions().await.expect("read").is_empty());
    assert!(
        store
            .recent_quiz_sessions(SERVER, 5)
            .await
            .expect("read")
            .is_empty()
    );
    assert!(
        store
            .quiz_results(SERVER, None)
            .await
            .expect("read")
            .is_empty()
    );
    assert!(
        store
            .quiz_acts(SERVER, None, 5)
            .await
            .expect("read")
            .is_empty()
    );
    assert_eq!(store.quiz_streak(ADA, at(0)).await.expect("read"), None);
    let data = store.quiz_data_of_user(ADA).await.expect("read");
    assert_eq!(data, QuizData::default());
    assert!(store.quiz_sets(SERVER).await.expect("read").is_empty());
    let statement = text_item("It is so.", Task::TrueFalse { key: true });
    assert_eq!(drafted(&store, &[statement]).await.len(), 1);
}
