//! A synthetic picture of each side of a comparison, from one seed, so that their words alone differ.
//! What was subtracted is what the picture is to leave out.

use mirage::compare::{Side, Subject};
use mirage::generate::random_seed;
use mirage::store::{ComparisonId, Recipe, StoredComparison};

use super::{Asker, generator, queue};
use crate::describe;
use crate::generating::Options;
use crate::slash::compare::stored;
use crate::slash::data::Data;
use crate::slash::errors::CommandError;

/// What a picture is asked for with.
#[derive(Debug, Default, PartialEq, Eq)]
struct Words {
    prompt: String,
    negative: String,
}

/// Accepts a job for both sides. What follows is told by who announces.
pub(crate) async fn draw_sides(
    data: &Data,
    asker: &Asker<'_>,
    id: &ComparisonId,
    is_swapped: bool,
) -> Result<(), CommandError> {
    let size = generator(&data.atlas)?.size;
    let StoredComparison { a, b, .. } = stored(data, id).await?;
    let sides = if is_swapped { [b, a] } else { [a, b] };
    let seed = random_seed();
    let mut recipes: Vec<Recipe> = Vec::new();
    for side in &sides {
        let shown = shown_first(data, side).await?;
        let words = words(&side.subject, &shown);
        let options = Options {
            prompt: words.prompt,
            negative: Some(words.negative),
            seed: Some(seed),
            ..Options::default()
        };
        let recipe = options.recipe(size, false, |name| format!("`{name}`"));
        recipes.push(recipe.map_err(CommandError::Shown)?);
    }
    queue(data, asker, &recipes).await
}

/// Modality, plane and region of the entry that stands first on a side: what there is to say of a
/// picture without words.
async fn shown_first(data: &Data, side: &Side) -> Result<String, CommandError> {
    let Some(first) = side.results.first() else {
        return Ok(String::new());
    };
    let entry = data.atlas.entry(first).await?;
    Ok(entry.as_ref().map_or_else(String::new, describe::heading))
}

fn words(subject: &Subject, shown_first: &str) -> Words {
    match subject {
        Subject::Words { words } => Words {
            prompt: words.clone(),
            negative: String::new(),
        },
        Subject::Arithmetic {
            query,
            add,
            subtract,
        } => {
            let Words { prompt, .. } = words(query, shown_first);
            let parts = [Some(prompt), add.clone()].into_iter().flatten();
            Words {
                prompt: parts.collect::<Vec<_>>().join(", "),
                negative: subtract.clone().unwrap_or_default(),
            }
        }
        Subject::Picture | Subject::Entry { .. } | Subject::Mode { .. } => Words {
            prompt: shown_first.to_owned(),
            negative: String::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_subtracted_is_left_out_of_the_picture() {
        let query = Subject::Words {
            words: "Chest X-ray".to_owned(),
        };
        assert_eq!(words(&query, "MRI").prompt, "Chest X-ray");
        let sum = Subject::Arithmetic {
            query: Box::new(query),
            add: Some("pacemaker".to_owned()),
            subtract: Some("pneumonia".to_owned()),
        };
        let expected = Words {
            prompt: "Chest X-ray, pacemaker".to_owned(),
            negative: "pneumonia".to_owned(),
        };
        assert_eq!(words(&sum, "MRI"), expected);
        let of_picture = Subject::Arithmetic {
            query: Box::new(Subject::Picture),
            add: None,
            subtract: None,
        };
        assert_eq!(words(&of_picture, "MRI, knee").prompt, "MRI, knee");
    }
}
