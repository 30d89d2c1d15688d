//! The real pictures that synthetic ones are compared with: those that no training has seen, with
//! what each is of, and those that the generator was trained on. They come from a folder of the sets
//! that `models/training/data.py` reads; which rows were kept aside is a list beside this file.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use image::imageops::FilterType;
use mirage_models::image_encoder::Rgb;
use mirage_models::judge::{Judge, Opinion};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::strata::Kind;
use crate::evaluation::archive::Archive;
use crate::evaluation::error::EvaluationError;
use crate::evaluation::pairs::{HELD_OUT, Pairs, Row};
use crate::media::{self, Fingerprint, MediaError};

/// The sets that the generator was trained on, as in `data.py`.
const SETS: [&str; 8] = [
    "roco",
    "mednist",
    "ham10000",
    "bone-fracture",
    "lc25000",
    "gastrovision",
    "busi",
    "vqa-rad",
];
/// Most training rows of a set, as in `data.py`: those whose identifier's SHA-256 is smallest.
const MOST: (&str, usize) = ("mednist", 1200);
/// Rows that were kept aside: set, identifier, modality and region, `-` where the row doesn't say.
/// Written by `models/training/judge/labels.py`.
const LIST: &str = include_str!("held_out.tsv");
/// Pictures that are decoded at once.
const AT_ONCE: usize = 32;
/// Side in pixels of the mean picture.
const SIDE: u32 = 128;

/// The sets, ready to be read.
pub struct Reals {
    sets: Vec<Set>,
}

struct Set {
    pairs: Pairs,
    archive: Archive,
    /// Rows that were kept aside, with what they are of.
    held_out: Vec<(Row, Kind)>,
    training: Vec<Row>,
}

/// What was seen of the real pictures.
pub(super) struct Looked {
    pub(super) held_out: Vec<Unseen>,
    pub(super) training: Vec<Trained>,
    /// The mean of the training pictures, pixel by pixel.
    pub(super) mean: Rgb,
}

/// A picture that no training has seen.
pub(super) struct Unseen {
    pub(super) kind: Kind,
    pub(super) opinion: Opinion,
    pub(super) fingerprint: Fingerprint,
}

/// A picture that the generator was trained on.
pub(super) struct Trained {
    /// Features around the mean, of length 1.
    pub(super) centred: Vec<f32>,
    pub(super) fingerprint: Fingerprint,
}

/// A decoded picture.
struct Decoded {
    pixels: Rgb,
    fingerprint: Fingerprint,
    small: Vec<u8>,
}

impl Reals {
    /// Reads the rows of all sets in a folder, and looks whether their pictures are there.
    ///
    /// # Errors
    /// [`EvaluationError`] names the file and the row that can't be used.
    pub fn open(folder: &Path) -> Result<Self, EvaluationError> {
        let mut kept = held_out();
        let sets = SETS.iter().map(|name| {
            let kept = kept.remove(name).unwrap_or_default();
            Set::open(folder, name, &kept)
        });
        let sets = sets.collect::<Result<_, _>>()?;
        Ok(Self { sets })
    }

    /// How many pictures are looked at.
    pub fn count(&self) -> usize {
        let sets = self.sets.iter();
        sets.map(|set| set.held_out.len() + set.training.len())
            .sum()
    }

