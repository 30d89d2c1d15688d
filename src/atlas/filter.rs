//! Filters on what is known of an entry, as expressions for the dataset. Values are always passed
//! as literals, never pasted into a query's text.

use std::fmt;

use lancedb::expr::{DfExpr, col, contains, lit, lower};
use serde::{Deserialize, Serialize};

/// A field that can be filtered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Imaging modality.
    Modality,
    /// Part of the body.
    BodyPart,
    /// Licence.
    Licence,
    /// Source or collection.
    Source,
}

impl Field {
    /// All fields, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Modality, Self::BodyPart, Self::Licence, Self::Source];
}

impl fmt::Display for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Modality => "modality",
            Self::BodyPart => "body part",
            Self::Licence => "licence",
            Self::Source => "source",
        })
    }
}

/// What results must have. An unset field lets everything pass; comparison ignores case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// Exactly this modality.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modality: Option<String>,
    /// Exactly this part of the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_part: Option<String>,
    /// Exactly this licence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// Part of the source's text, or the collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl Filter {
    /// The fields that are set, with their values.
    pub fn set(&self) -> impl Iterator<Item = (Field, &str)> {
        let value = |field| match field {
            Field::Modality => self.modality.as_deref(),
            Field::BodyPart => self.body_part.as_deref(),
            Field::Licence => self.licence.as_deref(),
            Field::Source => self.source.as_deref(),
        };
        Field::ALL.into_iter().filter_map(move |field| {
            let value = value(field)?.trim();
            (!value.is_empty()).then_some((field, value))
        })
    }

    /// Whether everything passes.
    pub fn is_empty(&self) -> bool {
        self.set().next().is_none()
    }

    /// The filter for the dataset; `None` if everything passes.
    pub(super) fn expression(&self) -> Option<DfExpr> {
        self.parts()
            .map(|(.., expression)| expression)
            .reduce(DfExpr::and)
    }

    /// The fields that are set, with their values and the filter that each is by itself.
    pub(super) fn parts(&self) -> impl Iterator<Item = (Field, &str, DfExpr)> {
        self.set()
            .map(|(field, value)| (field, value, part(field, value)))
    }
}

fn part(field: Field, value: &str) -> DfExpr {
    let value = lit(value.to_lowercase());
    let equals = |column: &str| lower(col(column)).eq(value.clone());
    match field {
        Field::Modality => equals("modality"),
        Field::BodyPart => equals("body_part"),
        Field::Licence => equals("licence"),
        Field::Source => equals("collection").or(contains(lower(col("source")), value.clone())),
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (field, value)) in self.set().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(formatter, "{comma}{field} {value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_values_count_as_unset() {
        let filter = Filter {
            modality: Some("  ".to_owned()),
            ..Filter::default()
        };
        assert!(filter.is_empty());
        assert!(filter.expression().is_none());
    }

    #[test]
    fn values_stay_literals() {
        let filter = Filter {
            licence: Some("x' OR '1'='1".to_owned()),
            ..Filter::default()
        };
        let text = filter.expression().expect("one field is set").to_string();
        assert!(
            text.contains("x' or '1'='1"),
            "the quote is part of the value: {text}"
        );
        assert_eq!(filter.to_string(), "licence x' OR '1'='1");
    }
}
