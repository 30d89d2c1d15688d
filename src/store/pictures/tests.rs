//! Stored pictures against a real database file: they come back as they were, their files go early,
//! and everything goes with its person.

use super::super::searches::KEPT_DAYS;
use super::*;

async fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(&*folder.path().join("m.sqlite"))
        .await
        .expect("opened");
    (folder, store)
}

fn recipe(variant: Option<Variant>) -> Recipe {
    Recipe {
        prompt: "صورة '; DROP TABLE pictures; --".to_owned(),
        negative: String::new(),
        seed: u64::MAX,
        candidates: 4,
        steps: 20,
        guidance: 4.5,
        width: 128,
        height: 64,
        scheduler: "ddim".to_owned(),
        variant,
    }
}

fn given() -> Variant {
    Variant {
        strength: 0.6,
        start: Start::Given(vec![1, 2, 3]),
    }
}

fn made() -> Made {
    Made {
        model: "tiny@12345678".to_owned(),
        told: Told {
            nearest: vec![EntryId::new("t", "a")],
            nothing_close: true,
            words: vec!["chest".to_owned()],
            remarks: vec!["The seed was changed.".to_owned()],
        },
        file: Some(vec![9; 4]),
        sheet: Some(vec![8; 4]),
    }
}

#[tokio::test]
async fn a_picture_comes_back_after_a_restart() {
    let (folder, store) = store().await;
    let entry = Variant {
        strength: 1.0,
        start: Start::Entry(EntryId::new("t", "a")),
    };
    let mut stored = Vec::new();
    for variant in [None, Some(given()), Some(entry)] {
        let recipe = recipe(variant);
        let id = store.remember_picture(u64::MAX, 3, &recipe).await;
        stored.push((id.expect("stored"), recipe));
    }
    store.close().await;
    let store = Store::open(&*folder.path().join("m.sqlite"))
        .await
        .expect("opened again");
    for (id, recipe) in stored {
        let id = PictureId::parse(&id.to_string()).expect("a name survives a button");
        let expected = StoredPicture {
            user: u64::MAX,
            server: 3,
            recipe,
            made: None,
        };
        assert_eq!(store.picture(&id).await.expect("read"), Some(expected));
    }
}

#[tokio::test]
async fn what_was_made_is_kept_and_its_files_go_when_they_were_posted() {
    let (_folder, store) = store().await;
    let id = store.remember_picture(1, 0, &recipe(Some(given()))).await;
    let id = id.expect("stored");
    assert!(store.picture_made(&id, 8, &made()).await.expect("noted"));
    let stored = store.picture(&id).await.expect("read").expect("kept");
    assert_eq!((stored.recipe.seed, stored.made), (8, Some(made())));
    assert_eq!(stored.recipe.candidates, 1, "the one that was kept");
    // A job that was interrupted makes it once more.
    assert!(store.picture_made(&id, 8, &made()).await.expect("noted"));
    store.erase_files_of(&id).await.expect("erased");
    let stored = store.picture(&id).await.expect("read").expect("kept");
    let left = stored.made.expect("made");
    assert_eq!((left.file, left.sheet), (None, None));
    let variant = stored.recipe.variant.expect("it is one");
    assert_eq!((variant.start, variant.strength), (Start::Gone, 0.6));
}

#[tokio::test]
async fn a_person_can_have_all_of_it_deleted() {
    let (_folder, store) = store().await;
    let mine = store.remember_picture(1, 0, &recipe(None)).await;
    let others = store.remember_picture(2, 0, &recipe(None)).await;
    let (mine, others) = (mine.expect("stored"), others.expect("stored"));
    for (picture, user) in [(&mine, 2), (&others, 1)] {
        let noted = store.report_picture(picture, user, "odd").await;
        assert!(noted.expect("noted"));
    }
    // The picture and the report of another one; what others said of it goes too.
    assert_eq!(store.delete_user(1).await.expect("deleted"), 2);
    assert_eq!(store.picture(&mine).await.expect("read"), None);
    assert!(store.picture(&others).await.expect("read").is_some());
    let reported = store.reported_pictures(9).await.expect("read");
    assert!(reported.is_empty(), "{reported:?}");
    assert!(!store.picture_made(&mine, 1, &made()).await.expect("noted"));
    let late = store.report_picture(&mine, 2, "odd").await;
    assert!(!late.expect("read"));
}

#[tokio::test]
async fn a_report_counts_once_a_person_and_is_bounded() {
    let (_folder, store) = store().await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let id = store.remember_picture(1, 0, &recipe(None)).await;
        ids.push(id.expect("stored"));
    }
    store.picture_made(&ids[0], 1, &made()).await.expect("made");
    for (user, reason) in [(5, "first"), (6, " \0 "), (5, &*"x".repeat(2_000))] {
        let noted = store.report_picture(&ids[0], user, reason).await;
        assert!(noted.expect("noted"));
    }
    let reported = store.reported_pictures(9).await.expect("read");
    assert_eq!(reported.len(), 1);
    assert_eq!(reported[0].model, "tiny@12345678");
    let mut lengths: Vec<usize> = reported[0].reasons.iter().map(String::len).collect();
    lengths.sort_unstable();
    assert_eq!(lengths, [0, 1_000]);
    let none = store.reported_pictures(0).await.expect("read");
    assert!(none.is_empty());
}

#[tokio::test]
async fn what_is_old_is_forgotten_and_files_before_it() {
    let (_folder, store) = store().await;
    let id = store.remember_picture(1, 0, &recipe(Some(given()))).await;
    let id = id.expect("stored");
    store.picture_made(&id, 1, &made()).await.expect("noted");
    store.report_picture(&id, 2, "").await.expect("noted");
    let now = SystemTime::now();
    assert_eq!(store.forget_old_pictures(now).await.expect("none"), 0);
    let kept = store.picture(&id).await.expect("read").expect("kept");
    assert!(kept.made.is_some_and(|made| made.file.is_some()));
    let soon = now + FILES_KEPT + Duration::from_secs(5);
    assert_eq!(store.forget_old_pictures(soon).await.expect("none"), 0);
    let kept = store.picture(&id).await.expect("read").expect("kept");
    assert!(kept.made.is_some_and(|made| made.file.is_none()));
    let later = now + Duration::from_secs((KEPT_DAYS + 1) * 24 * 60 * 60);
    assert_eq!(store.forget_old_pictures(later).await.expect("old"), 1);
    assert!(store.reported_pictures(9).await.expect("read").is_empty());
}

#[test]
fn only_names_are_parsed() {
    for text in ["", "short", "0123456789abcdef0", "0123456789abcde'"] {
        assert_eq!(PictureId::parse(text), None, "{text}");
    }
}
