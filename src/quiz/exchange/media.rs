//! The pictures of questions as files of a package: under names that tell nothing, with their alt
//! texts, and with the grid over those that are pointed at.

use std::borrow::Cow;

use super::super::item::{Item, Task};
use super::ExportError;
use crate::atlas::EntryId;
use crate::chart;

/// A picture of a question.
pub(super) struct Shown<'a> {
    /// Name of the file.
    pub(super) name: String,
    pub(super) jpeg: Cow<'a, [u8]>,
    pub(super) alt: &'a str,
}

/// The pictures of each question, in the questions' order.
pub(super) struct Media<'a>(Vec<Vec<Shown<'a>>>);

impl<'a> Media<'a> {
    /// Finds the pictures of questions, and draws grids over those that need one.
    ///
    /// # Errors
    /// [`ExportError::NoPicture`] or [`ExportError::Chart`].
    pub(super) fn of(
        items: &'a [Item],
        find: impl Fn(&EntryId) -> Option<&'a [u8]>,
    ) -> Result<Self, ExportError> {
        let of_items = items.iter().map(|item| shown(item, &find));
        of_items.collect::<Result<Vec<_>, _>>().map(Self)
    }

    /// The pictures of the question at that place.
    pub(super) fn of_item(&self, place: usize) -> &[Shown<'a>] {
        self.0.get(place).map_or(&[], Vec::as_slice)
    }

    /// All pictures.
    pub(super) fn all(&self) -> impl Iterator<Item = &Shown<'a>> {
        self.0.iter().flatten()
    }
}

fn shown<'a>(
    item: &'a Item,
    find: &impl Fn(&EntryId) -> Option<&'a [u8]>,
) -> Result<Vec<Shown<'a>>, ExportError> {
    let mut pictures = Vec::with_capacity(item.pictures.len());
    for (place, id) in item.pictures.iter().enumerate() {
        let stored = find(id).ok_or_else(|| ExportError::NoPicture(id.clone()))?;
        let jpeg = match &item.task {
            Task::Point { grid, .. } => Cow::Owned(chart::gridded(stored, *grid, &[])?),
            _ => Cow::Borrowed(stored),
        };
        pictures.push(Shown {
            name: item.picture_name(place),
            jpeg,
            alt: item.alt.get(place).map(String::as_str).unwrap_or_default(),
        });
    }
    Ok(pictures)
}
