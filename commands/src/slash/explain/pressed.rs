//! What the buttons and the menu under an explanation do, and the form for a further question. All of
//! it goes by the store, so it works after a restart, and is told to who pressed alone.

use mirage::atlas::{AtlasError, Entry, EntryId, Filter, Query};
use mirage::explain::{
    self, About, Asked, Conversation, FollowUp, Level, Next, Style, Subject, Turn,
};
use mirage::media::Given;
use mirage::store::{ExplanationId, Search, SearchSubject, StoredExplanation};
use mirage_models::image_encoder::Rgb;
use poise::serenity_prelude as serenity;

use super::closer::{self, EVIDENCE, Whole};
use super::page::{GIVEN, topic};
use super::stream::Canvas;
use super::{Place, Request, sources};
use crate::slash::attachments::{Attached, refusal};
use crate::slash::data::Data;
use crate::slash::errors::CommandError;
use crate::slash::find;
use crate::slash::results::{LARGEST_PAGE, Page};

/// Said where the entry that was cited first stands for a picture that was given.
const STANDS_FOR: &str = "The picture that was given is not kept: this is about the picture of the \
    atlas that was cited first for it.";

/// Who pressed, and how they are answered.
pub(crate) struct Asker<'a> {
    data: &'a Data,
    http: &'a serenity::Http,
    token: &'a str,
    place: Place,
}

impl<'a> Asker<'a> {
    /// The answer to an interaction that was acknowledged, for who pressed alone.
    pub(crate) fn new(
        data: &'a Data,
        http: &'a serenity::Http,
        token: &'a str,
        (user, server, channel): (
            serenity::UserId,
            Option<serenity::GuildId>,
            serenity::ChannelId,
        ),
    ) -> Self {
        Self {
            data,
            http,
            token,
            place: Place {
                user: user.get(),
                server: server.map_or(0, serenity::GuildId::get),
                channel: channel.get(),
            },
        }
    }

    /// Explains an entry that was found.
    pub(crate) async fn entry(&self, id: EntryId) -> Result<Page, CommandError> {
        let asked = Asked {
            subject: Subject::Entry(id),
            question: None,
            level: Level::default(),
            style: Style::default(),
            worded_anew: false,
        };
        self.answer(asked, Conversation::default(), Vec::new())
            .await
    }

    /// Explains what was explained once more, as the follow-up says.
    pub(crate) async fn follow_up(
        &self,
        id: &ExplanationId,
        follow_up: FollowUp,
    ) -> Result<Page, CommandError> {
        let stored = self.stored(id).await?;
        let asked = match stored.conversation.next(follow_up) {
            Some(Next::Explain(asked)) => asked,
            Some(Next::Forgotten) => {
                let sentence = "The picture that was given is not kept, and nothing was cited for \
                    it. Use /explain again.";
                return Err(CommandError::Shown(sentence.to_owned()));
            }
            Some(Next::Show(_) | Next::Quiz(_)) | None => return Err(gone()),
        };
        let is_picture = matches!(turn(&stored)?.about, About::Picture);
        let remarks = is_picture.then(|| STANDS_FOR.to_owned());
        // What somebody else asked before is theirs.
        let earlier = if stored.user == self.place.user {
            stored.conversation
        } else {
            Conversation::default()
        };
        self.answer(asked, earlier, remarks.into_iter().collect())
            .await
    }

    /// What approved quiz questions are looked for by: the topic, or the name of the picture.
    pub(crate) async fn topic(&self, id: &ExplanationId) -> Result<String, CommandError> {
        let stored = self.stored(id).await?;
        let turn = turn(&stored)?;
        Ok(match &turn.about {
            About::Topic { words } => words.clone(),
            About::Entry { id } => id.to_string(),
            About::Picture => turn.cited.first().ok_or_else(gone)?.to_string(),
        })
    }

    /// The results of a search for what was explained.
    pub(crate) async fn show(&self, id: &ExplanationId) -> Result<Page, CommandError> {
        let stored = self.stored(id).await?;
        let turn = turn(&stored)?;
        let like = |id: &EntryId| (SearchSubject::Like(id.clone()), Query::Like(id.clone()));
        let (subject, query) = match &turn.about {
            About::Topic { words } => (
                SearchSubject::Query(words.clone()),
                Query::Text(words.clone()),
            ),
            About::Entry { id } => like(id),
            About::Picture => like(turn.cited.first().ok_or_else(gone)?),
        };
        let search = Search {
            user: self.place.user,
            subject,
            filter: Filter::default(),
            results: Vec::new(),
            nothing_close: false,
            page_size: LARGEST_PAGE,
        };
        find::first_page(self.data, search, query).await
    }

    /// The concepts that the picture scores on.
    pub(crate) async fn why(&self, id: &ExplanationId) -> Result<Page, CommandError> {
        let stored = self.stored(id).await?;
        let atlas = &self.data.atlas;
        let concepts = match turn(&stored)?.about.clone() {
            About::Entry { id } => explain::why(atlas, &Subject::Entry(id)).await?,
            About::Picture | About::Topic { .. } => stored.concepts,
        };
        if concepts.is_empty() {
            let sentence = "No concept stands out: the nearest pictures share none with this one.";
            return Err(CommandError::Shown(sentence.to_owned()));
        }
        let mut ids: Vec<EntryId> = Vec::new();
        for id in concepts
            .iter()
            .flat_map(|concept| concept.evidence.iter().take(EVIDENCE))
        {
            if !ids.contains(id) {
                ids.push(id.clone());
            }
        }
        let entries = atlas.entries_of(&ids).await?;
        Ok(closer::why(&concepts, &entries))
    }

