//! Sessions: beginning one with the questions as they stand, and looking at it. Everything that a
//! button needs after a restart is here.

use std::time::SystemTime;

use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Row as _, Transaction};

use super::acts::NewAct;
use super::{ItemId, SessionId, is_refusal, is_twice, person, storable};
use crate::quiz::{Course, Item, MOST_QUESTIONS, Phase, Standing, TIMER};
use crate::store::{Store, StoreError, milliseconds};

/// A session that is to begin.
#[derive(Debug, Clone)]
pub struct NewSession<'a> {
    /// In which server.
    pub server: u64,
    /// In which channel or thread. It has one session at a time.
    pub channel: u64,
    /// What it is called.
    pub title: &'a str,
    /// The questions, in their order.
    pub items: &'a [ItemId],
    /// Seconds for each question.
    pub timer: Option<i64>,
    /// Whether nobody is named.
    pub anonymous: bool,
    /// The tutor who begins it.
    pub by: u64,
}

/// What became of a session that was to begin.
#[derive(Debug, Clone, PartialEq)]
pub enum Started {
    /// It has begun; its first question is open.
    Session(Box<Session>),
    /// The channel has this one, which has not ended.
    Busy(SessionId),
    /// These questions aren't approved in this server, or are named twice.
    NotApproved(Vec<ItemId>),
    /// There are no questions, or too many.
    BadCount,
    /// The timer is too short or too long.
    BadTimer,
}

/// A session as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// Its number.
    pub id: SessionId,
    /// In which server.
    pub server: u64,
    /// In which channel or thread.
    pub channel: u64,
    /// What it is called.
    pub title: String,
    /// Who began it; `None` for somebody who had their data deleted.
    pub started_by: Option<u64>,
    /// Whether nobody is named.
    pub anonymous: bool,
    /// Grows with each step.
    pub revision: i64,
    /// Where it stands.
    pub standing: Standing,
    /// The current question.
    pub question: Question,
    /// The message of the board, once it is known; 0 if there is nowhere to post it.
    pub board: Option<u64>,
}

/// A question of a session.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Its place, from 0.
    pub place: usize,
    /// Its number in the bank.
    pub item_id: ItemId,
    /// The question as it stood when the session began.
    pub item: Item,
    /// How it stands.
    pub phase: Phase,
    /// Its message, once it is known.
    pub message: Option<u64>,
}

impl Question {
    pub(super) fn of(row: &AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            place: usize::try_from(row.try_get::<i64, _>("place")?).unwrap_or_default(),
            item_id: ItemId(row.try_get("item_id")?),
            item: serde_json::from_str(&row.try_get::<String, _>("content")?)?,
            phase: Phase::of(&row.try_get::<String, _>("phase")?),
            message: person(row.try_get("message_id")?),
        })
    }
}

/// What [`Session::of`] reads.
pub(super) const SESSION: &str =
    "SELECT s.id, s.server_id, s.channel_id, s.title, s.started_by, s.course,
        s.revision, s.timer_s, s.left_ms, s.anonymous, q.place, q.item_id, q.content, q.phase,
        q.closes_ms, q.message_id, s.board_message,
        (SELECT count(*) FROM quiz_questions c WHERE c.session_id = s.id) AS questions
    FROM quiz_sessions s JOIN quiz_questions q ON q.session_id = s.id AND q.place = s.place";

impl Session {
    pub(super) fn of(row: &AnyRow) -> Result<Self, StoreError> {
        let question = Question::of(row)?;
        let count: i64 = row.try_get("questions")?;
        Ok(Self {
            id: SessionId(row.try_get("id")?),
            server: row.try_get::<i64, _>("server_id")? as u64,
            channel: row.try_get::<i64, _>("channel_id")? as u64,
            title: row.try_get("title")?,
            started_by: person(row.try_get("started_by")?),
            anonymous: row.try_get::<i64, _>("anonymous")? != 0,
            revision: row.try_get("revision")?,
            standing: Standing {
                course: Course::of(&row.try_get::<String, _>("course")?),
                place: question.place,
                count: usize::try_from(count).unwrap_or_default(),
                phase: question.phase,
                timer: row.try_get("timer_s")?,
                closes_ms: row.try_get("closes_ms")?,
                left_ms: row.try_get("left_ms")?,
            },
            question,
            board: person(row.try_get("board_message")?),
        })
    }

    pub(super) async fn read(
        connection: &mut AnyConnection,
        id: SessionId,
    ) -> Result<Option<Self>, StoreError> {
        let row = sqlx::query(AssertSqlSafe(format!("{SESSION} WHERE s.id = $1")))
            .bind(id.0)
            .fetch_optional(connection)
            .await?;
        row.as_ref().map(Self::of).transpose()
    }
}

