//! As much XML as Moodle's files need: elements, attributes, text, CDATA and comments. What it does
//! not know it refuses; it fetches and expands nothing.

use super::ImportError;
use super::html::unescape;

/// Deepest nesting that is read.
const DEEPEST: usize = 64;

/// An element.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Element>,
    /// All text directly within it.
    pub(super) text: String,
    /// The line at which it begins, from 1.
    pub(super) line: usize,
}

impl Element {
    /// The first child of a name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children of a name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// An attribute; empty where there is none.
    pub(super) fn attribute(&self, name: &str) -> &str {
        let known = self.attributes.iter().find(|(known, _)| known == name);
        known.map_or("", |(_, value)| value)
    }

    /// The text of the `text` element within a child, as Moodle has it; empty where there is none.
    pub(super) fn text_of(&self, name: &str) -> &str {
        let child = self.child(name);
        child.map_or("", Self::own_text)
    }

    /// The text of the `text` element within it, else its own.
    pub(super) fn own_text(&self) -> &str {
        let inner = self.child("text").unwrap_or(self);
        inner.text.trim()
    }
}

/// Reads a document; its outermost element comes back.
///
/// # Errors
/// [`ImportError::Line`] for what is no XML, or more of it than is known here.
pub(super) fn read(text: &str) -> Result<Element, ImportError> {
    let mut reader = Reader {
        text,
        at: 0,
        line: 1,
        open: Vec::new(),
        root: None,
    };
    while reader.at < text.len() {
        reader.step()?;
    }
    if let Some(left) = reader.open.last() {
        let fault = format!("the element <{}> is not closed", left.name);
        return Err(ImportError::Line {
            line: left.line,
            fault,
        });
    }
    reader.root.ok_or(ImportError::Empty)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// The line of that place.
    line: usize,
    open: Vec<Element>,
    root: Option<Element>,
}

impl<'a> Reader<'a> {
    fn step(&mut self) -> Result<(), ImportError> {
        let rest = &self.text[self.at..];
        if let Some(inside) = rest.strip_prefix("<!--") {
            let end = inside.find("-->");
            return self.skip(end.map(|end| end + 7), "a comment is not closed");
        }
        if let Some(inside) = rest.strip_prefix("<![CDATA[") {
            let end = inside.find("]]>");
            if let Some(end) = end {
                self.add_text(&inside[..end]);
            }
            return self.skip(end.map(|end| end + 12), "a CDATA section is not closed");
        }
        if let Some(inside) = rest.strip_prefix("<?") {
            let end = inside.find("?>");
            return self.skip(end.map(|end| end + 4), "an instruction is not closed");
        }
        if rest.starts_with("<!") {
            return Err(self.fault("declarations are not read"));
        }
        if rest.starts_with('<') {
            return self.tag(rest);
        }
        let end = rest.find('<').unwrap_or(rest.len());
        let plain = unescape(&rest[..end]);
        if self.open.is_empty() && !plain.trim().is_empty() {
            return Err(self.fault("there is text outside of all elements"));
        }
        self.add_text(&plain);
        self.go_on(end);
        Ok(())
    }

    /// Goes on by so many bytes, if what was looked for is there.
    fn skip(&mut self, bytes: Option<usize>, fault: &str) -> Result<(), ImportError> {
        let bytes = bytes.ok_or_else(|| self.fault(fault))?;
        self.go_on(bytes);
        Ok(())
    }

    fn go_on(&mut self, bytes: usize) {
        let passed = &self.text.as_bytes()[self.at..self.at + bytes];
        self.line += passed.iter().filter(|byte| **byte == b'\n').count();
        self.at += bytes;
    }

    fn tag(&mut self, rest: &'a str) -> Result<(), ImportError> {
        let end = end_of_tag(rest).ok_or_else(|| self.fault("a tag is not closed"))?;
        let inside = &rest[1..end];
        if let Some(name) = inside.strip_prefix('/') {
            self.close(name.trim())?;
        } else {
            let bare = inside.strip_suffix('/');
            let element = self.opened(bare.unwrap_or(inside))?;
            self.open.push(element);
            if self.open.len() > DEEPEST {
                return Err(self.fault("its elements are nested too deeply"));
            }
            if bare.is_some() {
                self.end();
            }
        }
        self.go_on(end + 1);
        Ok(())
    }