    /// Lets the judge look at all of them. `progress` is told how many are done.
    ///
    /// # Errors
    /// [`EvaluationError`] names the row whose picture can't be used, or what the judge refuses.
    pub(super) fn look(
        &mut self,
        judge: &Judge,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Looked, EvaluationError> {
        let (mut unseen, mut trained) = (Vec::new(), Vec::new());
        let mut mean = Mean::default();
        for set in &mut self.sets {
            for rows in set.held_out.chunks(AT_ONCE) {
                let pictures =
                    decoded(&set.pairs, &mut set.archive, rows.iter().map(|row| &row.0))?;
                let seen = seen(judge, pictures)?.into_iter().zip(rows);
                unseen.extend(seen.map(|((opinion, picture), (_, kind))| Unseen {
                    kind: kind.clone(),
                    opinion,
                    fingerprint: picture.fingerprint,
                }));
                progress(unseen.len() + trained.len());
            }
            for rows in set.training.chunks(AT_ONCE) {
                let pictures = decoded(&set.pairs, &mut set.archive, rows.iter())?;
                for (opinion, picture) in seen(judge, pictures)? {
                    mean.add(&picture.small);
                    trained.push(Trained {
                        centred: judge.centred(&opinion.features),
                        fingerprint: picture.fingerprint,
                    });
                }
                progress(unseen.len() + trained.len());
            }
        }
        Ok(Looked {
            held_out: unseen,
            training: trained,
            mean: mean.picture()?,
        })
    }
}

impl Set {
    fn open(folder: &Path, name: &str, kept: &[(&str, Kind)]) -> Result<Self, EvaluationError> {
        let pairs = Pairs::read(&folder.join(format!("{name}.jsonl")))?;
        let archive = Archive::open(&folder.join(format!("{name}.tar")))?;
        archive.check(&pairs)?;
        let by_id: HashMap<&str, &Row> = pairs
            .rows()
            .iter()
            .map(|row| (row.id.as_str(), row))
            .collect();
        let held_out = kept.iter().map(|(id, kind)| {
            let row = by_id.get(id).ok_or_else(|| EvaluationError::OtherData {
                path: pairs.path().to_owned(),
                id: (*id).to_owned(),
            })?;
            Ok(((*row).clone(), kind.clone()))
        });
        let held_out = held_out.collect::<Result<_, EvaluationError>>()?;
        let training = training(&pairs, name)?;
        Ok(Self {
            pairs,
            archive,
            held_out,
            training,
        })
    }
}

/// The rows that the generator was trained on: `read` of `data.py`, without the order.
fn training(pairs: &Pairs, name: &str) -> Result<Vec<Row>, EvaluationError> {
    let aside = pairs.clone().select(Some(HELD_OUT))?;
    let aside: HashSet<&str> = aside.rows().iter().map(|row| row.id.as_str()).collect();
    let rows = pairs.rows().iter();
    let mut rows: Vec<Row> = rows
        .filter(|row| !aside.contains(row.id.as_str()))
        .cloned()
        .collect();
    let (with_many, most) = MOST;
    if name == with_many {
        rows.sort_by_cached_key(|row| Sha256::digest(row.id.as_bytes()));
        rows.truncate(most);
    }
    Ok(rows)
}

/// The list of what was kept aside, by set.
fn held_out() -> BTreeMap<&'static str, Vec<(&'static str, Kind)>> {
    let mut sets: BTreeMap<&str, Vec<(&str, Kind)>> = BTreeMap::new();
    for line in LIST.lines().filter(|line| !line.starts_with('#')) {
        let mut parts = line.split('\t');
        let (Some(set), Some(id)) = (parts.next(), parts.next()) else {
            continue;
        };
        let mut said = || {
            let said = parts.next().filter(|said| *said != "-");
            said.map(str::to_owned)
        };
        let kind = Kind {
            modality: said(),
            region: said(),
        };
        sets.entry(set).or_default().push((id, kind));
    }
    sets
}

fn decoded<'a>(
    pairs: &Pairs,
    archive: &mut Archive,
    rows: impl Iterator<Item = &'a Row> + Clone,
) -> Result<Vec<Decoded>, EvaluationError> {
    let files = rows.clone().map(|row| archive.read(pairs, row));
    let files: Vec<Vec<u8>> = files.collect::<Result<_, _>>()?;
    let decoded: Vec<_> = files.par_iter().map(|file| decode(file)).collect();
    let decoded = decoded.into_iter().zip(rows).map(|(picture, row)| {
        picture.map_err(|reason| EvaluationError::Picture {
            place: pairs.place(row),
            file: row.file.clone(),
            reason,
        })
    });
    decoded.collect()
}

