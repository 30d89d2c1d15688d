//! The bank of questions: adding drafts, looking, deciding, editing. Two tutors may decide at once:
//! one of them wins, and the other is told who did.

use std::time::SystemTime;

use sqlx::{Any, AssertSqlSafe, Row as _, Transaction};

use super::acts::NewAct;
use super::{ITEM_COLUMNS, ItemId, ItemState, StoredItem, storable};
use crate::quiz::{Item, ItemFault, Kind};
use crate::store::{Store, StoreError, milliseconds};

/// Longest text that a question is searched by, in characters.
const LONGEST_WORDS: usize = 4_000;
/// Words of a search that count.
const MOST_WORDS: usize = 4;

/// What became of a question that was to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum Added {
    /// It has this number now.
    New(ItemId),
    /// The bank has one that asks the same, whatever became of that.
    Known(ItemId),
}

/// Which questions of a bank are looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BankQuery {
    /// Those of this state.
    pub state: Option<ItemState>,
    /// Those of this kind.
    pub kind: Option<Kind>,
    /// Those that hold all of these words.
    pub words: String,
    /// How many to pass over.
    pub offset: u32,
    /// Most to return.
    pub limit: u32,
}

/// A stretch of the bank, the latest first.
#[derive(Debug, Clone, PartialEq)]
pub struct BankPage {
    /// The questions.
    pub items: Vec<StoredItem>,
    /// How many there are in all.
    pub total: i64,
}

/// What a tutor decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Students may see a draft.
    Approve,
    /// A draft is not used.
    Reject,
    /// An approved question is asked no more.
    Retire,
    /// A rejected or retired question is a draft again.
    Restore,
}

impl Decision {
    /// Its name, as the audit keeps it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Retire => "retire",
            Self::Restore => "restore",
        }
    }

    /// The states that it may be taken in, and the one that it leads to.
    fn course(self) -> ([ItemState; 2], ItemState) {
        match self {
            Self::Approve => ([ItemState::Draft; 2], ItemState::Approved),
            Self::Reject => ([ItemState::Draft; 2], ItemState::Rejected),
            Self::Retire => ([ItemState::Approved; 2], ItemState::Retired),
            Self::Restore => ([ItemState::Rejected, ItemState::Retired], ItemState::Draft),
        }
    }
}

/// What became of a decision.
#[derive(Debug, Clone, PartialEq)]
pub enum Decided {
    /// It holds.
    Done(Box<StoredItem>),
    /// Somebody else was faster, or it can't be decided so: this is how the question stands, with
    /// who decided and when.
    Taken(Box<StoredItem>),
    /// The server's bank has no such question.
    Unknown,
}

/// What became of an edit.
#[derive(Debug, Clone, PartialEq)]
pub enum Edited {
    /// It is a draft again, to be approved as it is now.
    Done(Box<StoredItem>),
    /// Somebody else has changed it meanwhile.
    Taken(Box<StoredItem>),
    /// The bank has another question that asks the same.
    Known(ItemId),
    /// It can't be kept like this.
    Faulty(ItemFault),
    /// The server's bank has no such question.
    Unknown,
}

impl Store {
    /// Adds drafts to a server's bank, all or none. They must have passed [`Item::check`]. `act`
    /// says how they came about, such as `draft` or `import`.
    ///
    /// # Errors
    /// What the database reports; nothing is added then.
    pub async fn add_quiz_items(
        &self,
        server: u64,
        maker: u64,
        items: &[Item],
        act: &str,
        now: SystemTime,
    ) -> Result<Vec<Added>, StoreError> {
        let mut transaction = self.begin_quiz().await?;
        let mut added = Vec::with_capacity(items.len());
        for item in items {
            let outcome = insert(&mut transaction, (server, maker), item, now).await?;
            if let Added::New(id) = outcome {
                let act = NewAct {
                    server,
                    actor: maker,
                    act,
                    item: Some(id),
                    session: None,
                    details: item.kind().name(),
                    now,
                };
                act.write(&mut transaction).await?;
            }
            added.push(outcome);
        }
        transaction.commit().await?;
        Ok(added)
    }

