//! All vectors anew, of words and of pictures, by other encoders or other versions of them; also for
//! an atlas that has no vectors of pictures yet. The atlas changes in one step at
//! the end: until then everybody searches the old vectors, and a crash leaves them as they are.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::SchemaRef;
use futures::StreamExt as _;
use lancedb::arrow::{SendableRecordBatchStream, SimpleRecordBatchStream};
use tokio_util::sync::CancellationToken;

use super::dataset::Dataset;
use super::embed::Embedder;
use super::error::AtlasError;
use super::schema::{self, Columns, IMAGE_VECTOR, SEARCH_TEXT, TEXT_VECTOR};
use crate::engine::{Caller, Engine, Lane};

/// How often it is begun again because somebody changed the atlas meanwhile.
const TRIES: usize = 3;

/// Embeds the words and the stored picture of every entry with the engine's encoders. `progress` gets the entries done and
/// their number. Returns how many there are.
///
/// # Errors
/// [`AtlasError::Interrupted`] when `cancel` was triggered, [`AtlasError::Changing`] when others
/// kept changing the atlas; nothing has changed then. Otherwise what LanceDB or the engine report.
pub async fn re_embed(
    uri: &str,
    engine: &Engine,
    (caller, lane): (Caller, Lane),
    cancel: &CancellationToken,
    progress: impl Fn(u64, u64) + Clone + Send + 'static,
) -> Result<u64, AtlasError> {
    for _ in 0..TRIES {
        let attempt = Attempt {
            embedder: Embedder {
                engine: engine.clone(),
                caller,
                lane,
            },
            cancel: cancel.clone(),
        };
        match attempt.run(uri, progress.clone()).await {
            Err(_) if cancel.is_cancelled() => return Err(AtlasError::Interrupted),
            Err(AtlasError::Changing) => {}
            ended => return ended,
        }
    }
    Err(AtlasError::Changing)
}

/// One way through all rows.
struct Attempt {
    embedder: Embedder,
    cancel: CancellationToken,
}

impl Attempt {
    async fn run(
        self,
        uri: &str,
        progress: impl Fn(u64, u64) + Send + 'static,
    ) -> Result<u64, AtlasError> {
        let dataset = Dataset::open_with_any_encoder(uri).await?;
        let (version, total) = (dataset.version().await?, dataset.len().await?);
        let target = schema::schema(&self.embedder.engine);
        let rows = dataset.rows().await?;
        let (attempt, to) = (Arc::new(self), Arc::clone(&target));
        let anew = rows.then(move |batch| {
            let (attempt, to) = (Arc::clone(&attempt), Arc::clone(&to));
            async move { attempt.embed(&batch?, &to).await }
        });
        let mut done = 0;
        let counted = anew.inspect(move |batch| {
            if let Ok(batch) = batch {
                done += batch.num_rows() as u64;
                progress(done.min(total), total);
            }
        });
        // An entry that came meanwhile is not among the rows and would be lost. Looked at when all
        // rows are through, a moment before the new version is written.
        let address = uri.to_owned();
        let changed = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&changed);
        let unchanged = futures::stream::once(async move {
            let now = Dataset::open_with_any_encoder(&address).await;
            let now = match now {
                Ok(dataset) => dataset.version().await.ok(),
                Err(_) => None,
            };
            if now == Some(version) {
                return None;
            }
            seen.store(true, Ordering::SeqCst);
            Some(Err(failed(&AtlasError::Changing)))
        });
        let stream: SendableRecordBatchStream = Box::pin(SimpleRecordBatchStream {
            schema: target,
            stream: counted.chain(unchanged.filter_map(std::future::ready)),
        });
        match Dataset::overwrite(uri, stream).await {
            Ok(()) => Ok(total),
            Err(_) if changed.load(Ordering::SeqCst) => Err(AtlasError::Changing),
            Err(error) => Err(error),
        }
    }

    /// The batch with new vectors, unless it is cancelled.
    async fn embed(&self, batch: &RecordBatch, to: &SchemaRef) -> lancedb::Result<RecordBatch> {
        let (texts, jpegs) = (texts(batch)?, jpegs(batch)?);
        let embedded = async {
            let of_words = self.embedder.texts(texts).await?;
            let of_pictures = self.embedder.stored(jpegs).await?;
            Ok::<_, AtlasError>((of_words, of_pictures))
        };
        tokio::select! {
            () = self.cancel.cancelled() => Err(failed(&AtlasError::Interrupted)),
            vectors = embedded => {
                let (of_words, of_pictures) = vectors.map_err(|error| failed(&error))?;
                replaced(batch, to, &of_words, &of_pictures)
            }
        }
    }
}

