//! The columns of the dataset, and the way from entries to Arrow batches and back. The layout has
//! a number; a change of columns is a new number.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{FixedSizeListBuilder, Float32Builder, ListBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, BinaryArray, Int32Array, RecordBatch, StringArray};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};

use super::entry::{Description, Entry, EntryId, Provenance};
use crate::engine::{EncoderSpec, Engine};
use crate::media::{Fingerprint, StoredPicture};

/// Number of the layout.
pub(super) const LAYOUT: &str = "2";
/// The layout before: without vectors of pictures. It is read to be embedded anew.
pub(super) const LAYOUT_WITHOUT_PICTURES: &str = "1";
/// Key of the layout's number in the dataset's metadata.
pub(super) const LAYOUT_KEY: &str = "mirage.layout";
/// Key of the encoder's identity in the dataset's metadata.
pub(super) const ENCODER_KEY: &str = "mirage.text_encoder";
/// Key of the image encoder's identity; absent where there is none.
pub(super) const IMAGE_ENCODER_KEY: &str = "mirage.image_encoder";

/// Column that is searched by words.
pub(super) const SEARCH_TEXT: &str = "search_text";

/// Column of the embeddings of [`SEARCH_TEXT`].
pub(super) const TEXT_VECTOR: &str = "text_vector";

/// Column of the embeddings of the pictures; null where there is none.
pub(super) const IMAGE_VECTOR: &str = "image_vector";

/// Columns that make up an [`Entry`]: everything but pixels, vectors and hashes.
pub(super) const ENTRY_COLUMNS: &[&str] = &[
    "id",
    "collection",
    "caption",
    "alt",
    "modality",
    "plane",
    "body_part",
    "labels",
    "boxes",
    "article_group",
    "licence",
    "source",
    "source_url",
    "attribution",
    "width",
    "height",
];

/// An entry with everything that is stored beside it.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// The entry.
    pub(super) entry: Entry,
    /// Pixels, thumbnail and fingerprint.
    pub(super) picture: StoredPicture,
    /// SHA-256 of the picture's original bytes.
    pub(super) picture_hash: String,
    /// SHA-256 of picture and words together: what tells an unchanged row.
    pub(super) row_hash: String,
    /// Embedding of the search text.
    pub(super) text_vector: Vec<f32>,
    /// Embedding of the picture, in the same space.
    pub(super) image_vector: Option<Vec<f32>>,
}

/// The schema for the embeddings of an engine's encoders.
pub(super) fn schema(engine: &Engine) -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let item = Arc::new(Field::new("item", DataType::Float32, true));
    let label = Arc::new(Field::new("item", DataType::Utf8, true));
    let mut fields: Vec<Field> = [
        "id",
        "collection",
        "caption",
        "alt",
        "modality",
        "plane",
        "body_part",
    ]
    .map(text)
    .into();
    fields.push(Field::new("labels", DataType::List(label), true));
    fields.extend(
        [
            "boxes",
            "article_group",
            "licence",
            "source",
            "source_url",
            "attribution",
        ]
        .map(text),
    );
    fields.extend(["width", "height"].map(|name| Field::new(name, DataType::Int32, true)));
    fields.extend([SEARCH_TEXT, "picture_hash", "row_hash"].map(text));
    let binary = |name: &str| Field::new(name, DataType::Binary, true);
    fields.extend(["fingerprint", "picture", "thumbnail"].map(binary));
    let (texts, pictures) = (engine.encoder(), engine.image_encoder());
    let vectors = |name: &str, encoder: &EncoderSpec| {
        let length = i32::try_from(encoder.dimensions).unwrap_or(i32::MAX);
        let list = DataType::FixedSizeList(Arc::clone(&item), length);
        Field::new(name, list, true)
    };
    fields.push(vectors(TEXT_VECTOR, texts));
    fields.push(vectors(IMAGE_VECTOR, pictures.unwrap_or(texts)));
    let mut metadata = HashMap::from([
        (LAYOUT_KEY.to_owned(), LAYOUT.to_owned()),
        (ENCODER_KEY.to_owned(), texts.identity.clone()),
    ]);
    if let Some(pictures) = pictures {
        metadata.insert(IMAGE_ENCODER_KEY.to_owned(), pictures.identity.clone());
    }
    Arc::new(Schema::new_with_metadata(fields, metadata))
}

