//! `/compare`: two ideas or pictures side by side, a query with something added or subtracted, what
//! a mode chooses, and two pictures of one patient over time. The library compares; how a page
//! looks is decided in [`page`].

mod over_time;
pub(super) mod page;

use mirage::atlas::EntryId;
use mirage::compare::{self, Arithmetic, Comparison, Idea, Mode, Picture, SHOWN, Side, Weights};
use mirage::store::{ComparisonId, StoredComparison};
use poise::serenity_prelude as serenity;
use serenity::{CreateInteractionResponse, CreateInteractionResponseMessage};

use super::Context;
use super::attachments::Attached;
use super::custom_id::View;
use super::data::Data;
use super::errors::CommandError;
use super::find::check_filled;
use super::quiz::{self, Person};
use super::respond::{first_answer, with_retries};
use super::results::Page;
use super::suggest::suggest_query;
use crate::comparing::{self, Asked, Given, Options};

/// What is looked for beside `a`.
#[derive(Debug, Clone, Copy, poise::ChoiceParameter)]
pub(crate) enum Beside {
    #[name = "same: the same finding in other patients"]
    Same,
    #[name = "different: look-alikes with another label"]
    Different,
    #[name = "normal: the normal of the same region"]
    Normal,
}

impl From<Beside> for Mode {
    fn from(beside: Beside) -> Self {
        match beside {
            Beside::Same => Self::Same,
            Beside::Different => Self::Different,
            Beside::Normal => Self::Normal,
        }
    }
}

/// Compare two ideas or pictures side by side
#[allow(
    clippy::too_many_arguments,
    reason = "each is an option of the command"
)]
#[poise::command(slash_command)]
pub(crate) async fn compare(
    context: Context<'_>,
    #[description = "The first idea, for instance: chest X-ray with pneumonia"]
    #[autocomplete = "suggest_query"]
    #[max_length = 2000]
    a: Option<String>,
    #[description = "The second idea, for instance: chest X-ray, clear lungs"]
    #[autocomplete = "suggest_query"]
    #[max_length = 2000]
    b: Option<String>,
    #[description = "A picture in place of a, at most 10 MiB; none of a patient"] a_image: Option<
        serenity::Attachment,
    >,
    #[description = "A picture in place of b, at most 10 MiB; none of a patient"] b_image: Option<
        serenity::Attachment,
    >,
    #[description = "What to look for beside a, in place of b"] mode: Option<Beside>,
    #[description = "A query to change, for instance: chest X-ray"]
    #[autocomplete = "suggest_query"]
    #[max_length = 2000]
    query: Option<String>,
    #[description = "A picture in place of the query, at most 10 MiB; none of a patient"]
    query_image: Option<serenity::Attachment>,
    #[description = "What to add to the query, for instance: pacemaker"]
    #[max_length = 2000]
    add: Option<String>,
    #[description = "What to subtract from the query, for instance: no foreign bodies"]
    #[max_length = 2000]
    subtract: Option<String>,
    #[description = "How much to add, 0 to 4 (default 2)"]
    #[min = 0]
    #[max = 4]
    weight_add: Option<f32>,
    #[description = "How much to subtract, 0 to 4 (default 0.25)"]
    #[min = 0]
    #[max = 4]
    weight_subtract: Option<f32>,
    #[description = "The earlier of two pictures of the same region; none of a real patient"]
    before: Option<serenity::Attachment>,
    #[description = "The later one, to lay over it; none of a real patient"] after: Option<
        serenity::Attachment,
    >,
    #[description = "Show the answer to you alone"] private: Option<bool>,
) -> Result<(), CommandError> {
    let data = context.data();
    let _work = data.work.begin().await;
    // Discord waits three seconds for a sign; a comparison may have to wait for others.
    let thinking = CreateInteractionResponseMessage::new().ephemeral(private.unwrap_or(false));
    first_answer(context, CreateInteractionResponse::Defer(thinking)).await?;
    let attached = |picture: Option<serenity::Attachment>| picture.as_ref().map(Attached::from);
    let options = Options {
        a,
        a_image: attached(a_image),
        like: None,
        b,
        b_image: attached(b_image),
        query,
        query_image: attached(query_image),
        add,
        subtract,
        weight_add,
        weight_subtract,
        mode: mode.map(Mode::from),
        before: attached(before),
        after: attached(after),
    };
    let asked = options
        .asked(|name| format!("`{name}`"))
        .map_err(CommandError::Shown)?;
    let interaction = context.interaction;
    let data = data.on_behalf_of(interaction.user.id, interaction.guild_id);
    let member = interaction.member.as_deref();
    let viewer = Viewer::of(&data, interaction.user.id, interaction.guild_id, member).await?;
    let page = answer(&data, viewer, asked).await?;
    let edit = page.into_edit();
    with_retries(|| interaction.edit_response(context.http(), edit.clone())).await?;
    Ok(())
}

