//! What the buttons under a synthetic picture do. Pictures come from the store, so they work after a
//! restart. The forms that two of them open are in [`super::forms`].

use mirage::atlas::{Filter, MatchedBy};
use mirage::compare::{self, BesideReal, Synthetic};
use mirage::generate::seed as parsed_seed;
use mirage::store::{
    PictureId, Recipe, Search, SearchSubject, Start, StoredPicture, Told, Variant,
};
use poise::serenity_prelude as serenity;
use serenity::{CreateActionRow, CreateButton};

use super::{Asker, queue};
use crate::generating;
use crate::slash::custom_id::CustomId;
use crate::slash::data::Data;
use crate::slash::errors::CommandError;
use crate::slash::results::{LARGEST_PAGE, Page, escape, quote, truncate};

/// Longest explanation that leaves Discord some room.
const CONTENT: usize = 1_900;

/// The buttons under a synthetic picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Make it once more, with the same seed.
    Again,
    /// Make it with another seed.
    Vary,
    /// Change its words; also what is sent with them.
    Edit,
    /// Tell what differs from the real pictures.
    Explain,
    /// Tell whoever runs Mirage that something is wrong with it; also what is sent with that.
    Report,
}

impl Act {
    pub(crate) const ALL: [Self; 5] = [
        Self::Again,
        Self::Vary,
        Self::Edit,
        Self::Explain,
        Self::Report,
    ];

    /// As it stands in what a button carries.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Again => "again",
            Self::Vary => "vary",
            Self::Edit => "edit",
            Self::Explain => "explain",
            Self::Report => "report",
        }
    }
}

/// Makes a picture again: with the same seed, or with another one.
pub(crate) async fn make_again(
    data: &Data,
    asker: &Asker<'_>,
    id: &PictureId,
    act: Act,
) -> Result<(), CommandError> {
    let mut recipe = repeatable(data, id).await?;
    if act == Act::Vary {
        recipe.draw_anew();
    }
    queue(data, asker, &[recipe]).await
}

/// Makes a picture with other words, and another seed where one was given.
pub(super) async fn make_edited(
    data: &Data,
    asker: &Asker<'_>,
    id: &PictureId,
    words: Edited,
) -> Result<(), CommandError> {
    let mut recipe = Recipe {
        prompt: words.prompt,
        negative: words.negative,
        ..repeatable(data, id).await?
    };
    match words.seed {
        Some(seed) => recipe.seed = seed,
        None => recipe.draw_anew(),
    }
    queue(data, asker, &[recipe]).await
}

/// What the form for other words held.
#[derive(Debug, PartialEq)]
pub(super) struct Edited {
    prompt: String,
    negative: String,
    /// `None` for one that nobody chose.
    seed: Option<u64>,
}

impl Edited {
    /// Takes the fields as they were typed.
    ///
    /// # Errors
    /// One sentence for who typed them.
    pub(super) fn of(prompt: &str, negative: &str, seed: &str) -> Result<Self, CommandError> {
        let seed = match seed.trim() {
            "" => None,
            typed => {
                let seed = parsed_seed(typed);
                Some(seed.map_err(|error| CommandError::Shown(error.to_string()))?)
            }
        };
        let (prompt, negative) = (prompt.trim().to_owned(), negative.trim().to_owned());
        generating::check_words(&prompt, &negative).map_err(CommandError::Shown)?;
        Ok(Self {
            prompt,
            negative,
            seed,
        })
    }
}

/// What a picture was made from, if it can be made again.
pub(super) async fn repeatable(data: &Data, id: &PictureId) -> Result<Recipe, CommandError> {
    let recipe = stored(data, id).await?.recipe;
    let start = recipe.variant.as_ref();
    match start.map(|Variant { start, .. }| start) {
        None | Some(Start::Entry(_)) => Ok(recipe),
        Some(Start::Given(_) | Start::Gone) => Err(CommandError::Shown(
            "The picture that was given for this one is not kept. Attach it to /generate again."
                .to_owned(),
        )),
    }
}

async fn stored(data: &Data, id: &PictureId) -> Result<StoredPicture, CommandError> {
    let stored = data.store.picture(id).await?;
    stored.ok_or_else(|| {
        let sentence = "This picture is no longer kept. Use /generate again.";
        CommandError::Shown(sentence.to_owned())
    })
}

/// What tells a picture from the real ones beside it, in words, with buttons that explain these.
pub(crate) async fn explanation(
    data: &Data,
    user: serenity::UserId,
    id: &PictureId,
) -> Result<Page, CommandError> {
    let StoredPicture { recipe, made, .. } = stored(data, id).await?;
    let told = made.map(|made| made.told).unwrap_or_default();
    let synthetic = Synthetic {
        prompt: recipe.prompt.clone(),
        words: told.words.clone(),
    };
    let beside = compare::beside_real(&data.atlas, &synthetic, &told.nearest).await?;
    let mut lines = vec![format!("Asked for: {}", quote(&recipe.prompt))];
    let explained = generating::differences(&recipe, &told, &beside);
    lines.extend(explained.iter().map(|line| escape(line)));
    Ok(Page {
        content: truncate(&lines.join("\n"), CONTENT),
        embeds: Vec::new(),
        rows: explain_buttons(data, user, &recipe.prompt, &told, &beside).await?,
        pictures: Vec::new(),
    })
}

/// A button for each real picture that explains it. The pictures are remembered as what a search
/// found, so that the buttons of results serve these too.
async fn explain_buttons(
    data: &Data,
    user: serenity::UserId,
    prompt: &str,
    told: &Told,
    beside: &BesideReal,
) -> Result<Vec<CreateActionRow>, CommandError> {
    if beside.real.is_empty() {
        return Ok(Vec::new());
    }
    let nearest = told.nearest.iter().cloned();
    let search = Search {
        user: user.get(),
        subject: SearchSubject::Picture(Some(prompt.to_owned())),
        filter: Filter::default(),
        results: nearest.map(|id| (id, MatchedBy::default())).collect(),
        nothing_close: told.nothing_close,
        page_size: LARGEST_PAGE,
    };
    let search = data.store.remember_search(&search).await?;
    let buttons = beside.real.iter().map(|real| {
        let id = CustomId::Explain {
            search: search.clone(),
            place: real.place - 1,
        };
        CreateButton::new(id.to_string())
            .label(format!("Explain R{}", real.place))
            .style(serenity::ButtonStyle::Secondary)
    });
    Ok(vec![CreateActionRow::Buttons(buttons.collect())])
}

/// Notes a report. What was written is for whoever runs Mirage, never for the log.
pub(super) async fn report(
    data: &Data,
    user: serenity::UserId,
    id: &PictureId,
    reason: &str,
) -> Result<String, CommandError> {
    if !data.store.report_picture(id, user.get(), reason).await? {
        let sentence = "This picture is no longer kept, so it can't be reported.";
        return Err(CommandError::Shown(sentence.to_owned()));
    }
    tracing::warn!(picture = %id, "a synthetic picture was reported");
    Ok(format!(
        "Reported. Whoever runs Mirage here can see which picture it is ({id}), what it was made from \
         and by what, and what you wrote."
    ))
}