fn decode(file: &[u8]) -> Result<Decoded, MediaError> {
    let picture = media::decode(file)?;
    let small = picture.resize_exact(SIDE, SIDE, FilterType::Triangle);
    Ok(Decoded {
        pixels: media::pixels(&picture).ok_or(MediaError::Empty)?,
        fingerprint: Fingerprint::of(&picture),
        small: small.into_rgb8().into_raw(),
    })
}

/// The judge's opinion of each picture.
fn seen(
    judge: &Judge,
    mut pictures: Vec<Decoded>,
) -> Result<Vec<(Opinion, Decoded)>, EvaluationError> {
    let pixels: Vec<Rgb> = pictures.iter().map(|one| one.pixels.clone()).collect();
    let opinions = judge.look(&pixels)?;
    Ok(opinions.into_iter().zip(pictures.drain(..)).collect())
}

/// A mean of pictures of [`SIDE`] pixels each way.
#[derive(Default)]
struct Mean {
    sums: Vec<f64>,
    count: f64,
}

impl Mean {
    fn add(&mut self, pixels: &[u8]) {
        self.sums.resize(pixels.len(), 0.0);
        for (sum, value) in self.sums.iter_mut().zip(pixels) {
            *sum += f64::from(*value);
        }
        self.count += 1.0;
    }

    fn picture(&self) -> Result<Rgb, EvaluationError> {
        let means = self.sums.iter().map(|sum| sum / self.count.max(1.0));
        let pixels = means.map(|mean| mean.round() as u8).collect();
        Ok(Rgb::new(SIDE as usize, SIDE as usize, pixels)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_names_rows_of_every_set_once() {
        let sets = held_out();
        let mut names: Vec<&str> = sets.keys().copied().collect();
        let mut expected = SETS.to_vec();
        names.sort_unstable();
        expected.sort_unstable();
        assert_eq!(names, expected);
        let mut with_modality = 0;
        for (set, rows) in &sets {
            let different: HashSet<&str> = rows.iter().map(|(id, _)| *id).collect();
            assert_eq!(different.len(), rows.len(), "{set}");
            let known = rows.iter().filter(|(_, kind)| kind.modality.is_some());
            with_modality += known.count();
        }
        let all: usize = sets.values().map(Vec::len).sum();
        assert_eq!(all, 1000);
        assert!(with_modality > 800, "{with_modality}");
    }

    #[test]
    fn a_set_without_the_rows_that_were_kept_aside_is_other_data() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = Reals::open(folder.path()).err().expect("nothing there");
        assert!(error.to_string().contains("roco.jsonl"), "{error}");
        let row = "{\"id\": \"a\", \"file\": \"a.jpg\", \"group\": \"g\", \"split\": \"dev\"}\n\
            {\"id\": \"b\", \"file\": \"a.jpg\", \"group\": \"h\", \"split\": \"train\"}";
        std::fs::write(folder.path().join("roco.jsonl"), row).expect("written");
        let archive = std::fs::File::create(folder.path().join("roco.tar")).expect("a file");
        let mut builder = tar::Builder::new(archive);
        let mut header = tar::Header::new_ustar();
        header.set_size(3);
        builder
            .append_data(&mut header, "a.jpg", &b"abc"[..])
            .expect("a file");
        builder.finish().expect("an archive");
        let error = Reals::open(folder.path()).err().expect("other rows");
        let sentence = error.to_string();
        assert!(sentence.contains("was kept aside"), "{sentence}");
        let known = [(
            "a",
            Kind {
                modality: None,
                region: None,
            },
        )];
        let set = Set::open(folder.path(), "roco", &known).expect("its row is there");
        let training: Vec<&str> = set.training.iter().map(|row| row.id.as_str()).collect();
        assert_eq!(training, ["b"]);
    }

    #[test]
    fn a_mean_lies_between_its_pictures() {
        let pixels = (SIDE * SIDE * 3) as usize;
        let mut mean = Mean::default();
        mean.add(&vec![10; pixels]);
        mean.add(&vec![20; pixels]);
        mean.add(&vec![21; pixels]);
        let picture = mean.picture().expect("a picture");
        assert!(picture.pixels().iter().all(|value| *value == 17));
        assert!(Mean::default().picture().is_err(), "the mean of nothing");
    }
}