/// Rows as one batch of the schema.
pub(super) fn to_batch(schema: &SchemaRef, rows: &[Row]) -> Result<RecordBatch, ArrowError> {
    let columns: Result<Vec<ArrayRef>, ArrowError> = schema
        .fields()
        .iter()
        .map(|field| column(field, rows))
        .collect();
    RecordBatch::try_new(Arc::clone(schema), columns?)
}

fn column(field: &Field, rows: &[Row]) -> Result<ArrayRef, ArrowError> {
    let text = |of: fn(&Row) -> Option<&str>| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<StringArray>())
    };
    let bytes = |of: fn(&Row) -> &[u8]| -> ArrayRef {
        Arc::new(BinaryArray::from_iter_values(rows.iter().map(of)))
    };
    let array: ArrayRef = match field.name().as_str() {
        "id" => text(|row| Some(row.entry.id.as_str())),
        "collection" => text(|row| Some(&row.entry.collection)),
        "caption" => text(|row| Some(&row.entry.description.caption)),
        "alt" => text(|row| row.entry.description.alt.as_deref()),
        "modality" => text(|row| Some(&row.entry.description.modality)),
        "plane" => text(|row| row.entry.description.plane.as_deref()),
        "body_part" => text(|row| row.entry.description.body_part.as_deref()),
        "labels" => labels(rows),
        "boxes" => boxes(rows)?,
        "article_group" => text(|row| row.entry.description.group.as_deref()),
        "licence" => text(|row| Some(&row.entry.provenance.licence)),
        "source" => text(|row| Some(&row.entry.provenance.source)),
        "source_url" => text(|row| row.entry.provenance.source_url.as_deref()),
        "attribution" => text(|row| row.entry.provenance.attribution.as_deref()),
        "width" => pixels(rows, |row| row.entry.width),
        "height" => pixels(rows, |row| row.entry.height),
        SEARCH_TEXT => Arc::new(StringArray::from_iter_values(
            rows.iter().map(|row| row.entry.description.search_text()),
        )),
        "picture_hash" => text(|row| Some(&row.picture_hash)),
        "row_hash" => text(|row| Some(&row.row_hash)),
        "fingerprint" => Arc::new(BinaryArray::from_iter_values(
            rows.iter().map(|row| row.picture.fingerprint.as_bytes()),
        )),
        "picture" => bytes(|row| &row.picture.jpeg),
        "thumbnail" => bytes(|row| &row.picture.thumbnail),
        TEXT_VECTOR => vector_column(field, rows.iter().map(|row| Some(&*row.text_vector))),
        IMAGE_VECTOR => vector_column(field, rows.iter().map(|row| row.image_vector.as_deref())),
        other => return Err(ArrowError::SchemaError(format!("unknown column {other}"))),
    };
    Ok(array)
}

fn labels(rows: &[Row]) -> ArrayRef {
    let mut builder = ListBuilder::new(StringBuilder::new());
    for row in rows {
        for label in &row.entry.description.labels {
            builder.values().append_value(label);
        }
        builder.append(true);
    }
    Arc::new(builder.finish())
}

/// Boxes as JSON: they are shown and drawn, never searched by number.
fn boxes(rows: &[Row]) -> Result<ArrayRef, ArrowError> {
    let json: Result<Vec<String>, _> = rows
        .iter()
        .map(|row| serde_json::to_string(&row.entry.description.boxes))
        .collect();
    let json = json.map_err(|error| ArrowError::ExternalError(Box::new(error)))?;
    Ok(Arc::new(StringArray::from_iter_values(json)))
}

fn pixels(rows: &[Row], of: fn(&Row) -> u32) -> ArrayRef {
    let values = rows
        .iter()
        .map(|row| i32::try_from(of(row)).unwrap_or(i32::MAX));
    Arc::new(Int32Array::from_iter_values(values))
}

