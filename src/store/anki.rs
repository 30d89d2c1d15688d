//! Anki's collection, an SQLite file of its own: the notes of a package that somebody takes away.
//! Nothing of it is in Mirage's database; it is made here because all SQL is.
//!
//! The layout is that of Anki's schema 11, which every version since 2012 imports
//! (<https://github.com/ankidroid/Anki-Android/wiki/Database-Structure>).

use std::time::SystemTime;

use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode};
use sqlx::{Connection as _, Executor as _};

use super::{StoreError, milliseconds};

/// A note with one card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AnkiNote {
    /// What an import knows it again by.
    pub(crate) guid: String,
    /// Plain text that it is sorted by.
    pub(crate) sort: String,
    /// HTML of the front.
    pub(crate) front: String,
    /// HTML of the back.
    pub(crate) back: String,
    /// Tags with blanks between them.
    pub(crate) tags: String,
}

/// Numbers of the deck and of the kind of notes, which an import knows them again by.
const DECK: i64 = 1_764_892_345_671;
const KIND: i64 = 1_764_892_345_672;
const NAME: &str = "Mirage";
const CSS: &str = ".card { font-family: sans-serif; font-size: 20px; text-align: center; } \
    img { max-width: 100%; }";

const SCHEMA: &str = "
    CREATE TABLE col (id integer primary key, crt integer not null, mod integer not null,
        scm integer not null, ver integer not null, dty integer not null, usn integer not null,
        ls integer not null, conf text not null, models text not null, decks text not null,
        dconf text not null, tags text not null);
    CREATE TABLE notes (id integer primary key, guid text not null, mid integer not null,
        mod integer not null, usn integer not null, tags text not null, flds text not null,
        sfld integer not null, csum integer not null, flags integer not null,
        data text not null);
    CREATE TABLE cards (id integer primary key, nid integer not null, did integer not null,
        ord integer not null, mod integer not null, usn integer not null, type integer not null,
        queue integer not null, due integer not null, ivl integer not null,
        factor integer not null, reps integer not null, lapses integer not null,
        left integer not null, odue integer not null, odid integer not null,
        flags integer not null, data text not null);
    CREATE TABLE revlog (id integer primary key, cid integer not null, usn integer not null,
        ease integer not null, ivl integer not null, lastIvl integer not null,
        factor integer not null, time integer not null, type integer not null);
    CREATE TABLE graves (usn integer not null, oid integer not null, type integer not null);
    CREATE INDEX ix_notes_usn on notes (usn);
    CREATE INDEX ix_cards_usn on cards (usn);
    CREATE INDEX ix_revlog_usn on revlog (usn);
    CREATE INDEX ix_cards_nid on cards (nid);
    CREATE INDEX ix_cards_sched on cards (did, queue, due);
    CREATE INDEX ix_revlog_cid on revlog (cid);
    CREATE INDEX ix_notes_csum on notes (csum);";

/// The bytes of a collection with these notes in one deck. It writes to a folder of its own that
/// goes at once, and blocks.
///
/// # Errors
/// What SQLite or the disk reports.
pub(crate) fn anki_collection(notes: Vec<AnkiNote>) -> Result<Vec<u8>, StoreError> {
    // sqlx needs a runtime, and the thread that calls may be one of another's or have none.
    let writing = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(sqlx::Error::Io)?;
        runtime.block_on(write(&notes, SystemTime::now()))
    });
    let panicked = |_| sqlx::Error::WorkerCrashed.into();
    writing.join().unwrap_or_else(|error| Err(panicked(error)))
}

async fn write(notes: &[AnkiNote], now: SystemTime) -> Result<Vec<u8>, StoreError> {
    let folder = tempfile::tempdir().map_err(sqlx::Error::Io)?;
    let path = folder.path().join("collection.anki2");
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Delete);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    connection.execute(SCHEMA).await?;
    let mut transaction = connection.begin().await?;
    add_collection(&mut transaction, now).await?;
    for (note, number) in notes.iter().zip(1..) {
        add_note(&mut transaction, note, number, now).await?;
    }
    transaction.commit().await?;
    connection.close().await?;
    let bytes = std::fs::read(&path).map_err(sqlx::Error::Io)?;
    Ok(bytes)
}

