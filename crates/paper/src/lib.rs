//! Paper: pages of A4 as PDF, with the letters of Vietnamese inside, so that what is printed can be selected and searched
//! too. Text, rules and QR codes at places given in whole points; no float is reckoned with, they are only what the library
//! is told. What stands on a page is its caller's.

pub mod table;

use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::text::{Font, TextDirection};
use qrcode::{Color, EcLevel, QrCode};

/// Noto Sans 2.004 (SIL Open Font License 1.1, fonts/OFL.txt), the letters of Vietnamese only.
const REGULAR: &[u8] = include_bytes!("../fonts/NotoSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../fonts/NotoSans-Bold.ttf");

/// A4 in points.
pub const SHORT: u16 = 595;
pub const LONG: u16 = 842;
/// What is left free at either side.
pub const LEFT: u16 = 56;
/// Where text ends on an upright page.
pub const RIGHT: u16 = SHORT - LEFT;
/// Where text ends on a page that lies.
pub const WIDE_RIGHT: u16 = LONG - LEFT;

/// A document of any number of pages.
pub struct Paper {
    document: Document,
    faces: Faces,
}

struct Faces {
    regular: Face,
    bold: Face,
}

impl Paper {
    /// `language` is a tag such as `vi`. None where the fonts cannot be read, which a test excludes.
    pub fn new(title: &str, language: &str) -> Option<Self> {
        let mut document = Document::new();
        document.set_metadata(Metadata::new().title(title.to_owned()).language(language.to_owned()));
        Some(Self { document, faces: Faces { regular: Face::new(REGULAR)?, bold: Face::new(BOLD)? } })
    }

