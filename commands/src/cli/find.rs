//! `mirage find`: the search of `/find`, in a shell.

use clap::Args;
use mirage::atlas::{Filter, Hit, MatchedBy, NoMatch, Query, Request};
use mirage::config::Config;
use serde_json::json;

use super::{Ending, print, print_json};
use crate::runtime;

/// Arguments of `mirage find`.
#[derive(Debug, Args)]
pub(super) struct Find {
    /// What to look for, in words
    #[arg(required = true)]
    query: Vec<String>,
    /// How many pictures, 1 to 25
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=25))]
    k: u8,
    /// Which page of results, from 1
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=100))]
    page: u8,
    /// Only this modality, for instance MRI
    #[arg(long)]
    modality: Option<String>,
    /// Only this part of the body, for instance shoulder
    #[arg(long)]
    body_part: Option<String>,
    /// Only this licence
    #[arg(long)]
    licence: Option<String>,
    /// Only this source or collection
    #[arg(long)]
    source: Option<String>,
    /// Print JSON, with the parts of each score
    #[arg(long)]
    json: bool,
}

impl Find {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<Ending> {
        let query = self.query.join(" ");
        let limit = usize::from(self.k);
        let request = Request {
            query: Query::Text(query.clone()),
            filter: Filter {
                modality: self.modality,
                body_part: self.body_part,
                licence: self.licence,
                source: self.source,
            },
            offset: (usize::from(self.page) - 1) * limit,
            limit,
        };
        let outcome = runtime::open_atlas(config).await?.search(&request).await?;
        if self.json {
            print_json(&json!({
                "query": query,
                "total": outcome.total,
                "hits": outcome.hits,
                "no_match": outcome.no_match,
            }))?;
        } else if outcome.hits.is_empty() {
            print(&nothing(outcome.no_match.as_ref()))?;
        } else {
            print(&format!(
                "{} of {} pictures\n\n{}",
                outcome.hits.len(),
                outcome.total,
                list(&outcome.hits)
            ))?;
        }
        Ok(if outcome.hits.is_empty() {
            Ending::Negative
        } else {
            Ending::Done
        })
    }
}

fn nothing(no_match: Option<&NoMatch>) -> String {
    let Some(no_match) = no_match else {
        return "Nothing was found.".to_owned();
    };
    let mut text = "No picture passes the filter.".to_owned();
    for (field, value, nearest) in &no_match.unknown {
        text.push_str(&format!(
            " No picture has the {field} {value:?}; the nearest: {}.",
            nearest.join(", ")
        ));
    }
    if !no_match.without_filter.is_empty() {
        text.push_str(&format!(
            " Without the filter there is:\n\n{}",
            list(&no_match.without_filter)
        ));
    }
    text
}

fn list(hits: &[Hit]) -> String {
    hits.iter().map(block).collect::<Vec<_>>().join("\n")
}

fn block(hit: &Hit) -> String {
    let description = &hit.entry.description;
    let kind: Vec<&str> = [
        Some(description.modality.as_str()),
        description.plane.as_deref(),
        description.body_part.as_deref(),
    ]
    .into_iter()
    .flatten()
    .filter(|part| !part.is_empty())
    .collect();
    format!(
        "{:>3}. {}\n     {}\n     why      {}\n     source   {}\n     licence  {}\n     entry    {}\n",
        hit.rank,
        kind.join(", "),
        description.caption,
        why(hit),
        hit.entry.provenance.source,
        hit.entry.provenance.licence,
        hit.entry.id,
    )
}

fn why(hit: &Hit) -> String {
    let found_by = match hit.matched_by {
        MatchedBy::Meaning => "meaning",
        MatchedBy::Words => "words",
        MatchedBy::Both => "meaning and words",
    };
    match hit.shared_words.as_slice() {
        [] => found_by.to_owned(),
        words => format!("{found_by}: {}", words.join(", ")),
    }
}