    /// A question of a server's bank.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn quiz_item(
        &self,
        server: u64,
        id: ItemId,
    ) -> Result<Option<StoredItem>, StoreError> {
        let row = sqlx::query(AssertSqlSafe(format!(
            "SELECT {ITEM_COLUMNS} FROM quiz_items WHERE id = $1 AND server_id = $2"
        )))
        .bind(id.0)
        .bind(server as i64)
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(StoredItem::of).transpose()
    }

    /// The questions of a server's bank that are looked for.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn quiz_items(&self, server: u64, query: &BankQuery) -> Result<BankPage, StoreError> {
        const WHERE: &str = "WHERE server_id = $1 AND (state = $2 OR $2 = '')
             AND (kind = $3 OR $3 = '') AND words LIKE $4 ESCAPE '!' AND words LIKE $5 ESCAPE '!'
             AND words LIKE $6 ESCAPE '!' AND words LIKE $7 ESCAPE '!'";
        let patterns = patterns(&query.words);
        let (state, kind) = (
            query.state.map_or("", ItemState::name),
            query.kind.map_or("", Kind::name),
        );
        let mut counted = sqlx::query(AssertSqlSafe(format!(
            "SELECT count(*) FROM quiz_items {WHERE}"
        )))
        .bind(server as i64)
        .bind(state)
        .bind(kind);
        let mut listed = sqlx::query(AssertSqlSafe(format!(
            "SELECT {ITEM_COLUMNS} FROM quiz_items {WHERE} ORDER BY id DESC LIMIT $8 OFFSET $9"
        )))
        .bind(server as i64)
        .bind(state)
        .bind(kind);
        for pattern in &patterns {
            counted = counted.bind(pattern.clone());
            listed = listed.bind(pattern.clone());
        }
        let rows = listed
            .bind(i64::from(query.limit))
            .bind(i64::from(query.offset))
            .fetch_all(&self.pool)
            .await?;
        let items: Result<Vec<StoredItem>, StoreError> = rows.iter().map(StoredItem::of).collect();
        let total = counted.fetch_one(&self.pool).await?.try_get(0)?;
        Ok(BankPage {
            items: items?,
            total,
        })
    }

    /// What each question of a server's bank asks, so that none is drafted twice.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn quiz_fingerprints(
        &self,
        server: u64,
    ) -> Result<std::collections::HashSet<String>, StoreError> {
        let rows = sqlx::query("SELECT fingerprint FROM quiz_items WHERE server_id = $1")
            .bind(server as i64)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    /// Decides on a question in the revision `seen`. `why` goes to the audit.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn decide_quiz_item(
        &self,
        (server, id, seen): (u64, ItemId, i64),
        decision: Decision,
        by: u64,
        why: &str,
        now: SystemTime,
    ) -> Result<Decided, StoreError> {
        let mut transaction = self.begin_quiz().await?;
        let ([from, or_from], to) = decision.course();
        let row = sqlx::query(AssertSqlSafe(format!(
            "UPDATE quiz_items
             SET state = $1, revision = revision + 1, decided_by = $2, decided_ms = $3
             WHERE id = $4 AND server_id = $5 AND revision = $6 AND (state = $7 OR state = $8)
             RETURNING {ITEM_COLUMNS}"
        )))
        .bind(to.name())
        .bind(by as i64)
        .bind(milliseconds(now))
        .bind(id.0)
        .bind(server as i64)
        .bind(seen)
        .bind(from.name())
        .bind(or_from.name())
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(row) = row else {
            transaction.rollback().await?;
            let stands = self.quiz_item(server, id).await?;
            return Ok(stands.map_or(Decided::Unknown, |item| Decided::Taken(Box::new(item))));
        };
        let item = StoredItem::of(&row)?;
        let act = NewAct {
            server,
            actor: by,
            act: decision.name(),
            item: Some(id),
            session: None,
            details: why,
            now,
        };
        act.write(&mut transaction).await?;
        transaction.commit().await?;
        Ok(Decided::Done(Box::new(item)))
    }

    /// Puts other content in place of a question's, which makes it a draft again. Sessions that run
    /// keep what they began with.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn edit_quiz_item(
        &self,
        (server, id, seen): (u64, ItemId, i64),
        item: &Item,
        by: u64,
        now: SystemTime,
    ) -> Result<Edited, StoreError> {
        if let Err(fault) = item.check() {
            return Ok(Edited::Faulty(fault));
        }
        let mut transaction = self.begin_quiz().await?;
        let same = sqlx::query(
            "SELECT id FROM quiz_items WHERE server_id = $1 AND fingerprint = $2 AND id <> $3",
        )
        .bind(server as i64)
        .bind(item.fingerprint())
        .bind(id.0)
        .fetch_optional(&mut *transaction)
        .await?;
        if let Some(same) = same {
            let same = ItemId(same.try_get(0)?);
            transaction.rollback().await?;
            return Ok(Edited::Known(same));
        }
        let row = sqlx::query(AssertSqlSafe(format!(
            "UPDATE quiz_items
             SET content = $1, fingerprint = $2, words = $3, kind = $4, state = 'draft',
                 revision = revision + 1, decided_by = $5, decided_ms = $6
             WHERE id = $7 AND server_id = $8 AND revision = $9
             RETURNING {ITEM_COLUMNS}"
        )))
        .bind(serde_json::to_string(item)?)
        .bind(item.fingerprint())
        .bind(words(item))
        .bind(item.kind().name())
        .bind(by as i64)
        .bind(milliseconds(now))
        .bind(id.0)
        .bind(server as i64)
        .bind(seen)
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(row) = row else {
            transaction.rollback().await?;
            let stands = self.quiz_item(server, id).await?;
            return Ok(stands.map_or(Edited::Unknown, |item| Edited::Taken(Box::new(item))));
        };
        let stored = StoredItem::of(&row)?;
        let act = NewAct {
            server,
            actor: by,
            act: "edit",
            item: Some(id),
            session: None,
            details: "",
            now,
        };
        act.write(&mut transaction).await?;
        transaction.commit().await?;
        Ok(Edited::Done(Box::new(stored)))
    }
}