/// Vectors of the field's length as a column, null where there is none.
pub(super) fn vector_column<'a>(
    field: &Field,
    vectors: impl Iterator<Item = Option<&'a [f32]>>,
) -> ArrayRef {
    let length = match field.data_type() {
        DataType::FixedSizeList(_, length) => *length,
        _ => 0,
    };
    let mut builder = FixedSizeListBuilder::new(Float32Builder::new(), length);
    for vector in vectors {
        match vector {
            Some(vector) => builder.values().append_slice(vector),
            None => (0..length).for_each(|_| builder.values().append_null()),
        }
        builder.append(vector.is_some());
    }
    Arc::new(builder.finish())
}

/// The entries of a batch that holds [`ENTRY_COLUMNS`].
pub(super) fn entries(batch: &RecordBatch) -> Result<Vec<Entry>, ArrowError> {
    let columns = Columns(batch);
    (0..batch.num_rows())
        .map(|row| columns.entry(row))
        .collect()
}

/// Named access to a batch's columns.
pub(super) struct Columns<'a>(pub(super) &'a RecordBatch);

impl Columns<'_> {
    fn array(&self, name: &str) -> Result<&ArrayRef, ArrowError> {
        self.0
            .column_by_name(name)
            .ok_or_else(|| ArrowError::SchemaError(format!("the column {name} is missing")))
    }

    /// A text, or `None` where it is null.
    pub(super) fn text(&self, name: &str, row: usize) -> Result<Option<String>, ArrowError> {
        let array = self.array(name)?;
        let array = array
            .as_string_opt::<i32>()
            .ok_or_else(|| ArrowError::SchemaError(format!("the column {name} holds no text")))?;
        Ok(array.is_valid(row).then(|| array.value(row).to_owned()))
    }

    /// Bytes; empty where they are null.
    pub(super) fn bytes(&self, name: &str, row: usize) -> Result<Vec<u8>, ArrowError> {
        let array = self.array(name)?;
        let array = array
            .as_binary_opt::<i32>()
            .ok_or_else(|| ArrowError::SchemaError(format!("the column {name} holds no bytes")))?;
        Ok(if array.is_valid(row) {
            array.value(row).to_vec()
        } else {
            Vec::new()
        })
    }

    /// The fingerprint, or `None` where there is no readable one.
    pub(super) fn fingerprint(&self, row: usize) -> Result<Option<Fingerprint>, ArrowError> {
        Ok(Fingerprint::from_bytes(&self.bytes("fingerprint", row)?))
    }

    fn pixels(&self, name: &str, row: usize) -> Result<u32, ArrowError> {
        let array = self.array(name)?;
        let array = array
            .as_primitive_opt::<Int32Type>()
            .ok_or_else(|| ArrowError::SchemaError(format!("the column {name} holds no number")))?;
        Ok(u32::try_from(array.value(row)).unwrap_or(0))
    }

    fn labels(&self, row: usize) -> Result<Vec<String>, ArrowError> {
        let array = self.array("labels")?;
        let list = array
            .as_list_opt::<i32>()
            .ok_or_else(|| ArrowError::SchemaError("the column labels holds no list".to_owned()))?;
        let values = list.value(row);
        let values = values
            .as_string_opt::<i32>()
            .ok_or_else(|| ArrowError::SchemaError("the labels are no texts".to_owned()))?;
        Ok(values.iter().flatten().map(str::to_owned).collect())
    }

    fn entry(&self, row: usize) -> Result<Entry, ArrowError> {
        let required = |name: &str| -> Result<String, ArrowError> {
            Ok(self.text(name, row)?.unwrap_or_default())
        };
        let boxes = self.text("boxes", row)?.unwrap_or_else(|| "[]".to_owned());
        Ok(Entry {
            id: EntryId::from_stored(required("id")?),
            collection: required("collection")?,
            description: Description {
                caption: required("caption")?,
                alt: self.text("alt", row)?,
                modality: required("modality")?,
                plane: self.text("plane", row)?,
                body_part: self.text("body_part", row)?,
                labels: self.labels(row)?,
                boxes: serde_json::from_str(&boxes)
                    .map_err(|error| ArrowError::ExternalError(Box::new(error)))?,
                group: self.text("article_group", row)?,
            },
            provenance: Provenance {
                licence: required("licence")?,
                source: required("source")?,
                source_url: self.text("source_url", row)?,
                attribution: self.text("attribution", row)?,
            },
            width: self.pixels("width", row)?,
            height: self.pixels("height", row)?,
        })
    }
}
