//! Lines of a text file, one by one and within bounds. What they mean is not known here.

use std::io::{self, BufRead, Read};

use super::error::RowFault;

/// Longest line or record that is read, in bytes: far above any caption, far below memory.
pub(super) const MAXIMUM_ROW: usize = 4 * 1024 * 1024;
/// Text files up to this size are counted before they are read, in bytes.
const COUNTED: u64 = 64 * 1024 * 1024;

/// Reads lines with their numbers, from 1. A line that is too long or not UTF-8 is a fault of that
/// line; the next one can be read.
pub(super) struct Lines<R> {
    source: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, number: 0 }
    }

    /// The next line's bytes, or `None` at the end.
    fn read(&mut self) -> io::Result<Option<Result<Vec<u8>, RowFault>>> {
        let mut line = Vec::new();
        let limit = MAXIMUM_ROW as u64 + 1;
        if self
            .source
            .by_ref()
            .take(limit)
            .read_until(b'\n', &mut line)?
            == 0
        {
            return Ok(None);
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        } else if line.len() > MAXIMUM_ROW {
            self.source.skip_until(b'\n')?;
            return Ok(Some(Err(RowFault::LongRow {
                maximum: MAXIMUM_ROW,
            })));
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        if self.number == 0 && line.starts_with(b"\xEF\xBB\xBF") {
            line.drain(..3);
        }
        Ok(Some(Ok(line)))
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = io::Result<(u64, Result<String, RowFault>)>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = match self.read() {
            Ok(line) => line?,
            Err(error) => return Some(Err(error)),
        };
        self.number += 1;
        let text = line.and_then(|line| String::from_utf8(line).map_err(|_| RowFault::NotUtf8));
        Some(Ok((self.number, text)))
    }
}

/// Whether a file is small enough to be counted before it is read.
pub(super) fn is_countable(path: &std::path::Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.len() <= COUNTED)
}

/// How many lines with content a file has; `None` if that is not cheap to know.
pub(super) fn count(path: &std::path::Path) -> Option<u64> {
    if !is_countable(path) {
        return None;
    }
    let source = io::BufReader::new(std::fs::File::open(path).ok()?);
    let mut count = 0;
    for line in Lines::new(source) {
        let (_, line) = line.ok()?;
        count += u64::from(line.map_or(true, |line| !line.trim().is_empty()));
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<(u64, Result<String, RowFault>)> {
        Lines::new(bytes)
            .collect::<io::Result<_>>()
            .expect("bytes can be read")
    }

    #[test]
    fn lines_end_in_either_way_and_a_byte_order_mark_is_dropped() {
        let read = lines(b"\xEF\xBB\xBFa\r\nb\n\nc");
        let expected = [(1, "a"), (2, "b"), (3, ""), (4, "c")];
        assert_eq!(
            read,
            expected.map(|(number, text)| (number, Ok(text.to_owned())))
        );
        assert!(lines(b"").is_empty());
    }

    #[test]
    fn a_bad_line_does_not_hide_the_next() {
        let mut bytes = vec![b'x'; MAXIMUM_ROW + 10];
        bytes.extend(b"\n\xff\xfe\nlast");
        let read = lines(&bytes);
        assert_eq!(
            read[0],
            (
                1,
                Err(RowFault::LongRow {
                    maximum: MAXIMUM_ROW
                })
            )
        );
        assert_eq!(read[1], (2, Err(RowFault::NotUtf8)));
        assert_eq!(read[2], (3, Ok("last".to_owned())));
    }

    #[test]
    fn the_longest_line_is_taken_whole() {
        let mut bytes = vec![b'x'; MAXIMUM_ROW];
        bytes.extend(b"\nlast");
        let read = lines(&bytes);
        assert_eq!(read[0].1.as_ref().map(String::len), Ok(MAXIMUM_ROW));
        assert_eq!(read[1], (2, Ok("last".to_owned())));
    }
}
