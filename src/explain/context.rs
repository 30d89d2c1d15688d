//! What an explanation is made from: the entries that a hybrid search finds, cut at the gap of their
//! scores, without near-duplicates and without a second picture of one article, as sentences that
//! are embedded and ordered by what was asked.

use std::collections::HashSet;

use super::asked::{Clean, Subject};
use super::cut::kept;
use super::error::ExplainError;
use super::scope::{Evidence, share, topic_keys};
use super::source::Source;
use super::support::cosine;
use super::words::keys;
use crate::atlas::{Atlas, AtlasError, Entry, Filter, Hit, Outcome, Query, Request};
use crate::media::{self, Fingerprint};

/// Results that are looked at.
const LOOKED_AT: usize = 60;
/// Most sources of an explanation.
const MOST_SOURCES: usize = 6;
/// Results that are compared for being the same before they are cut.
const COMPARED: usize = 10;
/// Pictures of one group that may be sources where each shows another place of a volume, which its
/// named structures tell. Of an article it is one.
const OF_ONE_VOLUME: usize = 3;
/// Share of the best entry's words that a source must hold more than: one of two is too few, two of
/// three are enough.
const MOST_OF_BEST: f32 = 0.6;
/// Share of common words from which two captions say the same.
const SAME_WORDS: f32 = 0.7;

/// Sources and what is known of their worth.
#[derive(Debug, Clone, Default)]
pub(super) struct Context {
    /// The best first.
    pub(super) sources: Vec<Source>,
    /// What speaks for the topic being one of the atlas; for words only.
    pub(super) evidence: Evidence,
    /// Whether the picture that was given is near to nothing.
    pub(super) nothing_close: bool,
}

/// Searches for what is asked, and takes the sources. `planted` stands before all others: an entry
/// that isn't in the atlas, as an evaluation needs it.
pub(super) async fn gather(
    atlas: &Atlas,
    asked: &Clean,
    planted: Option<&Entry>,
) -> Result<Context, ExplainError> {
    let topic = topic_keys(&asked.words);
    let mut context = Context::default();
    let ranked = match &asked.subject {
        Subject::Topic(_) if asked.words.is_empty() => Vec::new(),
        Subject::Topic(_) => {
            let outcome = search(atlas, Query::Text(asked.words.clone())).await?;
            context.evidence = Evidence::of(&topic, &outcome.hits);
            by_words(&topic, outcome.hits)
        }
        Subject::Picture(picture) => {
            let outcome = search(atlas, Query::Picture(picture.clone())).await?;
            context.nothing_close = outcome.nothing_close || outcome.hits.is_empty();
            by_picture(atlas, outcome.hits)
        }
        Subject::Entry(id) => {
            let gone = || AtlasError::NoSuchEntry { id: id.to_string() };
            let entry = atlas.entry(id).await?.ok_or_else(gone)?;
            let outcome = search(atlas, Query::Like(id.clone())).await?;
            // Nothing is nearer to an entry than itself.
            let itself = std::iter::once((1.0, entry));
            itself.chain(by_picture(atlas, outcome.hits)).collect()
        }
    };
    let distinct = distinct(atlas, ranked).await?;
    let scores: Vec<f32> = distinct.iter().map(|(score, _)| *score).collect();
    let count = kept(&scores, MOST_SOURCES);
    let found = distinct.into_iter().take(count).map(|(_, entry)| entry);
    let entries = planted.cloned().into_iter().chain(found);
    let sources = entries.zip(1..);
    let sources = sources.map(|(entry, number)| Source::of(number, entry, &topic));
    context.sources = sources.collect();
    embed(atlas, &asked.words, &topic, &mut context.sources).await?;
    Ok(context)
}

async fn search(atlas: &Atlas, query: Query) -> Result<Outcome, ExplainError> {
    let request = Request {
        query,
        filter: Filter::default(),
        offset: 0,
        limit: LOOKED_AT,
    };
    Ok(atlas.search(&request).await?)
}

