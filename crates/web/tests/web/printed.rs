//! What stands on the notice that is printed, read as a reader of PDF reads it: through the fonts' own tables.

use crate::beside::a_part_under_a_cancelled_one;
use crate::gone::paid;
use crate::world::{World, form};
use actix_web::http::StatusCode;
use flate2::read::ZlibDecoder;
use std::collections::BTreeMap;
use std::io::Read;

const ASK: &str = "Có tiền đã đến mà chưa được tính vào phí, hoặc một lần thanh toán chưa có kết quả. Xin hỏi bộ phận \
                   một cửa trước khi nộp.";

/// The letters of each glyph.
type Letters = BTreeMap<u16, String>;

/// Objects by number: what stands before the stream, and the stream as it is read.
struct Objects(BTreeMap<u32, (String, Vec<u8>)>);

impl Objects {
    fn of(pdf: &[u8]) -> Self {
        let mut objects = BTreeMap::new();
        let mut at = 0;
        while let Some(found) = find(&pdf[at..], b" 0 obj") {
            let begins = at + found;
            let digits = pdf[..begins].iter().rev().take_while(|b| b.is_ascii_digit()).count();
            let number = text(&pdf[begins - digits..begins]).parse().unwrap();
            let end = begins + find(&pdf[begins..], b"endobj").unwrap();
            let body = &pdf[begins + 6..end];
            let object = match find(body, b"stream") {
                Some(stream) => (text(&body[..stream]), read(&body[stream + 6..])),
                None => (text(body), Vec::new()),
            };
            objects.insert(number, object);
            at = end;
        }
        Self(objects)
    }