/// Who sees a comparison.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Viewer {
    user: u64,
    /// Whether they are a tutor of the server, who may make a quiz question of it.
    is_tutor: bool,
}

impl Viewer {
    /// Who gave a command or pressed, in a server or not.
    ///
    /// # Errors
    /// What the database reports.
    pub(crate) async fn of(
        data: &Data,
        user: serenity::UserId,
        server: Option<serenity::GuildId>,
        member: Option<&serenity::Member>,
    ) -> Result<Self, CommandError> {
        let is_tutor = match Person::of(user, server, member) {
            Ok(person) => person.may_tutor(&data.store).await?,
            // Nobody is a tutor in a direct message.
            Err(_) => false,
        };
        Ok(Self {
            user: user.get(),
            is_tutor,
        })
    }

    /// Their id.
    pub(crate) fn user(self) -> u64 {
        self.user
    }
}

async fn answer(data: &Data, viewer: Viewer, asked: Asked<Attached>) -> Result<Page, CommandError> {
    let atlas = &data.atlas;
    let mut read = Read::default();
    let comparison = match asked {
        Asked::OverTime { before, after } => {
            return over_time::answer(data, [&before, &after]).await;
        }
        Asked::Ideas(a, b) => {
            check_filled(atlas).await?;
            let a = read.idea(data, a, "A").await?;
            let b = read.idea(data, b, "B").await?;
            compare::ideas(atlas, a, b).await?
        }
        Asked::Mode(mode, a) => {
            check_filled(atlas).await?;
            let a = read.idea(data, a, "A").await?;
            compare::by_mode(atlas, a, mode).await?
        }
        Asked::Sum {
            query,
            add,
            subtract,
            weights: [weight_add, weight_subtract],
        } => {
            check_filled(atlas).await?;
            let asked = Arithmetic {
                query: read.idea(data, query, "the query").await?,
                add,
                subtract,
                weights: Weights::new(weight_add, weight_subtract)?,
            };
            compare::arithmetic(atlas, asked).await?
        }
    };
    first_page(data, viewer, comparison, read.remarks()).await
}

/// Pictures that were read for an answer, and what is said of them.
#[derive(Default)]
struct Read {
    remarks: Vec<String>,
    has_picture: bool,
}

impl Read {
    /// What was given, with its picture fetched and decoded.
    async fn idea(
        &mut self,
        data: &Data,
        given: Given<Attached>,
        what: &str,
    ) -> Result<Idea, CommandError> {
        let attached = match given {
            Given::Words(words) => return Ok(Idea::Words(words)),
            Given::Entry(id) => return Ok(Idea::Entry(id)),
            Given::Picture(attached) => attached,
        };
        let picture = picture(data, &attached).await?;
        self.has_picture = true;
        if picture.is_first_of_many {
            self.remarks.push(comparing::first_frame(what));
        }
        Ok(Idea::Picture(picture.pixels))
    }

    fn remarks(mut self) -> Vec<String> {
        if self.has_picture {
            self.remarks.push(comparing::NOTICE.to_owned());
        }
        self.remarks
    }
}

