//! What each part of a filter leaves by itself, to explain parts that exist but never together.
//! The search itself is done elsewhere.

use serde::Serialize;

use super::search::Request;
use super::{Atlas, AtlasError, Field};

/// Matches that are counted at most: enough to choose by, however large the atlas is.
pub const MOST_COUNTED: usize = 1_000;

/// What one part of a filter leaves by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartMatches {
    /// The field.
    pub field: Field,
    /// The value asked for.
    pub value: String,
    /// Matches with this part alone, of which a search ranks the best. [`MOST_COUNTED`] stands for
    /// that many or more.
    pub matches: usize,
}

/// Counts the matches of each part of a filter that has several. A search by meaning ranks
/// whatever passes the filter, so the words of the query change nothing here; an entry that others
/// are to be like is left out, as the search leaves it out.
pub(super) async fn count(
    atlas: &Atlas,
    request: &Request,
) -> Result<Vec<PartMatches>, AtlasError> {
    let parts: Vec<_> = request.filter.parts().collect();
    if parts.len() < 2 {
        return Ok(Vec::new());
    }
    let itself = request.query.itself();
    let mut counted = Vec::new();
    for (field, value, expression) in parts {
        let matches = atlas.dataset.count(expression, itself, MOST_COUNTED);
        counted.push(PartMatches {
            field,
            value: value.to_owned(),
            matches: matches.await?,
        });
    }
    Ok(counted)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{self, row};
    use super::super::{EntryId, Filter, Query};
    use super::*;

    #[tokio::test]
    async fn each_part_is_counted_by_itself() {
        let small = testing::atlas().await;
        let rows = [
            row("mine", "a", "a knee", "MRI"),
            row("mine", "b", "a hip", "MRI"),
            row("yours", "c", "a hand", "X-ray"),
        ];
        small.atlas.dataset.upsert(&rows).await.expect("written");
        let mut request = Request {
            query: Query::Text("a knee".to_owned()),
            filter: Filter {
                modality: Some("mri".to_owned()),
                source: Some("yours".to_owned()),
                ..Filter::default()
            },
            offset: 0,
            limit: 5,
        };
        let found = small.atlas.search(&request).await.expect("searched");
        assert_eq!(found.total, 0);
        let counted = small
            .atlas
            .matches_by_part(&request)
            .await
            .expect("counted");
        let part = |field, value: &str, matches| PartMatches {
            field,
            value: value.to_owned(),
            matches,
        };
        let expected = [
            part(Field::Modality, "mri", 2),
            part(Field::Source, "yours", 1),
        ];
        assert_eq!(counted, expected);
        request.query = Query::Like(EntryId::new("mine", "a"));
        let counted = small
            .atlas
            .matches_by_part(&request)
            .await
            .expect("counted");
        assert_eq!(counted[0].matches, 1, "the entry itself is left out");
        request.filter.source = None;
        let counted = small
            .atlas
            .matches_by_part(&request)
            .await
            .expect("counted");
        assert!(counted.is_empty(), "one part explains itself");
    }
}