async fn insert(
    transaction: &mut Transaction<'static, Any>,
    (server, maker): (u64, u64),
    item: &Item,
    now: SystemTime,
) -> Result<Added, StoreError> {
    let fingerprint = item.fingerprint();
    let row = sqlx::query(
        "INSERT INTO quiz_items
             (server_id, kind, content, fingerprint, words, state, made_by, made_ms)
         VALUES ($1, $2, $3, $4, $5, 'draft', $6, $7)
         ON CONFLICT (server_id, fingerprint) DO NOTHING
         RETURNING id",
    )
    .bind(server as i64)
    .bind(item.kind().name())
    .bind(serde_json::to_string(item)?)
    .bind(fingerprint.as_str())
    .bind(words(item))
    .bind(maker as i64)
    .bind(milliseconds(now))
    .fetch_optional(&mut **transaction)
    .await?;
    if let Some(row) = row {
        return Ok(Added::New(ItemId(row.try_get(0)?)));
    }
    let row = sqlx::query("SELECT id FROM quiz_items WHERE server_id = $1 AND fingerprint = $2")
        .bind(server as i64)
        .bind(fingerprint)
        .fetch_one(&mut **transaction)
        .await?;
    Ok(Added::Known(ItemId(row.try_get(0)?)))
}

/// What a question is searched by.
fn words(item: &Item) -> String {
    let mut words = vec![
        item.stem.clone(),
        item.topic.clone(),
        item.task.key_in_words(),
    ];
    words.extend(item.task.options().iter().cloned());
    words.extend(item.pictures.iter().map(ToString::to_string));
    words.push(item.rationale.clone());
    let words = storable(&words.join(" ")).to_lowercase();
    words.chars().take(LONGEST_WORDS).collect()
}

/// A pattern for each of the first words of a search; what stands for other letters in a pattern
/// stands for itself.
fn patterns(text: &str) -> [String; MOST_WORDS] {
    let text = storable(text).to_lowercase();
    let mut words = text.split_whitespace();
    std::array::from_fn(|_| match words.next() {
        Some(word) => {
            let word = word
                .replace('!', "!!")
                .replace('%', "!%")
                .replace('_', "!_");
            format!("%{word}%")
        }
        None => "%".to_owned(),
    })
}
