//! Random access into a tar archive: its headers are read once, its files by offset as they are
//! asked for. What the files hold is not known here.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::error::{ReadError, RowFault};
use super::paths;
use crate::media::MAXIMUM_BYTES;

/// An archive with the places of its files.
pub(super) struct TarIndex {
    file: File,
    length: u64,
    entries: HashMap<PathBuf, Extent>,
    /// Whether the headers end in the middle, so that files may be missing.
    cut_off: bool,
}

#[derive(Debug, Clone, Copy)]
struct Extent {
    offset: u64,
    size: u64,
}

impl TarIndex {
    /// Reads the headers. Links, folders and names that lead out of the archive are left out.
    ///
    /// # Errors
    /// [`ReadError::Missing`], [`ReadError::Unreadable`], or [`ReadError::Unusable`] if it is no
    /// tar archive. One that is cut off can be opened.
    pub(super) fn open(path: &Path) -> Result<Self, ReadError> {
        let file = File::open(path).map_err(|error| ReadError::of_path(path, error))?;
        let length = file
            .metadata()
            .map_err(|error| ReadError::of_path(path, error))?
            .len();
        let mut archive = tar::Archive::new(file);
        let mut entries = HashMap::new();
        let read = read_headers(&mut archive, &mut entries);
        let unusable = |reason: String| ReadError::Unusable {
            path: path.to_owned(),
            reason,
        };
        match &read {
            Err(error) if entries.is_empty() => {
                return Err(unusable(format!("it is no tar archive ({error})")));
            }
            Ok(()) if entries.is_empty() => {
                return Err(unusable("the archive holds no files".to_owned()));
            }
            _ => {}
        }
        let beyond = |extent: &Extent| extent.offset.saturating_add(extent.size) > length;
        let cut_off = read.is_err() || entries.values().any(beyond);
        Ok(Self {
            file: archive.into_inner(),
            length,
            entries,
            cut_off,
        })
    }

    /// Reads one file.
    ///
    /// # Errors
    /// [`RowFault`] if the name leads out of the archive, is not in it, or the file is empty, too
    /// large or cut off.
    pub(super) fn read(&mut self, name: &str) -> Result<Vec<u8>, RowFault> {
        let Some(&Extent { offset, size }) = self.entries.get(&paths::relative(name)?) else {
            let name = name.to_owned();
            let fault = if self.cut_off {
                RowFault::CutOff
            } else {
                RowFault::MissingPicture
            };
            return Err(fault(name));
        };
        if offset.saturating_add(size) > self.length {
            return Err(RowFault::CutOff(name.to_owned()));
        }
        check_size(name, size)?;
        let io = |error: std::io::Error| RowFault::Io(error.to_string());
        self.file.seek(SeekFrom::Start(offset)).map_err(io)?;
        let mut bytes = Vec::new();
        (&self.file)
            .take(size)
            .read_to_end(&mut bytes)
            .map_err(io)?;
        if bytes.len() as u64 == size {
            Ok(bytes)
        } else {
            Err(RowFault::CutOff(name.to_owned()))
        }
    }
}

/// Refuses pictures that are empty or larger than Mirage looks at.
pub(super) fn check_size(name: &str, bytes: u64) -> Result<(), RowFault> {
    let maximum = MAXIMUM_BYTES as u64;
    match bytes {
        0 => Err(RowFault::EmptyPicture(name.to_owned())),
        bytes if bytes > maximum => Err(RowFault::LargePicture { bytes, maximum }),
        _ => Ok(()),
    }
}

