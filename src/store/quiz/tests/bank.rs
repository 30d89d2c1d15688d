//! The bank: drafts, search, decisions, edits, the queue of reviews, sets, and the audit.

use super::*;
use crate::quiz::ItemFault;

async fn found(store: &Store, words: &str, state: Option<ItemState>) -> Vec<i64> {
    let query = BankQuery {
        state,
        words: words.to_owned(),
        limit: 10,
        ..BankQuery::default()
    };
    let page = store.quiz_items(SERVER, &query).await.expect("read");
    assert_eq!(page.total, page.items.len() as i64);
    page.items.iter().map(|item| item.id.number()).collect()
}

#[tokio::test]
async fn what_asks_the_same_is_in_a_bank_once() {
    let (_folder, store) = store().await;
    let mut other = choice("Which plane?");
    other.rationale = "Another reason.".to_owned();
    let items = [choice("Which plane?"), other, choice("Which method?")];
    let added = store
        .add_quiz_items(SERVER, TUTOR, &items, "draft", at(0))
        .await;
    let added = added.expect("added");
    assert_eq!(added[..2], [Added::New(ItemId(1)), Added::Known(ItemId(1))]);
    assert!(matches!(added[2], Added::New(_)), "{added:?}");
    // Another server's bank is another one.
    let elsewhere = store.add_quiz_items(1, TUTOR, &items, "draft", at(0)).await;
    assert!(matches!(elsewhere.expect("added")[0], Added::New(_)));
    assert_eq!(
        store.quiz_fingerprints(SERVER).await.expect("read").len(),
        2
    );
    let stored = store.quiz_item(SERVER, ItemId(1)).await.expect("read");
    let stored = stored.expect("it is there");
    assert_eq!((stored.state, stored.revision), (ItemState::Draft, 1));
    assert_eq!((stored.made_by, &stored.item), (Some(TUTOR), &items[0]));
    assert_eq!(store.quiz_item(1, ItemId(1)).await.expect("read"), None);
}

#[tokio::test]
async fn questions_are_found_by_their_words_and_by_how_they_stand() {
    let (_folder, store) = store().await;
    let items = [
        choice("Which plane is 100 % Ä_sure?"),
        choice("Which plane?"),
    ];
    drafted(&store, &items).await;
    decide(&store, ItemId(2), Decision::Approve, TUTOR).await;
    assert_eq!(found(&store, "", None).await, [2, 1]);
    assert_eq!(found(&store, "PLANE 100", None).await, [1]);
    assert_eq!(found(&store, "ä_s", None).await, [1]);
    assert_eq!(found(&store, "100 % sure", None).await, [1]);
    assert!(
        found(&store, "1_0", None).await.is_empty(),
        "a sign stands for itself"
    );
    assert!(found(&store, "%%%%", None).await.is_empty());
    assert_eq!(found(&store, "", Some(ItemState::Approved)).await, [2]);
    assert!(
        found(&store, "'; DROP TABLE quiz_items; --", None)
            .await
            .is_empty()
    );
    assert_eq!(found(&store, "\0", None).await, [2, 1]);
}

#[tokio::test]
async fn of_two_tutors_one_decides_and_both_are_in_no_doubt() {
    let (_folder, store) = store().await;
    let id = drafted(&store, &[choice("Which?")]).await[0];
    let seen = (SERVER, id, 1);
    let (approve, reject) = tokio::join!(
        store.decide_quiz_item(seen, Decision::Approve, 1, "", at(1)),
        store.decide_quiz_item(seen, Decision::Reject, 2, "", at(1))
    );
    let both = [approve.expect("no trouble"), reject.expect("no trouble")];
    let done = both
        .iter()
        .filter(|decided| matches!(decided, Decided::Done(_)));
    assert_eq!(done.count(), 1, "{both:?}");
    let taken = both.iter().find_map(|decided| match decided {
        Decided::Taken(item) => Some(item),
        _ => None,
    });
    let stands = store.quiz_item(SERVER, id).await.expect("read");
    assert_eq!(taken.map(|item| &**item), stands.as_ref());
    let acts = store.quiz_acts(SERVER, Some(id), 10).await.expect("read");
    let acts: Vec<&str> = acts.iter().map(|act| act.act.as_str()).collect();
    assert_eq!(acts.len(), 2, "one decision and the draft: {acts:?}");
    let unknown = store.decide_quiz_item((1, id, 1), Decision::Approve, 1, "", at(1));
    assert_eq!(unknown.await.expect("no trouble"), Decided::Unknown);
}