    /// One more page, upright.
    pub fn upright(&mut self, write: impl FnOnce(&mut Sheet<'_>) -> Option<()>) -> Option<()> {
        self.page((SHORT, LONG), RIGHT, write)
    }

    /// One more page that lies, for tables.
    pub fn lying(&mut self, write: impl FnOnce(&mut Sheet<'_>) -> Option<()>) -> Option<()> {
        self.page((LONG, SHORT), WIDE_RIGHT, write)
    }

    fn page(
        &mut self,
        (width, height): (u16, u16),
        right: u16,
        write: impl FnOnce(&mut Sheet<'_>) -> Option<()>,
    ) -> Option<()> {
        let size = PageSettings::from_wh(f32::from(width), f32::from(height))?;
        let mut page = self.document.start_page_with(size);
        let mut sheet = Sheet { surface: page.surface(), faces: &self.faces, right };
        let written = write(&mut sheet);
        drop(sheet);
        page.finish();
        written
    }

    /// The whole document.
    pub fn bytes(self) -> Option<Vec<u8>> {
        self.document.finish().ok()
    }
}

/// A page while it is written on.
pub struct Sheet<'a> {
    surface: Surface<'a>,
    faces: &'a Faces,
    right: u16,
}

/// A font, and how wide its letters are.
struct Face {
    font: Font,
    metrics: ttf_parser::Face<'static>,
}

impl Face {
    fn new(data: &'static [u8]) -> Option<Self> {
        Some(Self { font: Font::new(data.into(), 0)?, metrics: ttf_parser::Face::parse(data, 0).ok()? })
    }

    /// In points, rounded up; kerning only makes it less.
    fn width(&self, text: &str, size: u16) -> u16 {
        let advance = |c| self.metrics.glyph_index(c).and_then(|glyph| self.metrics.glyph_hor_advance(glyph));
        let units: u32 = text.chars().map(|c| u32::from(advance(c).unwrap_or(600))).sum();
        let points = (units * u32::from(size)).div_ceil(u32::from(self.metrics.units_per_em()));
        u16::try_from(points).unwrap_or(u16::MAX)
    }
}

impl Faces {
    const fn of(&self, is_bold: bool) -> &Face {
        if is_bold { &self.bold } else { &self.regular }
    }
}

impl<'a> Sheet<'a> {
    const fn face(&self, is_bold: bool) -> &'a Face {
        self.faces.of(is_bold)
    }

    /// Begins at `x`; `y` is its base line.
    pub fn line(&mut self, x: u16, y: u16, size: u16, is_bold: bool, text: &str) {
        let font = self.face(is_bold).font.clone();
        self.ink();
        let start = Point::from_xy(f32::from(x), f32::from(y));
        self.surface.draw_text(start, font, f32::from(size), text, false, TextDirection::LeftToRight);
    }

    /// Ends at `x`.
    pub fn right(&mut self, x: u16, y: u16, size: u16, is_bold: bool, text: &str) {
        let width = self.face(is_bold).width(text, size);
        self.line(x.saturating_sub(width), y, size, is_bold, text);
    }

    /// At most `most` lines no wider than `width`; what is left out is shown by an ellipsis.
    pub fn wrapped(&self, text: &str, size: u16, is_bold: bool, width: u16, most: usize) -> Vec<String> {
        let face = self.face(is_bold);
        let fits = |line: &str| face.width(line, size) <= width;
        let mut lines: Vec<String> = Vec::new();
        for word in text.split_whitespace() {
            match lines.last_mut() {
                Some(line) if fits(&format!("{line} {word}")) => *line = format!("{line} {word}"),
                _ => lines.push(word.to_owned()),
            }
        }
        let is_cut = lines.len() > most;
        lines.truncate(most);
        for (n, line) in lines.iter_mut().enumerate() {
            let ends = is_cut && n + 1 == most;
            while !fits(line) || (ends && !fits(&format!("{line}…"))) {
                line.pop();
            }
            if ends {
                line.push('…');
            }
        }
        lines
    }

    /// From margin to margin.
    pub fn rule(&mut self, y: u16, thickness: u16) {
        self.fill_rects([(LEFT, y, self.right - LEFT, thickness)]);
    }

    /// How wide a text is, in points.
    pub fn width(&self, text: &str, size: u16, is_bold: bool) -> u16 {
        self.face(is_bold).width(text, size)
    }

    /// A QR with its quiet zone, as large as whole points allow within `side`.
    pub fn code(&mut self, text: &str, x: u16, y: u16, side: u16) -> Option<()> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let width = u16::try_from(code.width()).ok()?;
        let dot = (side / (width + 8)).max(1);
        let colours = code.to_colors();
        let dark = colours.iter().zip(0u16..).filter(|(colour, _)| **colour == Color::Dark);
        self.fill_rects(dark.map(|(_, at)| (x + at % width * dot, y + (at / width + 2) * dot, dot, dot)));
        Some(())
    }

    /// Black areas: x, y, width and height of each.
    pub fn fill_rects(&mut self, rects: impl IntoIterator<Item = (u16, u16, u16, u16)>) {
        let mut path = PathBuilder::new();
        for (x, y, width, height) in rects {
            let [x, y, width, height] = [x, y, width, height].map(f32::from);
            if let Some(rect) = Rect::from_xywh(x, y, width, height) {
                path.push_rect(rect);
            }
        }
        self.ink();
        if let Some(path) = path.finish() {
            self.surface.draw_path(&path);
        }
    }

    fn ink(&mut self) {
        self.surface.set_fill(Some(Fill { paint: rgb::Color::new(20, 24, 28).into(), ..Fill::default() }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_has_every_letter_of_vietnamese() {
        let letters = "aàáảãạăằắẳẵặâầấẩẫậeèéẻẽẹêềếểễệiìíỉĩịoòóỏõọôồốổỗộơờớởỡợuùúủũụưừứửữựyỳýỷỹỵđ₫–…×·'\"";
        let face = Face::new(REGULAR).expect("a font");
        for letter in letters.chars().chain(letters.to_uppercase().chars()) {
            assert!(face.metrics.glyph_index(letter).is_some(), "{letter}");
        }
    }
}