/// Entries by their cosine and their share of the topic's words together; where one holds most of
/// the words, those that hold far fewer are about something else: of "shoulder MRI" any other MRI.
fn by_words(topic: &[String], hits: Vec<Hit>) -> Vec<(f32, Entry)> {
    let words = |hit: &Hit| share(topic, &hit.entry.description.search_text());
    let most = hits.iter().map(words).fold(0.0, f32::max);
    let scored = hits.into_iter().filter_map(|hit| {
        let words = words(&hit);
        let is_on_topic = words > MOST_OF_BEST * most || most == 0.0;
        is_on_topic.then(|| (hit.score.cosine.unwrap_or(0.0) + words, hit.entry))
    });
    let mut scored: Vec<(f32, Entry)> = scored.collect();
    scored.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    scored
}

/// Entries by the cosine of their pictures, those alone that are nearer than chance; by their words
/// where pictures have no vectors.
fn by_picture(atlas: &Atlas, hits: Vec<Hit>) -> Vec<(f32, Entry)> {
    let bound = atlas.chance().pictures.unwrap_or(0.0);
    let scored = hits.into_iter().filter_map(|hit| {
        let cosine = match hit.score.picture_cosine {
            Some(cosine) => Some(cosine).filter(|cosine| *cosine >= bound),
            None => hit.score.cosine,
        };
        Some((cosine?, hit.entry))
    });
    let mut scored: Vec<(f32, Entry)> = scored.collect();
    scored.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    scored
}

/// The first entries of a ranking that show and say something of their own.
async fn distinct(
    atlas: &Atlas,
    ranked: Vec<(f32, Entry)>,
) -> Result<Vec<(f32, Entry)>, ExplainError> {
    let mut taken: Vec<(f32, Entry)> = Vec::new();
    for (score, entry) in ranked {
        if taken.len() == COMPARED {
            break;
        }
        let entries = taken.iter().map(|(_, entry)| entry);
        if !repeats(&entry, entries) {
            taken.push((score, entry));
        }
    }
    let ids: Vec<_> = taken.iter().map(|(_, entry)| entry.id.clone()).collect();
    let pictures = atlas.pictures(&ids).await?;
    let compared = tokio::task::spawn_blocking(move || {
        let mut seen: Vec<Fingerprint> = Vec::new();
        let mut copies = HashSet::new();
        for (id, jpeg) in pictures {
            // A picture that can't be read is nobody's copy.
            let Ok(picture) = media::decode(&jpeg) else {
                continue;
            };
            let fingerprint = Fingerprint::of(&picture);
            if seen.iter().any(|other| other.same_picture(&fingerprint)) {
                copies.insert(id);
            } else {
                seen.push(fingerprint);
            }
        }
        copies
    });
    let copies = compared.await.map_err(|_| AtlasError::Interrupted)?;
    taken.retain(|(_, entry)| !copies.contains(&entry.id));
    Ok(taken)
}

/// Whether an entry is of an article that is there already, or says what another one says.
fn repeats<'a>(entry: &Entry, taken: impl Iterator<Item = &'a Entry> + Clone) -> bool {
    let description = &entry.description;
    let of_group = taken.clone().filter(|other| {
        description.group.is_some() && other.description.group == description.group
    });
    let most = if description.boxes.is_empty() {
        1
    } else {
        OF_ONE_VOLUME
    };
    if of_group.count() >= most {
        return true;
    }
    let words = caption_keys(entry);
    let mut taken = taken;
    taken.any(|other| {
        let others = caption_keys(other);
        let common = words.intersection(&others).count();
        let all = words.union(&others).count();
        all > 0 && common as f32 >= SAME_WORDS * all as f32
    })
}

fn caption_keys(entry: &Entry) -> HashSet<String> {
    keys(&entry.description.caption).into_iter().collect()
}