/// The one row that says what the collection holds.
async fn add_collection(
    connection: &mut SqliteConnection,
    now: SystemTime,
) -> Result<(), StoreError> {
    let (now, seconds) = (milliseconds(now), milliseconds(now) / 1_000);
    let kind = |ord: i64, name: &str| {
        json!({"name": name, "ord": ord, "font": "Arial", "media": [], "rtl": false, "size": 20,
               "sticky": false})
    };
    let models = json!({KIND.to_string(): {
        "id": KIND.to_string(), "name": NAME, "type": 0, "mod": seconds, "usn": -1, "sortf": 0,
        "did": DECK, "css": CSS, "latexPre": "", "latexPost": "", "latexsvg": false, "tags": [],
        "vers": [], "req": [[0, "any", [1]]],
        "flds": [kind(0, "Question"), kind(1, "Front"), kind(2, "Back")],
        "tmpls": [{
            "name": "Card 1", "ord": 0, "qfmt": "{{Front}}",
            "afmt": "{{FrontSide}}<hr id=answer>{{Back}}",
            "bafmt": "", "bqfmt": "", "bfont": "", "bsize": 0, "did": null,
        }],
    }});
    let deck = |id: i64, name: &str| {
        json!({"id": id, "name": name, "desc": "", "dyn": 0, "conf": 1, "mod": seconds, "usn": -1,
               "collapsed": false, "extendNew": 0, "extendRev": 50, "newToday": [0, 0],
               "revToday": [0, 0], "lrnToday": [0, 0], "timeToday": [0, 0]})
    };
    let decks = json!({"1": deck(1, "Default"), DECK.to_string(): deck(DECK, NAME)});
    let settings = json!({"activeDecks": [1], "addToCur": true, "collapseTime": 1200, "curDeck": 1,
        "curModel": KIND.to_string(), "dueCounts": true, "estTimes": true, "newBury": true,
        "newSpread": 0, "nextPos": 1, "sortBackwards": false, "sortType": "noteFld", "timeLim": 0});
    let pace = json!({"1": {"id": 1, "name": "Default", "autoplay": true, "maxTaken": 60, "mod": 0,
        "replayq": true, "timer": 0, "usn": 0,
        "lapse": {"delays": [10], "leechAction": 0, "leechFails": 8, "minInt": 1, "mult": 0},
        "new": {"bury": true, "delays": [1, 10], "initialFactor": 2500, "ints": [1, 4, 7],
                "order": 1, "perDay": 20, "separate": true},
        "rev": {"bury": true, "ease4": 1.3, "fuzz": 0.05, "ivlFct": 1, "maxIvl": 36500,
                "minSpace": 1, "perDay": 100}}});
    sqlx::query("INSERT INTO col VALUES (1, ?, ?, ?, 11, 0, 0, 0, ?, ?, ?, ?, '{}')")
        .bind(seconds)
        .bind(now)
        .bind(now)
        .bind(settings.to_string())
        .bind(models.to_string())
        .bind(decks.to_string())
        .bind(pace.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// A note and its card, which is new.
async fn add_note(
    connection: &mut SqliteConnection,
    note: &AnkiNote,
    number: i64,
    now: SystemTime,
) -> Result<(), StoreError> {
    // Ids are times in milliseconds, and must differ.
    let id = milliseconds(now) + number;
    let fields = [note.sort.as_str(), &note.front, &note.back]
        .map(|field| field.replace('\u{1f}', " "))
        .join("\u{1f}");
    let tags = match note.tags.as_str() {
        "" => String::new(),
        tags => format!(" {tags} "),
    };
    sqlx::query("INSERT INTO notes VALUES (?, ?, ?, ?, -1, ?, ?, ?, 0, 0, '')")
        .bind(id)
        .bind(note.guid.as_str())
        .bind(KIND)
        .bind(id / 1_000)
        .bind(tags)
        .bind(fields)
        .bind(note.sort.as_str())
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT INTO cards VALUES (?, ?, ?, 0, ?, -1, 0, 0, ?, 0, 0, 0, 0, 0, 0, 0, 0, '')",
    )
    .bind(id)
    .bind(id)
    .bind(DECK)
    .bind(id / 1_000)
    .bind(number)
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::Row as _;

    use super::*;

    fn note(guid: &str) -> AnkiNote {
        AnkiNote {
            guid: guid.to_owned(),
            sort: "Which plane?".to_owned(),
            front: "<p>Which plane?</p>".to_owned(),
            back: "<p>a\u{1f}xial</p>".to_owned(),
            tags: "planes".to_owned(),
        }
    }

    #[tokio::test]
    async fn a_collection_has_a_new_card_a_note_and_all_fields() {
        // Also from a thread that has a runtime.
        let bytes = anki_collection(vec![note("one"), note("two")]).expect("written");
        assert!(bytes.starts_with(b"SQLite format 3\0"));
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("c.anki2");
        std::fs::write(&path, bytes).expect("written");
        let options = SqliteConnectOptions::new().filename(&path);
        let mut connection = SqliteConnection::connect_with(&options)
            .await
            .expect("opened");
        let rows = sqlx::query(
            "SELECT n.guid, n.flds, n.mid, c.did, c.due, (SELECT models FROM col) AS models
             FROM notes n JOIN cards c ON c.nid = n.id ORDER BY c.due",
        )
        .fetch_all(&mut connection)
        .await
        .expect("readable");
        assert_eq!(rows.len(), 2);
        let fields: String = rows[1].get("flds");
        assert_eq!(fields.split('\u{1f}').count(), 3, "{fields}");
        assert_eq!(rows[0].get::<String, _>("guid"), "one");
        assert_eq!(rows[1].get::<i64, _>("due"), 2);
        let models: serde_json::Value =
            serde_json::from_str(&rows[0].get::<String, _>("models")).expect("JSON");
        let kind = &models[rows[0].get::<i64, _>("mid").to_string()];
        assert_eq!(kind["flds"].as_array().map(Vec::len), Some(3));
    }

    #[test]
    fn an_empty_collection_can_be_made_without_a_runtime() {
        assert!(anki_collection(Vec::new()).is_ok());
    }
}