    /// The letters of each font, by the name that pages call it.
    fn fonts(&self) -> BTreeMap<String, Letters> {
        let mut fonts = BTreeMap::new();
        for (body, _) in self.0.values() {
            let words: Vec<&str> = body.split(['/', ' ', '\n', '\r', '<', '>']).filter(|w| !w.is_empty()).collect();
            for named in words.windows(4).filter(|w| w[0].starts_with('f') && w[2..] == ["0", "R"]) {
                let Some((font, _)) = named[1].parse().ok().and_then(|number: u32| self.0.get(&number)) else {
                    continue;
                };
                let table = font.split("/ToUnicode ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
                let Some((_, table)) = table.and_then(|number: u32| self.0.get(&number)) else { continue };
                fonts.insert(named[0].to_owned(), letters(&text(table)));
            }
        }
        fonts
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn read(stream: &[u8]) -> Vec<u8> {
    let begins = stream.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let mut plain = Vec::new();
    let _ = ZlibDecoder::new(&stream[begins..]).read_to_end(&mut plain);
    plain
}

/// `bfchar` and `bfrange` of a table of a font's letters.
fn letters(table: &str) -> Letters {
    let mut letters = Letters::new();
    let mut numbers: Vec<Vec<u16>> = Vec::new();
    for word in table.split_inclusive(['>', '\n']) {
        if let Some((_, hex)) = word.trim_end().strip_suffix('>').and_then(|word| word.rsplit_once('<')) {
            let units = |at: usize| u16::from_str_radix(&hex[at..(at + 4).min(hex.len())], 16).unwrap();
            numbers.push((0..hex.len()).step_by(4).map(units).collect());
        } else if word.contains("beginbf") {
            numbers.clear();
        } else if word.contains("endbfchar") {
            for pair in numbers.chunks_exact(2) {
                letters.insert(pair[0][0], String::from_utf16(&pair[1]).unwrap());
            }
        } else if word.contains("endbfrange") {
            for range in numbers.chunks_exact(3) {
                for (n, glyph) in (range[0][0]..=range[1][0]).enumerate() {
                    let mut units = range[2].clone();
                    *units.last_mut().unwrap() += u16::try_from(n).unwrap();
                    letters.insert(glyph, String::from_utf16(&units).unwrap());
                }
            }
        }
    }
    letters
}

/// All words of a document, a blank between one line and the next.
fn words(pdf: &[u8]) -> String {
    let objects = Objects::of(pdf);
    let fonts = objects.fonts();
    let pages = objects.0.values().map(|(_, stream)| stream).filter(|stream| find(stream, b" Tf").is_some());
    pages.map(|page| written(page, &fonts)).collect::<Vec<_>>().join(" ")
}

fn written(page: &[u8], fonts: &BTreeMap<String, Letters>) -> String {
    let (mut said, mut glyphs, mut last) = (String::new(), Vec::new(), String::new());
    let mut letters = &Letters::new();
    let mut at = 0;
    while at < page.len() {
        match page[at] {
            b'(' => at = literal(page, at + 1, &mut glyphs),
            b'<' if page.get(at + 1) != Some(&b'<') => {
                let end = at + find(&page[at..], b">").unwrap();
                let hex: Vec<u8> = page[at + 1..end].iter().copied().filter(u8::is_ascii_hexdigit).collect();
                glyphs.extend(hex.chunks(2).map(|pair| u8::from_str_radix(&text(pair), 16).unwrap()));
                at = end + 1;
            }
            byte if byte.is_ascii_alphanumeric() || b"/'*".contains(&byte) => {
                let is_of_word = |b: &&u8| b.is_ascii_alphanumeric() || b"'*.".contains(b);
                let length = 1 + page[at + 1..].iter().take_while(is_of_word).count();
                let word = text(&page[at..at + length]);
                at += word.len();
                match word.as_str() {
                    "Tj" | "TJ" => said.extend(glyphs.chunks_exact(2).map(|pair| {
                        letters.get(&u16::from_be_bytes([pair[0], pair[1]])).map_or("\u{fffd}", String::as_str)
                    })),
                    "Tf" => letters = &fonts[&last],
                    "ET" => said.push(' '),
                    _ => {}
                }
                if let Some(name) = word.strip_prefix('/') {
                    name.clone_into(&mut last);
                }
                if word.starts_with(|c: char| c.is_ascii_alphabetic()) {
                    glyphs.clear();
                }
            }
            _ => at += 1,
        }
    }
    said
}

/// The bytes of a string that begins at `at`; where it is over.
fn literal(page: &[u8], mut at: usize, into: &mut Vec<u8>) -> usize {
    let mut depth = 1;
    loop {
        match page[at] {
            b'\\' => {
                at += 1;
                let octal = page[at..].iter().take(3).take_while(|b| (b'0'..=b'7').contains(*b)).count();
                into.push(match page[at] {
                    _ if octal > 0 => u8::from_str_radix(&text(&page[at..at + octal]), 8).unwrap(),
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'f' => 12,
                    other => other,
                });
                at += octal.max(1);
                continue;
            }
            b'(' => depth += 1,
            b')' if depth == 1 => return at + 1,
            b')' => depth -= 1,
            _ => {}
        }
        into.push(page[at]);
        at += 1;
    }
}

async fn notice(world: &World, query: &str) -> String {
    let (status, pdf) = world.raw(&format!("/pay/{}/notice.pdf{query}", world.token)).await;
    assert_eq!(status, StatusCode::OK);
    words(&pdf).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[actix_web::test]
async fn the_notice_says_what_is_owed_and_nothing_of_money_where_none_is_held() {
    let world = World::new().await;
    let printed = notice(&world, "").await;
    for said in ["THÔNG BÁO NỘP TIỀN", "Còn phải nộp", "71.000 ₫", "Quét để mở trang thanh toán"] {
        assert!(printed.contains(said), "{said} is not printed: {printed}");
    }
    assert!(!printed.contains("bộ phận một cửa"), "{printed}");
}

#[actix_web::test]
async fn the_notice_warns_of_money_that_is_held_under_an_earlier_request_before_its_codes() {
    let (world, _) = a_part_under_a_cancelled_one().await;
    for is_on_offer in [false, true] {
        if is_on_offer {
            world.post(&form("testbank", "f2")).await;
        }
        let printed = notice(&world, "").await;
        let codes =
            if is_on_offer { "Quét bằng ứng dụng ngân hàng" } else { "Quét để mở trang thanh toán" };
        assert!(printed.find(ASK).expect(&printed) < printed.find(codes).expect(&printed), "{printed}");
        assert!(!printed.contains("30.000"), "no sum: {printed}");
        let english = notice(&world, "?lang=en").await;
        assert!(english.contains("Please ask the one-stop office before you pay."), "{english}");
    }
}

#[actix_web::test]
async fn the_notice_warns_of_money_that_is_held_under_its_own_request_and_lowers_nothing() {
    let world = paid().await;
    world
        .sql(
            "set session_replication_role = replica;
            update allocation set obligation_id = null, suspense_reason = 'wrong_account' where obligation_id is not null;
            update obligation set status = 'due', version = version + 1;
            update intent set status = 'open', version = version + 1, paid_at = null, paid_channel = null",
        )
        .await;
    let printed = notice(&world, "").await;
    assert!(printed.contains(ASK), "{printed}");
}
