//! In which form the weights of a GGUF file are, told by its header. The weights are not read, and
//! whether the file can be loaded is decided by the library that loads it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::Path;

/// Forms of tensors by their number in a file.
const FORMS: &[(u32, &str)] = &[
    (0, "F32"),
    (1, "F16"),
    (2, "Q4_0"),
    (3, "Q4_1"),
    (6, "Q5_0"),
    (7, "Q5_1"),
    (8, "Q8_0"),
    (10, "Q2_K"),
    (11, "Q3_K"),
    (12, "Q4_K"),
    (13, "Q5_K"),
    (14, "Q6_K"),
    (15, "Q8_K"),
    (30, "BF16"),
];

/// The first version whose lengths have 64 bits.
const FIRST_VERSION: u32 = 2;
/// Kinds of values that have no length of their own.
const TEXT: u32 = 8;
const ARRAY: u32 = 9;

/// The form that most weights of a file are in, such as `Q8_0`.
///
/// # Errors
/// The file can't be read, or its header is none.
pub(super) fn form(path: &Path) -> io::Result<String> {
    Header(BufReader::new(File::open(path)?)).form()
}

/// A file that is read from its beginning on.
struct Header<R>(R);

impl<R: Read> Header<R> {
    fn form(mut self) -> io::Result<String> {
        let magic: [u8; 4] = self.bytes()?;
        if magic != *b"GGUF" || self.short()? < FIRST_VERSION {
            return Err(malformed("it is no GGUF file of version 2 or later"));
        }
        let (tensors, fields) = (self.long()?, self.long()?);
        for _ in 0..fields {
            self.skip_text()?;
            let kind = self.short()?;
            self.skip_value(kind)?;
        }
        let mut weights: BTreeMap<u32, u64> = BTreeMap::new();
        for _ in 0..tensors {
            let (form, count) = self.tensor()?;
            let sum = weights.entry(form).or_default();
            *sum = sum.saturating_add(count);
        }
        let most = weights.into_iter().max_by_key(|(_, count)| *count);
        let (form, _) = most.ok_or_else(|| malformed("it has no tensors"))?;
        let known = FORMS.iter().find(|(number, _)| *number == form);
        Ok(known.map_or_else(|| format!("form {form}"), |(_, name)| (*name).to_owned()))
    }

    /// The form of a tensor and how many weights it has.
    fn tensor(&mut self) -> io::Result<(u32, u64)> {
        self.skip_text()?;
        let mut count = 1_u64;
        for _ in 0..self.short()? {
            count = count.saturating_mul(self.long()?);
        }
        let form = self.short()?;
        // Where it lies.
        self.long()?;
        Ok((form, count))
    }

    fn skip_value(&mut self, kind: u32) -> io::Result<()> {
        match kind {
            TEXT => self.skip_text(),
            ARRAY => {
                let (kind, count) = (self.short()?, self.long()?);
                if kind == TEXT {
                    return (0..count).try_for_each(|_| self.skip_text());
                }
                self.skip(bytes_of(kind)?.saturating_mul(count))
            }
            _ => self.skip(bytes_of(kind)?),
        }
    }

    fn skip_text(&mut self) -> io::Result<()> {
        let length = self.long()?;
        self.skip(length)
    }

    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        let skipped = io::copy(&mut self.0.by_ref().take(bytes), &mut io::sink())?;
        if skipped < bytes {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    fn short(&mut self) -> io::Result<u32> {
        self.bytes().map(u32::from_le_bytes)
    }

    fn long(&mut self) -> io::Result<u64> {
        self.bytes().map(u64::from_le_bytes)
    }

    fn bytes<const COUNT: usize>(&mut self) -> io::Result<[u8; COUNT]> {
        let mut bytes = [0; COUNT];
        self.0.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

/// Bytes of a value of this kind.
fn bytes_of(kind: u32) -> io::Result<u64> {
    match kind {
        0 | 1 | 7 => Ok(1),
        2 | 3 => Ok(2),
        4..=6 => Ok(4),
        10..=12 => Ok(8),
        _ => Err(malformed("it has a value of a kind that is not known")),
    }
}

fn malformed(reason: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &mut Vec<u8>, text: &str) {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    }

    fn shorts(bytes: &mut Vec<u8>, numbers: &[u32]) {
        for number in numbers {
            bytes.extend(number.to_le_bytes());
        }
    }

    fn longs(bytes: &mut Vec<u8>, numbers: &[u64]) {
        for number in numbers {
            bytes.extend(number.to_le_bytes());
        }
    }

    /// A header with a value of each shape and these tensors of two sides.
    fn header(tensors: &[(u32, [u64; 2])]) -> Vec<u8> {
        let mut bytes = b"GGUF".to_vec();
        shorts(&mut bytes, &[3]);
        longs(&mut bytes, &[tensors.len() as u64, 4]);
        text(&mut bytes, "name");
        shorts(&mut bytes, &[TEXT]);
        text(&mut bytes, "tiny");
        text(&mut bytes, "words");
        shorts(&mut bytes, &[ARRAY, TEXT]);
        longs(&mut bytes, &[2]);
        text(&mut bytes, "a");
        text(&mut bytes, "bc");
        text(&mut bytes, "scores");
        shorts(&mut bytes, &[ARRAY, 6]);
        longs(&mut bytes, &[3]);
        shorts(&mut bytes, &[0, 0, 0]);
        text(&mut bytes, "yes");
        shorts(&mut bytes, &[7]);
        bytes.push(1);
        for (form, sides) in tensors {
            text(&mut bytes, "weight");
            shorts(&mut bytes, &[2]);
            longs(&mut bytes, sides);
            shorts(&mut bytes, &[*form]);
            longs(&mut bytes, &[0]);
        }
        bytes
    }

    fn told(bytes: &[u8]) -> io::Result<String> {
        Header(bytes).form()
    }

    #[test]
    fn the_form_of_most_weights_is_told() {
        let tensors = [(0, [64, 2]), (0, [64, 2]), (8, [64, 8]), (3, [32, 8])];
        assert_eq!(told(&header(&tensors)).expect("a header"), "Q8_0");
        let unknown = told(&header(&[(99, [1, 1])]));
        assert_eq!(unknown.expect("a header"), "form 99");
    }

    #[test]
    fn what_is_no_header_is_an_error() {
        let whole = header(&[(8, [64, 8])]);
        for bytes in [
            &whole[..whole.len() - 1],
            &b"GGUF"[..],
            b"PK\x03\x04 is a zip",
        ] {
            assert!(told(bytes).is_err());
        }
        let none = told(&header(&[])).expect_err("no tensors");
        assert!(none.to_string().contains("no tensors"), "{none}");
        assert!(form(Path::new("no/such/file.gguf")).is_err());
    }
}
