//! Concept queries against four ways to rank: captions by vector, captions by words, both fused,
//! and pictures by plain cosine.

use serde::Serialize;

use super::bm25::Bm25;
use super::mean;
use super::queries::ConceptQuery;
use super::ranking::{by_cosine, by_words, fused, ndcg, precision};

/// Figures of one way to rank, means over the queries, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figures {
    /// Share of the first 5 rows that carry the concept.
    pub p5: f64,
    /// Normalised discounted gain of the first 10 rows.
    pub ndcg10: f64,
}

/// The four ways.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Concepts {
    /// The query's vector with the captions' vectors.
    pub vector: Figures,
    /// The query's words with the captions' words.
    pub bm25: Figures,
    /// Both, fused by reciprocal rank, as `/find` ranks by words.
    pub hybrid: Figures,
    /// The query's vector with the pictures' vectors: the joint space alone.
    pub mirage: Figures,
}

/// What is known of the rows, in one order.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// The captions.
    pub captions: &'a [&'a str],
    /// Unit vectors of the captions.
    pub caption_vectors: &'a [Vec<f32>],
    /// Unit vectors of the pictures.
    pub picture_vectors: &'a [Vec<f32>],
}

/// Measures the queries, each with its unit vector.
pub fn concepts(queries: &[ConceptQuery], vectors: &[Vec<f32>], rows: Rows<'_>) -> Concepts {
    let words = Bm25::new(rows.captions);
    let mut judged: [Vec<Figures>; 4] = Default::default();
    for (query, vector) in queries.iter().zip(vectors) {
        let by_vector = by_cosine(vector, rows.caption_vectors);
        let by_words = by_words(&words.scores(&query.text));
        let hybrid = fused(&by_vector, &by_words);
        let mirage = by_cosine(vector, rows.picture_vectors);
        let rankings = [by_vector, by_words, hybrid, mirage];
        for (judged, ranking) in judged.iter_mut().zip(&rankings) {
            judged.push(Figures {
                p5: precision(ranking, &query.grades),
                ndcg10: ndcg(ranking, &query.grades),
            });
        }
    }
    let [vector, bm25, hybrid, mirage] = judged.map(|figures| Figures {
        p5: mean(figures.iter().map(|figures| figures.p5)),
        ndcg10: mean(figures.iter().map(|figures| figures.ndcg10)),
    });
    Concepts {
        vector,
        bm25,
        hybrid,
        mirage,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_is_judged_by_its_own_ranking() {
        let captions = ["hand", "chest", "hand x", "other"];
        let axis = |of: usize| {
            let mut vector = vec![0.0; 2];
            vector[of] = 1.0;
            vector
        };
        // By the captions' vectors rows 0 and 2 are nearest, by the pictures' rows 1 and 3.
        let caption_vectors = [axis(0), axis(1), axis(0), axis(1)];
        let picture_vectors = [axis(1), axis(0), axis(1), axis(0)];
        let queries = [ConceptQuery {
            text: "hands".to_owned(),
            grades: vec![2, 0, 2, 0],
        }];
        let rows = Rows {
            captions: &captions,
            caption_vectors: &caption_vectors,
            picture_vectors: &picture_vectors,
        };
        let measured = concepts(&queries, &[axis(0)], rows);
        for right in [measured.vector, measured.bm25, measured.hybrid] {
            assert!((right.p5 - 0.4).abs() < 1e-12, "{measured:?}");
            assert!((right.ndcg10 - 1.0).abs() < 1e-12, "{measured:?}");
        }
        // Rows 0 and 2 come third and fourth: (1 / log2 4 + 1 / log2 5) / (1 + 1 / log2 3).
        let expected = (0.5 + 1.0 / 5.0_f64.log2()) / (1.0 + 1.0 / 3.0_f64.log2());
        assert!((measured.mirage.ndcg10 - expected).abs() < 1e-12);
    }
}