/// An attached picture, decoded.
pub(crate) async fn picture(data: &Data, attached: &Attached) -> Result<Picture, CommandError> {
    Ok(data.attachments.read(attached, Picture::decode).await??)
}

/// Remembers a comparison for its buttons and shows its first page, with what is said of it once.
pub(crate) async fn first_page(
    data: &Data,
    viewer: Viewer,
    comparison: Comparison,
    remarks: Vec<String>,
) -> Result<Page, CommandError> {
    let shown = compare::show(&data.atlas, (&comparison.a, 0), (&comparison.b, 0)).await?;
    let mut told = comparing::remarks(&comparison, &shown);
    told.extend(remarks);
    let stored = StoredComparison {
        user: viewer.user,
        a: comparison.a,
        b: comparison.b,
    };
    let id = data.store.remember_comparison(&stored).await?;
    let sides = [&stored.a, &stored.b];
    let mut page = page::page(&id, sides, View::default(), &shown, &told).await?;
    if viewer.is_tutor {
        page::offer_quiz(&mut page, &id, View::default());
    }
    Ok(page)
}

/// A later page of a comparison that is stored.
pub(crate) async fn page_at(
    data: &Data,
    viewer: Viewer,
    id: &ComparisonId,
    view: View,
) -> Result<Page, CommandError> {
    let stored = stored(data, id).await?;
    let [a, b] = sides(&stored, view);
    let shown = compare::show(&data.atlas, a, b).await?;
    let told: Vec<String> = comparing::different_modalities(&shown)
        .into_iter()
        .collect();
    let mut page = page::page(id, [a.0, b.0], view, &shown, &told).await?;
    if viewer.is_tutor {
        page::offer_quiz(&mut page, id, view);
    }
    Ok(page)
}

/// The sides as A and B, each with the place of the first picture that is shown, from 0.
fn sides(stored: &StoredComparison, view: View) -> [(&Side, usize); 2] {
    let (first, second) = ((&stored.a, view.first), (&stored.b, view.second));
    if view.is_swapped {
        [second, first]
    } else {
        [first, second]
    }
}

/// Drafts a quiz question from the pictures that a page of a stored comparison shows, for a tutor.
pub(super) async fn add_to_quiz(
    data: &Data,
    person: &Person,
    id: &ComparisonId,
    view: View,
) -> Result<String, CommandError> {
    let stored = stored(data, id).await?;
    let shown = sides(&stored, view).map(|(side, first)| {
        let shown = side.results.iter().skip(first).take(SHOWN);
        (shown.cloned().collect::<Vec<EntryId>>(), first)
    });
    let [a, b] = &shown;
    quiz::draft_compared(data, person, [(a.0.as_slice(), a.1), (b.0.as_slice(), b.1)]).await
}

/// What tells the sides of a stored comparison apart, in words.
pub(crate) async fn difference(
    data: &Data,
    id: &ComparisonId,
    is_swapped: bool,
) -> Result<String, CommandError> {
    let StoredComparison { a, b, .. } = stored(data, id).await?;
    let (a, b) = if is_swapped { (b, a) } else { (a, b) };
    let difference = compare::difference(&data.atlas, &a, &b).await?;
    Ok(page::difference([&a, &b], &difference))
}

/// A comparison as it is stored.
pub(crate) async fn stored(
    data: &Data,
    id: &ComparisonId,
) -> Result<StoredComparison, CommandError> {
    let stored = data.store.comparison(id).await?;
    stored.ok_or_else(|| {
        let sentence = "This comparison is no longer kept. Use /compare again.";
        CommandError::Shown(sentence.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_tell_the_weights_that_are_taken() {
        let command = compare();
        let described = |name: &str| {
            let mut options = command.parameters.iter();
            let option = options.find(|option| option.name == name);
            option.and_then(|option| option.description.clone())
        };
        for (name, weight) in [
            ("weight_add", Weights::BEST.add()),
            ("weight_subtract", Weights::BEST.subtract()),
        ] {
            let described = described(name).expect("an option");
            assert!(
                described.ends_with(&format!("(default {weight})")),
                "{described}"
            );
        }
    }
}