impl Store {
    /// Begins a session and opens its first question.
    ///
    /// # Errors
    /// What the database reports; nothing has begun then.
    pub async fn start_quiz_session(
        &self,
        new: &NewSession<'_>,
        now: SystemTime,
    ) -> Result<Started, StoreError> {
        if new.items.is_empty() || new.items.len() > MOST_QUESTIONS {
            return Ok(Started::BadCount);
        }
        if new
            .timer
            .is_some_and(|timer| timer < TIMER.0 || timer > TIMER.1)
        {
            return Ok(Started::BadTimer);
        }
        let mut transaction = self.begin_quiz().await?;
        if let Some(busy) = session_in(&mut transaction, new.channel).await? {
            transaction.rollback().await?;
            return Ok(Started::Busy(busy));
        }
        let contents = match approved(&mut transaction, new).await? {
            Ok(contents) => contents,
            Err(missing) => {
                transaction.rollback().await?;
                return Ok(Started::NotApproved(missing));
            }
        };
        let id = match insert(&mut transaction, new, now).await {
            Err(error) if is_twice(&error) => {
                // Another process was faster; SQLite's transaction was alone.
                transaction.rollback().await?;
                let mut connection = self.pool.acquire().await?;
                return match session_in(&mut connection, new.channel).await? {
                    Some(busy) => Ok(Started::Busy(busy)),
                    None => Err(error.into()),
                };
            }
            inserted => inserted?,
        };
        let standing = Standing::begin(new.items.len(), new.timer, milliseconds(now));
        for ((place, item), content) in (0_i64..).zip(new.items).zip(contents) {
            let asked = ask(
                &mut transaction,
                (id, place, *item),
                &content,
                &standing,
                now,
            )
            .await;
            match asked {
                Err(error) if is_refusal(&error, "quiz: not approved") => {
                    transaction.rollback().await?;
                    return Ok(Started::NotApproved(vec![*item]));
                }
                asked => asked?,
            }
        }
        let act = NewAct {
            server: new.server,
            actor: new.by,
            act: "start",
            item: None,
            session: Some(id),
            details: new.title,
            now,
        };
        act.write(&mut transaction).await?;
        let session = Session::read(&mut transaction, id).await?;
        transaction.commit().await?;
        match session {
            Some(session) => Ok(Started::Session(Box::new(session))),
            None => Err(sqlx::Error::RowNotFound.into()),
        }
    }

    /// A session, with its current question.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn quiz_session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        Session::read(&mut connection, id).await
    }

    /// All questions of a session, in their order.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn quiz_questions(&self, id: SessionId) -> Result<Vec<Question>, StoreError> {
        let rows = sqlx::query(
            "SELECT place, item_id, content, phase, message_id FROM quiz_questions
             WHERE session_id = $1 ORDER BY place",
        )
        .bind(id.0)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(Question::of).collect()
    }
}

/// The session of a channel that has not ended.
async fn session_in(
    connection: &mut AnyConnection,
    channel: u64,
) -> Result<Option<SessionId>, StoreError> {
    let row =
        sqlx::query("SELECT id FROM quiz_sessions WHERE channel_id = $1 AND course <> 'ended'")
            .bind(channel as i64)
            .fetch_optional(connection)
            .await?;
    row.map(|row| Ok(SessionId(row.try_get(0)?))).transpose()
}

/// The contents of the questions, or those that may not be asked.
async fn approved(
    transaction: &mut Transaction<'static, Any>,
    new: &NewSession<'_>,
) -> Result<Result<Vec<String>, Vec<ItemId>>, StoreError> {
    let (mut contents, mut missing): (Vec<String>, Vec<ItemId>) = (Vec::new(), Vec::new());
    for (place, item) in new.items.iter().enumerate() {
        let row = sqlx::query(
            "SELECT content FROM quiz_items
             WHERE id = $1 AND server_id = $2 AND state = 'approved'",
        )
        .bind(item.0)
        .bind(new.server as i64)
        .fetch_optional(&mut **transaction)
        .await?;
        match row {
            Some(row) if !new.items[..place].contains(item) => contents.push(row.try_get(0)?),
            _ => missing.push(*item),
        }
    }
    Ok(if missing.is_empty() {
        Ok(contents)
    } else {
        Err(missing)
    })
}

async fn insert(
    transaction: &mut Transaction<'static, Any>,
    new: &NewSession<'_>,
    now: SystemTime,
) -> Result<SessionId, sqlx::Error> {
    let row = sqlx::query(
        "INSERT INTO quiz_sessions
             (server_id, channel_id, title, started_by, course, timer_s, anonymous, created_ms)
         VALUES ($1, $2, $3, $4, 'running', $5, $6, $7)
         RETURNING id",
    )
    .bind(new.server as i64)
    .bind(new.channel as i64)
    .bind(storable(new.title))
    .bind(new.by as i64)
    .bind(new.timer)
    .bind(i64::from(new.anonymous))
    .bind(milliseconds(now))
    .fetch_one(&mut **transaction)
    .await?;
    Ok(SessionId(row.try_get(0)?))
}

/// Writes a question; the first one is open.
async fn ask(
    transaction: &mut Transaction<'static, Any>,
    (session, place, item): (SessionId, i64, ItemId),
    content: &str,
    standing: &Standing,
    now: SystemTime,
) -> Result<(), sqlx::Error> {
    let is_first = place == 0;
    let phase = if is_first {
        Phase::Open
    } else {
        Phase::Waiting
    };
    sqlx::query(
        "INSERT INTO quiz_questions
             (session_id, place, item_id, content, phase, opened_ms, closes_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(session.0)
    .bind(place)
    .bind(item.0)
    .bind(content)
    .bind(phase.name())
    .bind(is_first.then(|| milliseconds(now)))
    .bind(standing.closes_ms.filter(|_| is_first))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