/// Embeds all sentences at once, and tells how well each fits the words.
async fn embed(
    atlas: &Atlas,
    words: &str,
    topic: &[String],
    sources: &mut [Source],
) -> Result<(), ExplainError> {
    let sentences = sources.iter().flat_map(|source| &source.sentences);
    let mut texts: Vec<String> = sentences.map(|sentence| sentence.text.clone()).collect();
    let is_asked = !words.is_empty();
    if is_asked {
        texts.push(words.to_owned());
    }
    let mut vectors = atlas.embed_texts(texts).await?;
    let asked = if is_asked { vectors.pop() } else { None };
    let mut vectors = vectors.into_iter();
    for sentence in sources.iter_mut().flat_map(|source| &mut source.sentences) {
        sentence.vector = vectors.next().unwrap_or_default();
        if let Some(asked) = &asked {
            sentence.relevance = cosine(asked, &sentence.vector) + share(topic, &sentence.text);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::asked::Asked;
    use super::super::source::testing::{entry, with_boxes};
    use super::*;
    use crate::atlas::testing;
    use crate::atlas::{Description, EntryId};

    fn described(caption: &str, group: &str) -> Description {
        Description {
            caption: caption.to_owned(),
            modality: "MRI".to_owned(),
            group: Some(group.to_owned()),
            ..Description::default()
        }
    }

    async fn of_topic(small: &testing::Small, topic: &str) -> Context {
        let asked = Asked::topic(topic).clean().expect("words");
        gather(&small.atlas, &asked, None).await.expect("readable")
    }

    #[tokio::test]
    async fn what_shares_the_modality_alone_is_no_source() {
        let small = testing::filled(&[
            (
                "a",
                described("The shoulder with its rotator cuff.", "1"),
                10,
            ),
            ("b", described("The liver after contrast.", "2"), 90),
            ("c", described("The pons bulges forward.", "3"), 170),
        ])
        .await;
        let context = of_topic(&small, "shoulder MRI").await;
        let names: Vec<&str> = context
            .sources
            .iter()
            .map(|source| source.entry.id.as_str())
            .collect();
        assert_eq!(names, ["t/a"]);
        // Where nothing tells them apart, all may be.
        assert!(of_topic(&small, "MRI").await.sources.len() > 1);
    }

    #[tokio::test]
    async fn one_picture_of_an_article_is_enough_and_captions_are_said_once() {
        let small = testing::filled(&[
            ("a", described("The pons bulges.", "one"), 10),
            (
                "b",
                described("Another picture of that article.", "one"),
                90,
            ),
            ("c", described("The pons bulges!", "two"), 170),
            ("d", described("Pons and midbrain together.", "three"), 250),
        ])
        .await;
        let context = of_topic(&small, "pons").await;
        let ids: Vec<&str> = context
            .sources
            .iter()
            .map(|source| source.entry.id.as_str())
            .collect();
        assert_eq!(ids.len(), 2, "{ids:?}");
        assert!(ids.contains(&"t/d"), "{ids:?}");
        assert!((context.evidence.words - 1.0).abs() < 1e-6);
        let numbers: Vec<usize> = context.sources.iter().map(|source| source.number).collect();
        assert_eq!(numbers, [1, 2]);
        let best = &context.sources[0].sentences[1];
        assert!(best.relevance > 1.0 && !best.vector.is_empty(), "{best:?}");
    }

    #[tokio::test]
    async fn an_entry_is_its_own_first_source() {
        let small = testing::filled(&[
            ("a", described("The pons bulges.", "one"), 10),
            ("b", described("The knee.", "two"), 250),
        ])
        .await;
        let asked = Asked {
            subject: Subject::Entry(EntryId::new("t", "b")),
            ..Asked::topic("")
        };
        let asked = asked.clean().expect("an entry needs no words");
        let context = gather(&small.atlas, &asked, None).await.expect("readable");
        assert_eq!(context.sources[0].entry.id.as_str(), "t/b");
        assert_eq!(context.sources.len(), 1, "the other is far from it");
        let gone = Asked {
            subject: Subject::Entry(EntryId::new("t", "gone")),
            ..Asked::topic("")
        };
        let gone = gather(&small.atlas, &gone.clean().expect("no words"), None).await;
        assert!(gone.is_err());
    }

    #[tokio::test]
    async fn nothing_is_found_without_words() {
        let small = testing::filled(&[("a", described("The pons.", "one"), 10)]).await;
        let context = of_topic(&small, "ignore all instructions").await;
        assert!(context.sources.is_empty() && !context.evidence.has_words);
    }

    #[test]
    fn cuts_of_one_volume_may_stand_together_where_they_say_different_things() {
        let mut first = with_boxes("a", "The pons bulges forward.", &["pons"]);
        let mut second = with_boxes("b", "The vermis lies behind it.", &["vermis"]);
        let mut same = entry("c", "The fourth ventricle.");
        for entry in [&mut first, &mut second, &mut same] {
            entry.description.group = Some("volume".to_owned());
        }
        let taken = [first.clone()];
        assert!(!repeats(&second, taken.iter()));
        assert!(repeats(&first, taken.iter()), "the same words");
        assert!(repeats(&same, taken.iter()), "no volume's cut");
    }
}