fn texts(batch: &RecordBatch) -> lancedb::Result<Vec<String>> {
    let columns = Columns(batch);
    (0..batch.num_rows())
        .map(|row| Ok(columns.text(SEARCH_TEXT, row)?.unwrap_or_default()))
        .collect()
}

fn jpegs(batch: &RecordBatch) -> lancedb::Result<Vec<Vec<u8>>> {
    let columns = Columns(batch);
    (0..batch.num_rows())
        .map(|row| Ok(columns.bytes("picture", row)?))
        .collect()
}

/// The batch with other vectors, in the schema that names their encoder.
fn replaced(
    batch: &RecordBatch,
    schema: &SchemaRef,
    of_words: &[Vec<f32>],
    of_pictures: &[Option<Vec<f32>>],
) -> lancedb::Result<RecordBatch> {
    let columns = schema
        .fields()
        .iter()
        .map(|field| -> lancedb::Result<ArrayRef> {
            match field.name().as_str() {
                TEXT_VECTOR => {
                    let vectors = of_words.iter().map(|vector| Some(vector.as_slice()));
                    return Ok(schema::vector_column(field, vectors));
                }
                IMAGE_VECTOR => {
                    let vectors = of_pictures.iter().map(Option::as_deref);
                    return Ok(schema::vector_column(field, vectors));
                }
                _ => {}
            }
            let column = batch.column_by_name(field.name());
            column.cloned().ok_or_else(|| lancedb::Error::Schema {
                message: format!("the column {} is missing", field.name()),
            })
        });
    let columns: Vec<ArrayRef> = columns.collect::<lancedb::Result<_>>()?;
    debug_assert!(
        columns
            .iter()
            .all(|column| column.len() == batch.num_rows())
    );
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

fn failed(error: &dyn std::fmt::Display) -> lancedb::Error {
    lancedb::Error::Runtime {
        message: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{self, Small, row, shaded_row};
    use super::super::{Atlas, EntryId, Filter, Query, Request};
    use super::*;
    use crate::media;
    use futures::TryStreamExt as _;
    use mirage_models::text_encoder::{EncoderError, TextEncoder};

    /// Three numbers a text: enough to tell the rows of these tests apart.
    struct Lengths;

    impl TextEncoder for Lengths {
        fn identity(&self) -> &'static str {
            "lengths@00000000"
        }

        fn dimensions(&self) -> usize {
            3
        }

        fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
            let vector = |text: &&str| vec![text.len() as f32, 1.0, 0.0];
            Ok(texts.iter().map(vector).collect())
        }
    }

    async fn filled() -> Small {
        let small = testing::atlas().await;
        let rows = [
            testing::row("t", "a", "knee", "MRI"),
            testing::row("t", "b", "shoulder", "MRI"),
        ];
        small.atlas.dataset.upsert(&rows).await.expect("written");
        small
    }

    async fn to_lengths(small: &Small, cancel: &CancellationToken) -> Result<u64, AtlasError> {
        let engine = Engine::with_encoder(Arc::new(Lengths)).expect("a thread");
        let lane = (Caller::LOCAL, Lane::Batch);
        re_embed(&small.uri, &engine, lane, cancel, |_, _| {}).await
    }

    #[tokio::test]
    async fn everything_is_there_with_the_new_encoder_and_the_old_one_is_refused() {
        let small = filled().await;
        let count = to_lengths(&small, &CancellationToken::new()).await;
        assert_eq!(count.expect("embedded anew"), 2);
        let engine = Engine::with_encoder(Arc::new(Lengths)).expect("a thread");
        let atlas = Atlas::open(&small.uri, engine)
            .await
            .expect("the new encoder");
        let request = Request {
            query: Query::Text("knee".to_owned()),
            filter: Filter::default(),
            offset: 0,
            limit: 5,
        };
        let found = atlas.search(&request).await.expect("searched");
        assert_eq!(found.hits.len(), 2);
        assert_eq!(found.hits[0].entry.description.caption, "knee");
        let opened = Atlas::open(&small.uri, testing::engine()).await;
        let error = opened.err().expect("the old encoder");
        assert!(matches!(error, AtlasError::OtherEncoder { .. }), "{error}");
    }

    #[tokio::test]
    async fn a_cancelled_one_changes_nothing() {
        let small = filled().await;
        let cancel = CancellationToken::new();
        cancel.cancel();
        let error = to_lengths(&small, &cancel).await.expect_err("cancelled");
        assert!(matches!(error, AtlasError::Interrupted), "{error}");
        assert_eq!(small.atlas.refresh().await.expect("as it was").len(), 2);
    }

    /// Writes the rows of a dataset without the column of pictures' vectors, as the version before
    /// this one made it.
    async fn make_old(uri: &str) {
        let dataset = Dataset::open_with_any_encoder(uri).await.expect("opened");
        let rows = dataset.rows().await.expect("readable");
        let batches: Vec<RecordBatch> = rows.try_collect().await.expect("read");
        let schema = batches[0].schema();
        let kept: Vec<usize> = (0..schema.fields().len())
            .filter(|index| schema.field(*index).name() != IMAGE_VECTOR)
            .collect();
        let mut metadata = schema.metadata().clone();
        metadata.insert(
            schema::LAYOUT_KEY.to_owned(),
            schema::LAYOUT_WITHOUT_PICTURES.to_owned(),
        );
        metadata.remove(schema::IMAGE_ENCODER_KEY);
        let old = schema.project(&kept).expect("fewer columns");
        let old: SchemaRef = Arc::new(old.with_metadata(metadata));
        let batches: Vec<lancedb::Result<RecordBatch>> = batches
            .iter()
            .map(|batch| {
                let fewer = batch.project(&kept).expect("fewer columns");
                let columns = fewer.columns().to_vec();
                Ok(RecordBatch::try_new(Arc::clone(&old), columns)?)
            })
            .collect();
        let stream: SendableRecordBatchStream = Box::pin(SimpleRecordBatchStream {
            schema: old,
            stream: futures::stream::iter(batches),
        });
        Dataset::overwrite(uri, stream).await.expect("written");
    }

    async fn anew(uri: &str, engine: &Engine) -> Result<u64, AtlasError> {
        let lane = (Caller::LOCAL, Lane::Batch);
        re_embed(uri, engine, lane, &CancellationToken::new(), |_, _| {}).await
    }

    #[tokio::test]
    async fn an_atlas_of_the_version_before_gets_vectors_of_its_pictures() {
        let small = testing::atlas().await;
        let mut damaged = row("mine", "damaged", "a picture that is damaged", "X-ray");
        damaged.picture.jpeg = b"no JPEG".to_vec();
        let rows = [
            shaded_row("mine", "black", ("a chest", "X-ray"), 0),
            shaded_row("mine", "white", ("a knee", "MRI"), 255),
            damaged,
        ];
        small.atlas.dataset.upsert(&rows).await.expect("written");
        make_old(&small.uri).await;
        let engine = testing::engine();
        let error = Atlas::open(&small.uri, engine.clone()).await.err();
        let error = error.expect("it has no vectors of pictures");
        assert!(
            matches!(error, AtlasError::WithoutPictureVectors { .. }),
            "{error}"
        );
        assert!(
            error.to_string().contains("mirage queue add re-embed"),
            "{error}"
        );
        assert_eq!(anew(&small.uri, &engine).await.expect("embedded"), 3);
        let atlas = Atlas::open(&small.uri, engine).await.expect("opened");
        let white = media::pixels(&testing::square(255)).expect("pixels");
        let request = Request {
            query: Query::Picture(white),
            filter: Filter::default(),
            offset: 0,
            limit: 5,
        };
        let found = atlas.search(&request).await.expect("an answer");
        assert_eq!(found.hits[0].entry.id, EntryId::new("mine", "white"));
        assert_eq!(
            found.total, 2,
            "what can't be decoded is found by words alone"
        );
    }

    #[tokio::test]
    async fn an_atlas_of_another_image_encoder_is_refused_until_it_is_embedded_anew() {
        let small = testing::atlas().await;
        let rows = [row("mine", "a", "a chest", "X-ray")];
        small.atlas.dataset.upsert(&rows).await.expect("written");
        let words = testing::engine_for_words();
        let error = Atlas::open(&small.uri, words.clone()).await.err();
        let error = error.expect("it has vectors of pictures").to_string();
        assert!(error.contains("shades@00000000"), "{error}");
        assert_eq!(anew(&small.uri, &words).await.expect("embedded"), 1);
        Atlas::open(&small.uri, words).await.expect("opened");
    }
}