#[tokio::test]
async fn decisions_follow_from_how_a_question_stands() {
    let (_folder, store) = store().await;
    let id = drafted(&store, &[choice("Which?")]).await[0];
    for (decision, is_done) in [
        (Decision::Retire, false),
        (Decision::Restore, false),
        (Decision::Reject, true),
        (Decision::Approve, false),
        (Decision::Restore, true),
        (Decision::Approve, true),
        (Decision::Reject, false),
        (Decision::Retire, true),
        (Decision::Restore, true),
    ] {
        let decided = decide(&store, id, decision, TUTOR).await;
        assert_eq!(matches!(decided, Decided::Done(_)), is_done, "{decision:?}");
    }
}

#[tokio::test]
async fn an_edit_makes_a_draft_and_nothing_else_of_what_was_approved() {
    let (_folder, store) = store().await;
    let ids = approved(&store, &[choice("One?"), choice("Two?")]).await;
    let edit = |seen: i64, item: Item| {
        let store = &store;
        let id = ids[0];
        async move {
            let edited = store
                .edit_quiz_item((SERVER, id, seen), &item, NOOR, at(2))
                .await;
            edited.expect("no trouble")
        }
    };
    assert_eq!(edit(2, choice("Two?")).await, Edited::Known(ids[1]));
    let faulty = edit(2, single("Which?", &["a"], 0)).await;
    assert_eq!(faulty, Edited::Faulty(ItemFault::OptionCount { found: 1 }));
    assert!(matches!(edit(1, choice("Three?")).await, Edited::Taken(_)));
    let Edited::Done(item) = edit(2, choice("Three?")).await else {
        panic!("it can be edited");
    };
    assert_eq!(
        (item.state, item.revision, item.decided_by),
        (ItemState::Draft, 3, Some(NOOR))
    );
    assert_eq!(item.item.stem, "Three?");
    let gone = store
        .edit_quiz_item((SERVER, ItemId(99), 1), &choice("x"), NOOR, at(2))
        .await;
    assert_eq!(gone.expect("no trouble"), Edited::Unknown);
}

#[tokio::test]
async fn drafts_are_posted_in_turn_and_not_too_many_at_once() {
    let (_folder, store) = store().await;
    let ids = drafted(&store, &[choice("1"), choice("2"), choice("3")]).await;
    let queue = |at_once| {
        let store = &store;
        async move {
            let queue = store.quiz_review_queue(at_once).await.expect("read");
            let told = queue.iter().map(|(channel, item)| (*channel, item.id));
            told.collect::<Vec<_>>()
        }
    };
    assert!(queue(2).await.is_empty(), "no channel was chosen");
    let settings = QuizSettings {
        review_channel: Some(u64::MAX),
        tutor_role: Some(5),
        student_role: None,
    };
    store
        .set_quiz_settings(SERVER, &settings, TUTOR, at(0))
        .await
        .expect("set");
    assert_eq!(store.quiz_settings(SERVER).await.expect("read"), settings);
    for id in &ids[..2] {
        assert_eq!(queue(2).await, [(u64::MAX, *id)]);
        store
            .note_quiz_review(*id, u64::MAX, 50)
            .await
            .expect("noted");
    }
    assert!(queue(2).await.is_empty(), "two wait");
    decide(&store, ids[0], Decision::Reject, TUTOR).await;
    assert_eq!(queue(2).await, [(u64::MAX, ids[2])]);
    let stored = store.quiz_item(SERVER, ids[1]).await.expect("read");
    assert_eq!(stored.and_then(|item| item.review), Some((u64::MAX, 50)));
}

