//! Where the parts of a panel stand, in pixels. Nothing is drawn here.

use super::super::letters::Letters;
use super::{Column, WIDTH};

/// Height of a line: its letters have an em of 1/25 of the panel's width and can be read at half
/// of it, on a phone.
const LINE: f32 = 38.0;
/// Height of a column's letter.
const LARGE: f32 = 64.0;
const MARGIN: u32 = 16;
const COLUMN: u32 = (WIDTH - 3 * MARGIN) / 2;
/// Side of the square behind a column's letter.
const BADGE: u32 = 84;
const PICTURE: u32 = COLUMN * 3 / 4;
const CAPTION: u32 = 44;
/// Room on each side of a label on its ground.
const PADDING: u32 = 6;

/// What stands at the foot of every panel.
const FOOT: &str = "For study, not for diagnosis";
/// In place of a title that the font can't write.
const ELSEWHERE: &str = "see the text";
/// In a column without pictures.
const NOTHING: &str = "nothing found";

/// A rectangle within the panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// What something is drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shade {
    Ground,
    Light,
    Dark,
}

/// A part of the panel. Later parts lie above earlier ones.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item {
    Fill {
        area: Area,
        shade: Shade,
    },
    Text {
        area: Area,
        size: f32,
        text: String,
        shade: Shade,
    },
    /// A cell's picture, letterboxed.
    Picture {
        area: Area,
        column: usize,
        cell: usize,
    },
}

/// All parts, and how high the panel is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    pub(super) height: u32,
    pub(super) items: Vec<Item>,
}

impl Layout {
    pub(super) fn of(columns: &[Column; 2], letters: &Letters) -> Self {
        let rows = columns.iter().map(|column| column.cells.len()).max();
        let rows = u32::try_from(rows.unwrap_or_default().max(1)).unwrap_or(1);
        let head = MARGIN + BADGE + MARGIN;
        let foot = head + rows * (PICTURE + CAPTION + MARGIN);
        let mut layout = Self {
            height: foot + CAPTION + MARGIN,
            items: Vec::new(),
        };
        for (number, column) in columns.iter().enumerate() {
            let left = if number == 0 {
                MARGIN
            } else {
                2 * MARGIN + COLUMN
            };
            layout.add_head(letters, column, left, number == 0);
            layout.add_cells(letters, column, number, (left, head));
        }
        layout.add_text(letters, FOOT, (MARGIN, foot), WIDTH - 2 * MARGIN, LINE);
        layout
    }

    /// The column's letter and title. The badge of A is filled and that of B framed, so that they
    /// differ also where both letters are too small to read.
    fn add_head(&mut self, letters: &Letters, column: &Column, left: u32, is_filled: bool) {
        let badge = Area {
            left,
            top: MARGIN,
            width: BADGE,
            height: BADGE,
        };
        let shade = if is_filled { Shade::Dark } else { Shade::Light };
        self.items.push(Item::Fill {
            area: badge,
            shade: Shade::Light,
        });
        if !is_filled {
            self.items.push(Item::Fill {
                area: inset(badge, PADDING),
                shade: Shade::Ground,
            });
        }
        let letter = column.letter.to_string();
        let width = letters.width(&letter, LARGE).ceil() as u32;
        let area = Area {
            left: left + BADGE.saturating_sub(width) / 2,
            top: MARGIN + (BADGE - LARGE as u32) / 2,
            width,
            height: LARGE as u32,
        };
        self.items.push(Item::Text {
            area,
            size: LARGE,
            text: letter,
            shade,
        });
        let title = one_line(&column.title);
        let title = if letters.can_write(&title) {
            title.as_str()
        } else {
            ELSEWHERE
        };
        let room = COLUMN - BADGE - MARGIN;
        let lines = two_lines(letters, title, room as f32);
        let height = LINE.ceil() as u32;
        let all = height * u32::try_from(lines.len()).unwrap_or(1);
        let mut top = MARGIN + BADGE.saturating_sub(all) / 2;
        for line in lines {
            self.add_text(letters, &line, (left + BADGE + MARGIN, top), room, LINE);
            top += height;
        }
    }

    fn add_cells(
        &mut self,
        letters: &Letters,
        column: &Column,
        number: usize,
        (left, mut top): (u32, u32),
    ) {
        if column.cells.is_empty() {
            self.add_text(letters, NOTHING, (left, top), COLUMN, LINE);
        }
        for (place, cell) in column.cells.iter().enumerate() {
            let area = Area {
                left,
                top,
                width: COLUMN,
                height: PICTURE,
            };
            self.items.push(Item::Fill {
                area,
                shade: Shade::Dark,
            });
            self.items.push(Item::Picture {
                area,
                column: number,
                cell: place,
            });
            let label = letters.fitted(&cell.label, LINE, COLUMN as f32 / 2.0);
            let width = letters.width(&label, LINE).ceil() as u32;
            let ground = Area {
                width: width + 2 * PADDING,
                height: CAPTION,
                ..area
            };
            self.items.push(Item::Fill {
                area: ground,
                shade: Shade::Ground,
            });
            let at = (left + PADDING, top + 2);
            self.add_text(letters, &label, at, width + PADDING, LINE);
            let at = (left, top + PICTURE + 2);
            self.add_text(letters, &cell.kind, at, COLUMN, LINE);
            top += PICTURE + CAPTION + MARGIN;
        }
    }