fn read_headers(
    archive: &mut tar::Archive<File>,
    entries: &mut HashMap<PathBuf, Extent>,
) -> std::io::Result<()> {
    for entry in archive.entries_with_seek()? {
        let entry = entry?;
        let regular = matches!(
            entry.header().entry_type(),
            tar::EntryType::Regular | tar::EntryType::Continuous
        );
        let name = entry.path_bytes();
        let name = std::str::from_utf8(&name)
            .ok()
            .and_then(|name| paths::relative(name).ok());
        if let Some(name) = name.filter(|_| regular) {
            entries.insert(
                name,
                Extent {
                    offset: entry.raw_file_position(),
                    size: entry.size(),
                },
            );
        }
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use std::fs;

    use super::*;

    /// Writes an archive of files in the order given. Names are written as they are, even those
    /// that the `tar` crate would refuse.
    pub(in crate::atlas::readers) fn write_tar(path: &Path, files: &[(&str, &[u8])]) {
        let mut builder = tar::Builder::new(File::create(path).expect("a file"));
        for (name, content) in files {
            let mut header = tar::Header::new_ustar();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            builder.append(&header, *content).expect("a file");
        }
        builder.finish().expect("a file");
    }

    #[test]
    fn files_are_read_in_any_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.tar");
        let large = vec![7; 5000];
        write_tar(
            &path,
            &[("./a.jpg", b"first"), ("in/b.jpg", &large), ("c.jpg", b"")],
        );
        let mut index = TarIndex::open(&path).expect("an archive");
        assert_eq!(index.read("in/b.jpg"), Ok(large));
        assert_eq!(index.read("a.jpg"), Ok(b"first".to_vec()));
        assert_eq!(
            index.read("c.jpg"),
            Err(RowFault::EmptyPicture("c.jpg".to_owned()))
        );
        assert_eq!(
            index.read("d.jpg"),
            Err(RowFault::MissingPicture("d.jpg".to_owned()))
        );
    }

    #[test]
    fn names_that_lead_out_and_links_are_not_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.tar");
        write_tar(
            &path,
            &[("../a.jpg", b"x"), ("/b.jpg", b"x"), ("c.jpg", b"x")],
        );
        let mut index = TarIndex::open(&path).expect("an archive");
        for name in ["../a.jpg", "/b.jpg"] {
            assert_eq!(index.read(name), Err(RowFault::UnsafePath(name.to_owned())));
        }
        assert_eq!(
            index.read("b.jpg"),
            Err(RowFault::MissingPicture("b.jpg".to_owned()))
        );
        assert_eq!(index.read("c.jpg"), Ok(b"x".to_vec()));
        let mut builder = tar::Builder::new(File::create(&path).expect("a file"));
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        builder
            .append_link(&mut header, "l.jpg", "/etc/passwd")
            .expect("a link");
        builder.finish().expect("a file");
        let error = TarIndex::open(&path).err().expect("nothing is in it");
        assert!(error.to_string().contains("holds no files"), "{error}");
    }

    #[test]
    fn of_a_cut_off_archive_the_first_files_can_be_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.tar");
        write_tar(
            &path,
            &[
                ("a.jpg", &[1; 600]),
                ("b.jpg", &[2; 600]),
                ("c.jpg", &[3; 600]),
            ],
        );
        let whole = fs::read(&path).expect("a file");
        // a.jpg takes 512 + 1024 bytes: cut inside the content of b.jpg, then inside its header.
        for length in [512 + 1024 + 512 + 100, 512 + 1024 + 100] {
            fs::write(&path, &whole[..length]).expect("a file");
            let mut index = TarIndex::open(&path).expect("it begins well");
            assert_eq!(index.read("a.jpg"), Ok(vec![1; 600]));
            for name in ["b.jpg", "c.jpg"] {
                assert_eq!(
                    index.read(name),
                    Err(RowFault::CutOff(name.to_owned())),
                    "{length}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_archive_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.tar");
        for content in [
            b"no archive at all".repeat(100),
            b"short".to_vec(),
            Vec::new(),
        ] {
            fs::write(&path, content).expect("a file");
            assert!(matches!(
                TarIndex::open(&path),
                Err(ReadError::Unusable { .. })
            ));
        }
        let missing = TarIndex::open(&folder.path().join("b.tar"));
        assert!(matches!(missing, Err(ReadError::Missing { .. })));
    }
}