#[tokio::test]
async fn a_draft_whose_message_is_gone_is_posted_again() {
    let (_folder, store) = store().await;
    let id = drafted(&store, &[choice("1")]).await[0];
    let settings = QuizSettings {
        review_channel: Some(9),
        ..QuizSettings::default()
    };
    let set = store.set_quiz_settings(SERVER, &settings, TUTOR, at(0));
    set.await.expect("set");
    let waits = || async { store.quiz_review_queue(1).await.expect("read").len() };
    let note = || async { store.note_quiz_review(id, 9, 50).await.expect("noted") };
    let repost = |server, seen| store.repost_quiz_item((server, id, seen), TUTOR, at(2));
    note().await;
    assert_eq!(waits().await, 0);
    assert_eq!(repost(1, 1).await.expect("read"), Decided::Unknown);
    let (one, other) = tokio::join!(repost(SERVER, 1), repost(SERVER, 1));
    let both = [one.expect("no trouble"), other.expect("no trouble")];
    let done = both
        .iter()
        .filter(|decided| matches!(decided, Decided::Done(_)));
    assert_eq!(done.count(), 1, "{both:?}");
    assert_eq!(waits().await, 1);
    let stored = store.quiz_item(SERVER, id).await.expect("read");
    let stored = stored.expect("it is there");
    assert_eq!((stored.revision, stored.review), (2, None));
    assert_eq!(stored.decided_by, None, "nobody decided on it");
    let acts = store.quiz_acts(SERVER, Some(id), 10).await.expect("read");
    assert_eq!((acts.len(), acts[0].act.as_str()), (2, "post again"));
    note().await;
    store.lose_quiz_review(id, 51).await.expect("no trouble");
    assert_eq!(waits().await, 0, "another message is gone");
    store.lose_quiz_review(id, 50).await.expect("no trouble");
    assert_eq!(waits().await, 1);
    note().await;
    decide(&store, id, Decision::Approve, TUTOR).await;
    store.lose_quiz_review(id, 50).await.expect("no trouble");
    let decided = store.quiz_item(SERVER, id).await.expect("read");
    let decided = decided.expect("it is there");
    assert_eq!(decided.review, Some((9, 50)), "it is no draft");
    assert!(matches!(
        repost(SERVER, decided.revision).await.expect("no trouble"),
        Decided::Taken(_)
    ));
}

#[tokio::test]
async fn sets_keep_their_order_and_name_what_they_lack() {
    let (_folder, store) = store().await;
    let ids = approved(&store, &[choice("1"), choice("2"), choice("3")]).await;
    let save = |name: &'static str, items: Vec<ItemId>| {
        let store = &store;
        async move {
            let saved = store
                .save_quiz_set(SERVER, name, &items, TUTOR, at(0))
                .await;
            saved.expect("no trouble")
        }
    };
    assert_eq!(save(" Planes ", vec![ids[2], ids[0]]).await, Saved::Done);
    let listed = |store: Store| async move {
        let items = store.quiz_set(SERVER, "PLANES").await.expect("read");
        items.iter().map(|item| item.id).collect::<Vec<_>>()
    };
    assert_eq!(listed(store.clone()).await, [ids[2], ids[0]]);
    assert_eq!(save("planes", vec![ids[1]]).await, Saved::Done);
    assert_eq!(listed(store.clone()).await, [ids[1]]);
    assert_eq!(save(" ", ids.clone()).await, Saved::BadName);
    assert_eq!(save("none", Vec::new()).await, Saved::BadCount);
    let unknown = save("x", vec![ids[0], ItemId(99), ids[0]]).await;
    assert_eq!(unknown, Saved::Unknown(vec![ItemId(99), ids[0]]));
    decide(&store, ids[1], Decision::Retire, TUTOR).await;
    let sets = store.quiz_sets(SERVER).await.expect("read");
    assert_eq!((sets.len(), sets[0].count, sets[0].approved), (1, 1, 0));
    assert!(
        store
            .delete_quiz_set(SERVER, "Planes", TUTOR, at(1))
            .await
            .expect("deleted")
    );
    assert!(
        !store
            .delete_quiz_set(SERVER, "Planes", TUTOR, at(1))
            .await
            .expect("gone")
    );
    assert!(
        store
            .quiz_item(SERVER, ids[1])
            .await
            .expect("read")
            .is_some()
    );
}

#[tokio::test]
async fn the_audit_can_not_be_changed_but_forgets_a_name() {
    let (_folder, store) = store().await;
    let id = approved(&store, &[choice("Which?")]).await[0];
    for statement in [
        "DELETE FROM quiz_acts",
        "UPDATE quiz_acts SET act = 'nothing'",
        "UPDATE quiz_acts SET actor = 99",
        "UPDATE quiz_acts SET details = 'x', actor = NULL",
        "UPDATE quiz_acts SET at_ms = 0, actor = NULL",
    ] {
        let refused = write(&store, statement).await.expect_err(statement);
        assert!(
            refused.contains("quiz: acts are kept"),
            "{statement}: {refused}"
        );
    }
    store.delete_user(TUTOR).await.expect("deleted");
    let acts = store.quiz_acts(SERVER, Some(id), 10).await.expect("read");
    let told: Vec<(&str, Option<u64>)> = acts
        .iter()
        .map(|act| (act.act.as_str(), act.actor))
        .collect();
    assert_eq!(told, [("approve", None), ("draft", None)]);
    assert_eq!(acts[0].details, "so");
}