    /// Offers the parts of the picture, or shows one of them. A picture that was given is read from
    /// the message that it stands in.
    pub(crate) async fn zoom(
        &self,
        id: &ExplanationId,
        part: Option<usize>,
        message: &serenity::Message,
    ) -> Result<Page, CommandError> {
        let stored = self.stored(id).await?;
        let ((picture, jpeg), entry) = match &turn(&stored)?.about {
            About::Entry { id } => {
                let entry = self.entry_of(id).await?;
                let picture = explain::picture_of(&self.data.atlas, id).await?;
                ((picture, self.jpeg_of(id).await?), Some(entry))
            }
            About::Picture => (self.given(message).await?, None),
            About::Topic { .. } => {
                let sentence = "A topic has no picture to zoom into. Open a source instead.";
                return Err(CommandError::Shown(sentence.to_owned()));
            }
        };
        let entry = entry.as_ref();
        let whole = Whole { jpeg, entry };
        let Some(part) = part else {
            return Ok(closer::choose(id, whole));
        };
        let zoomed = explain::zoom(&self.data.atlas, &picture, part).await?;
        let cut = super::jpeg(zoomed.picture.clone()).await?;
        let nearest = match zoomed.hits.first() {
            Some(hit) => super::picture_of(self.data, &hit.entry.id).await?,
            None => None,
        };
        Ok(closer::part(id, whole, &zoomed, cut, nearest))
    }

    /// A source by itself.
    pub(crate) async fn source(
        &self,
        id: &ExplanationId,
        number: usize,
    ) -> Result<Page, CommandError> {
        let (stored, entry, jpeg) = self.cited(id, number).await?;
        let topic = topic(turn(&stored)?);
        Ok(sources::page(id, (number, &entry), jpeg, &topic))
    }

    /// A source with its structures outlined.
    pub(crate) async fn outline(
        &self,
        id: &ExplanationId,
        number: usize,
    ) -> Result<Page, CommandError> {
        let (stored, entry, jpeg) = self.cited(id, number).await?;
        let topic = topic(turn(&stored)?);
        let drawn = sources::outlined(entry.clone(), jpeg, topic).await?;
        Ok(sources::outlined_page(number, &entry, drawn))
    }

    /// Notes whether it helped, and says who sees that.
    pub(crate) async fn vote(
        &self,
        id: &ExplanationId,
        is_helpful: bool,
    ) -> Result<String, CommandError> {
        let stored = self.stored(id).await?;
        let user = self.place.user;
        self.data.store.vote(id, user, is_helpful).await?;
        let noted = if is_helpful { "helpful" } else { "not helpful" };
        let seen = match stored.server {
            0 => "",
            _ => {
                " Tutors of this server see what was explained and how many found it helpful, not \
                 who."
            }
        };
        Ok(format!(
            "Noted: {noted}.{seen} Press the other button to change it."
        ))
    }

    async fn answer(
        &self,
        asked: Asked,
        earlier: Conversation,
        remarks: Vec<String>,
    ) -> Result<Page, CommandError> {
        let request = Request {
            asked,
            place: self.place,
            earlier,
            remarks,
            is_private: true,
        };
        let canvas = Canvas::new(self.http, self.token);
        super::answer(self.data, canvas, request).await
    }

    async fn stored(&self, id: &ExplanationId) -> Result<StoredExplanation, CommandError> {
        self.data.store.explanation(id).await?.ok_or_else(gone)
    }

    /// The entry behind a number, with its picture.
    async fn cited(
        &self,
        id: &ExplanationId,
        number: usize,
    ) -> Result<(StoredExplanation, Entry, Vec<u8>), CommandError> {
        let stored = self.stored(id).await?;
        let mut sources = stored.sources.iter();
        let cited = sources.find(|(known, _)| *known == number);
        let id = cited.map(|(_, id)| id.clone()).ok_or_else(gone)?;
        let entry = self.entry_of(&id).await?;
        let jpeg = self.jpeg_of(&id).await?;
        Ok((stored, entry, jpeg))
    }

    async fn jpeg_of(&self, id: &EntryId) -> Result<Vec<u8>, CommandError> {
        let jpeg = super::picture_of(self.data, id).await?;
        jpeg.ok_or_else(|| no_such_entry(id))
    }

    async fn entry_of(&self, id: &EntryId) -> Result<Entry, CommandError> {
        let entry = self.data.atlas.entry(id).await?;
        entry.ok_or_else(|| no_such_entry(id))
    }

    /// The picture that was given and its file, where the message shows it.
    async fn given(&self, message: &serenity::Message) -> Result<(Rgb, Vec<u8>), CommandError> {
        let attached = message
            .attachments
            .iter()
            .find(|attachment| attachment.filename == GIVEN);
        let attached = attached.map(Attached::from).ok_or_else(|| {
            let sentence = "The picture that was given is not kept. Give it again with /explain \
                and `private: True`.";
            CommandError::Shown(sentence.to_owned())
        })?;
        let reading = self
            .data
            .attachments
            .read(&attached, |bytes| (Given::decoded(bytes), bytes.to_vec()));
        let (decoded, jpeg) = reading.await?;
        let given = decoded.map_err(|error| CommandError::Shown(refusal(&error)))?;
        Ok((given.pixels, jpeg))
    }
}

/// The turn that an explanation is of.
fn turn(stored: &StoredExplanation) -> Result<&Turn, CommandError> {
    stored.conversation.last().ok_or_else(gone)
}

fn no_such_entry(id: &EntryId) -> CommandError {
    AtlasError::NoSuchEntry { id: id.to_string() }.into()
}

fn gone() -> CommandError {
    CommandError::Shown("This explanation is no longer kept. Use /explain again.".to_owned())
}
