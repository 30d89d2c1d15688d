//! `mirage eval concepts`: labels or UMLS concepts as queries, over four ways to rank.

use std::path::PathBuf;

use clap::Args;
use mirage::config::Config;
use mirage::evaluation::{self, ConceptFigures, Concepts, Names, Rows};

use super::Common;
use super::material;
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::text::count;

/// Measure what searches for labels or UMLS concepts find
///
/// The queries are the labels that at least 3 rows carry, or the UMLS concepts where no row has a
/// label. A row that carries the concept has grade 2, one that carries a related concept 1. A
/// concept's name comes from --names, or from a list of our own. Where no concept has a name it is
/// the words that tell its captions best from the others, which favours the search by words.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  mirage eval concepts --pairs ham10000.jsonl \
    --images ham10000.tar --split held-out\n\n\
    Exit codes: 0 measured; 1 the rows or the pictures can't be used, or weights are missing; 2 an \
    argument can't be used, such as a split that no row has; 3 anything else."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Names of UMLS concepts: a JSON object such as {"C0040405": "computed tomography"}
    #[arg(long, value_name = "FILE.json")]
    names: Option<PathBuf>,
}

/// The figures with what they are of.
struct Measured {
    pool: usize,
    queries: usize,
    figures: Concepts,
}

pub(super) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    let common = &arguments.common;
    let names = arguments.names.clone();
    let measuring = material::measure(
        common,
        config,
        move |pairs| {
            let names = names.map_or_else(Names::shipped, |path| Names::read(&path))?;
            let queries = evaluation::concept_queries(&pairs, &names)?;
            Ok((pairs, queries))
        },
        |material, queries| {
            let texts: Vec<&str> = queries.iter().map(|query| query.text.as_str()).collect();
            let vectors = material.texts(&texts)?;
            let caption_vectors = material.texts(&material.pairs.captions())?;
            let picture_vectors = material.pictures()?;
            let captions = material.pairs.captions();
            let rows = Rows {
                captions: &captions,
                caption_vectors: &caption_vectors,
                picture_vectors: &picture_vectors,
            };
            Ok(Measured {
                pool: material.pairs.rows().len(),
                queries: queries.len(),
                figures: evaluation::concepts(&queries, &vectors, rows),
            })
        },
    );
    let measured = measuring.await?;
    if common.json {
        output::print_json(&measured.figures)?;
    } else {
        output::print(&in_words(&measured, &common.subject()))?;
    }
    Ok(Exit::Done)
}

fn in_words(measured: &Measured, subject: &str) -> String {
    let pool = count(measured.pool as u64, "picture", "pictures");
    let queries = count(measured.queries as u64, "query", "queries");
    let figures = &measured.figures;
    let line =
        |name: &str, of: &ConceptFigures| format!("{name:<32}{:>7.3}{:>9.3}", of.p5, of.ndcg10);
    let gain = (figures.hybrid.ndcg10 / figures.bm25.ndcg10.max(f64::EPSILON) - 1.0) * 100.0;
    let mut lines = vec![
        format!("Pool: {pool}, {queries} ({subject})"),
        format!("{:<32}{:>7}{:>9}", "", "P@5", "nDCG@10"),
        line("vector: meaning of captions", &figures.vector),
        line("bm25: words of captions", &figures.bm25),
        line("hybrid: both, by rank", &figures.hybrid),
        line("mirage: pictures by cosine", &figures.mirage),
    ];
    if figures.bm25.ndcg10 > 0.0 {
        lines.push(format!("nDCG@10 of hybrid over bm25: {gain:+.1} %"));
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pool_comes_first_and_the_gain_last() {
        let figures = |ndcg10: f64| ConceptFigures { p5: 0.5, ndcg10 };
        let measured = Measured {
            pool: 20,
            queries: 1,
            figures: Concepts {
                vector: figures(0.4),
                bm25: figures(0.5),
                hybrid: figures(0.6),
                mirage: figures(0.7),
            },
        };
        let text = in_words(&measured, "x.jsonl");
        assert!(
            text.starts_with("Pool: 20 pictures, 1 query (x.jsonl)\n"),
            "{text}"
        );
        assert!(text.ends_with("hybrid over bm25: +20.0 %\n"), "{text}");
        let json = serde_json::to_string(&measured.figures).expect("JSON");
        assert!(
            json.starts_with("{\"vector\":{\"p5\":0.5,\"ndcg10\":0.4},\"bm25\""),
            "{json}"
        );
    }
}
