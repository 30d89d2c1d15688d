//! What every command and button shares. It holds no state of its own.

use std::path::PathBuf;
use std::sync::Arc;

use mirage::atlas::Atlas;
use mirage::engine::{Caller, Lane};
use mirage::jobs::Jobs;
use mirage::store::Store;
use poise::serenity_prelude as serenity;
use tokio::sync::{Notify, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

use super::attachments::Attachments;
use super::writer::Writer;

/// Shared by all commands. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Data {
    pub(crate) atlas: Atlas,
    pub(crate) store: Store,
    pub(crate) jobs: Jobs,
    /// Folder whose collections a tutor may import.
    pub(crate) imports: PathBuf,
    /// Fetches pictures that people attach.
    pub(crate) attachments: Attachments,
    /// Words explanations, where there is one.
    pub(crate) writer: Writer,
    /// Wakes who announces: a job was accepted or cancelled.
    pub(crate) news: Arc<Notify>,
    /// Wakes who conducts quizzes: a session has gone on.
    pub(crate) quizzes: Arc<Notify>,
    pub(crate) work: Work,
}

impl Data {
    pub(crate) fn new(
        atlas: Atlas,
        jobs: Jobs,
        imports: PathBuf,
        attachments: Attachments,
        writer: Writer,
    ) -> Self {
        Self {
            atlas,
            store: jobs.store().clone(),
            jobs,
            imports,
            attachments,
            writer,
            news: Arc::default(),
            quizzes: Arc::default(),
            work: Work::default(),
        }
    }

    /// The same for a person's request: its turn on the device is theirs.
    pub(crate) fn on_behalf_of(
        &self,
        user: serenity::UserId,
        server: Option<serenity::GuildId>,
    ) -> Self {
        let caller = Caller::new(user.get(), server.map_or(0, serenity::GuildId::get));
        Self {
            atlas: self.atlas.on_behalf_of(caller, Lane::Interactive),
            ..self.clone()
        }
    }
}

/// The answers under way, so that a shutdown can wait for them. Each holds a read lock; who gets
/// the write lock knows that none is left.
#[derive(Clone, Default)]
pub(crate) struct Work(Arc<RwLock<()>>);

impl Work {
    /// Counts an answer until the value is dropped.
    pub(crate) async fn begin(&self) -> OwnedRwLockReadGuard<()> {
        Arc::clone(&self.0).read_owned().await
    }

    /// Waits until no answer is under way. None begins while the value is held.
    pub(crate) async fn finish(&self) -> OwnedRwLockWriteGuard<()> {
        Arc::clone(&self.0).write_owned().await
    }
}