    /// A line of text in light letters, cut to its room. What the font can't write is left out.
    fn add_text(
        &mut self,
        letters: &Letters,
        text: &str,
        (left, top): (u32, u32),
        room: u32,
        size: f32,
    ) {
        let text = letters.fitted(text, size, room as f32);
        if text.is_empty() || !letters.can_write(&text) {
            return;
        }
        let area = Area {
            left,
            top,
            width: letters.width(&text, size).ceil() as u32,
            height: size.ceil() as u32,
        };
        self.items.push(Item::Text {
            area,
            size,
            text,
            shade: Shade::Light,
        });
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A title on one line, or on two that break between words; the second is cut to its room later.
fn two_lines(letters: &Letters, title: &str, room: f32) -> Vec<String> {
    if letters.width(title, LINE) <= room {
        return vec![title.to_owned()];
    }
    let mut first = String::new();
    let mut words = title.split(' ').peekable();
    while let Some(word) = words.peek() {
        let longer = if first.is_empty() {
            (*word).to_owned()
        } else {
            format!("{first} {word}")
        };
        if letters.width(&longer, LINE) > room {
            break;
        }
        first = longer;
        words.next();
    }
    let rest = words.collect::<Vec<_>>().join(" ");
    if first.is_empty() {
        return vec![rest];
    }
    vec![first, rest]
}

fn inset(area: Area, by: u32) -> Area {
    Area {
        left: area.left + by,
        top: area.top + by,
        width: area.width.saturating_sub(2 * by),
        height: area.height.saturating_sub(2 * by),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::Cell;

    fn columns(title: &str, kind: &str, cells: [usize; 2]) -> [Column; 2] {
        let column = |letter: char, cells: usize| Column {
            letter,
            title: title.to_owned(),
            cells: (1..=cells)
                .map(|place| Cell {
                    label: format!("{letter}{place}"),
                    kind: kind.to_owned(),
                    picture: Vec::new(),
                })
                .collect(),
        };
        [column('A', cells[0]), column('B', cells[1])]
    }

    fn area(item: &Item) -> Area {
        match item {
            Item::Fill { area, .. } | Item::Text { area, .. } | Item::Picture { area, .. } => *area,
        }
    }

    #[test]
    fn nothing_stands_outside_its_column_however_long_the_words_are() {
        let letters = Letters::load().expect("the bundled font");
        for words in ["", "W", "chest X-ray", &"WWWW ".repeat(400), "صورة شعاعية"] {
            let layout = Layout::of(&columns(words, words, [3, 1]), &letters);
            for item in &layout.items {
                let area = area(item);
                assert!(area.left + area.width <= WIDTH - MARGIN, "{item:?}");
                assert!(area.left >= MARGIN && area.top >= MARGIN, "{item:?}");
                assert!(area.top + area.height <= layout.height, "{item:?}");
                let is_left = area.left < MARGIN + COLUMN;
                let is_foot = matches!(item, Item::Text { text, .. } if text == FOOT);
                if is_left && !is_foot {
                    assert!(area.left + area.width <= MARGIN + COLUMN, "{item:?}");
                }
            }
        }
    }

    #[test]
    fn letters_are_large_enough_for_half_the_width() {
        let letters = Letters::load().expect("the bundled font");
        let layout = Layout::of(&columns("chest", "X-ray", [2, 2]), &letters);
        // The em of the font is 2048 of the 2384 units that a line is high.
        let em = |size: f32| size * 2048.0 / 2384.0;
        for item in &layout.items {
            if let Item::Text { size, .. } = item {
                assert!(em(*size) >= WIDTH as f32 / 25.0, "{item:?}");
            }
        }
    }

    #[test]
    fn both_columns_are_named_and_every_picture_is_numbered() {
        let letters = Letters::load().expect("the bundled font");
        let layout = Layout::of(&columns("chest", "X-ray", [3, 2]), &letters);
        let texts: Vec<&str> = layout
            .items
            .iter()
            .filter_map(|item| match item {
                Item::Text { text, .. } => Some(text.as_str()),
                _ => None,
            })
            .collect();
        for text in ["A", "B", "A1", "A3", "B2", "chest", "X-ray", FOOT] {
            assert!(texts.contains(&text), "{text} in {texts:?}");
        }
        assert!(!texts.contains(&"B3"));
        let empty = Layout::of(&columns("chest", "X-ray", [1, 0]), &letters);
        let says_so = |item: &Item| matches!(item, Item::Text { text, .. } if text == NOTHING);
        assert!(empty.items.iter().any(says_so));
    }

    #[test]
    fn a_long_title_goes_on_a_second_line() {
        let letters = Letters::load().expect("the bundled font");
        let title = "same finding, other patients";
        let lines = two_lines(&letters, title, 276.0);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines.join(" "), title);
        assert_eq!(two_lines(&letters, "one", 276.0), ["one"]);
        assert_eq!(two_lines(&letters, &"W".repeat(99), 276.0).len(), 1);
    }

    #[test]
    fn a_title_that_can_not_be_written_leads_to_the_text() {
        let letters = Letters::load().expect("the bundled font");
        let layout = Layout::of(&columns("صورة", "", [1, 1]), &letters);
        let leads = |item: &Item| matches!(item, Item::Text { text, .. } if text == ELSEWHERE);
        assert!(layout.items.iter().any(leads));
    }
}