    /// The element that a tag opens.
    fn opened(&self, inside: &str) -> Result<Element, ImportError> {
        let (name, mut rest) = match inside.find(char::is_whitespace) {
            Some(end) => (&inside[..end], inside[end..].trim()),
            None => (inside, ""),
        };
        if name.is_empty() || !name.starts_with(|sign: char| sign.is_alphabetic() || sign == '_') {
            return Err(self.fault("a tag has no name"));
        }
        let mut element = Element {
            name: name.to_owned(),
            line: self.line,
            ..Element::default()
        };
        while !rest.is_empty() {
            let broken = || self.fault("an attribute is not name=\"value\"");
            let (name, after) = rest.split_once('=').ok_or_else(broken)?;
            let after = after.trim_start();
            let quote = after
                .chars()
                .next()
                .filter(|sign| matches!(sign, '"' | '\''));
            let quote = quote.ok_or_else(broken)?;
            let (value, after) = after[1..].split_once(quote).ok_or_else(broken)?;
            let attribute = (name.trim().to_owned(), unescape(value));
            element.attributes.push(attribute);
            rest = after.trim_start();
        }
        Ok(element)
    }

    fn close(&mut self, name: &str) -> Result<(), ImportError> {
        if self.open.last().is_none_or(|open| open.name != name) {
            return Err(self.fault(&format!("</{name}> closes nothing that is open")));
        }
        self.end();
        Ok(())
    }

    /// Puts the innermost element into the one around it.
    fn end(&mut self) {
        let Some(element) = self.open.pop() else {
            return;
        };
        match self.open.last_mut() {
            Some(outer) => outer.children.push(element),
            None => self.root = self.root.take().or(Some(element)),
        }
    }

    fn add_text(&mut self, text: &str) {
        if let Some(element) = self.open.last_mut() {
            element.text.push_str(text);
        }
    }

    fn fault(&self, fault: &str) -> ImportError {
        ImportError::Line {
            line: self.line,
            fault: fault.to_owned(),
        }
    }
}

/// The place of the `>` that closes a tag: not one within quotation marks.
fn end_of_tag(rest: &str) -> Option<usize> {
    let mut quote = None;
    for (place, sign) in rest.char_indices() {
        match (quote, sign) {
            (Some(open), sign) if open == sign => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(sign),
            (None, '>') => return Some(place),
            (None, _) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_attributes_and_all_kinds_of_text_are_read() {
        let text = "<?xml version=\"1.0\"?>\n<!-- <no> -->\n<quiz a='1 > 0' b=\"&lt;\">\n\
            <question><text>x &amp; <![CDATA[<p>y</p>]]></text></question><empty/></quiz>\n";
        let quiz = read(text).expect("it is XML");
        assert_eq!((quiz.name.as_str(), quiz.line), ("quiz", 3));
        assert_eq!(quiz.attribute("a"), "1 > 0");
        assert_eq!(quiz.attribute("b"), "<");
        assert_eq!(quiz.attribute("c"), "");
        assert_eq!(quiz.text_of("question"), "x & <p>y</p>");
        assert_eq!(quiz.all("question").count(), 1);
        assert!(
            quiz.child("empty")
                .is_some_and(|empty| empty.children.is_empty())
        );
    }

    #[test]
    fn what_is_no_xml_is_refused_with_its_line() {
        for (text, line, said) in [
            ("<a>\n<b></a>", 2, "closes nothing"),
            ("<a>\n\n<b>", 3, "not closed"),
            ("<a b></a>", 1, "attribute"),
            ("<a b=c></a>", 1, "attribute"),
            ("text", 1, "outside"),
            ("<a><!-- x", 1, "comment"),
            ("<a", 1, "tag"),
            ("<!DOCTYPE a [<!ENTITY x \"y\">]><a/>", 1, "declarations"),
            ("<></>", 1, "no name"),
        ] {
            let error = read(text).expect_err(text).to_string();
            assert!(
                error.starts_with(&format!("Line {line}:")),
                "{text}: {error}"
            );
            assert!(error.contains(said), "{text}: {error}");
        }
        assert!(matches!(read(" \n"), Err(ImportError::Empty)));
        let deep = "<a>".repeat(1_000);
        assert!(read(&deep).is_err());
    }
}
