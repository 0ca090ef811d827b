//! Codes are found in what banks make of them, and nothing else is: the project's vectors, properties, and texts whose
//! truth is known because they are made here. Shapes: "Bank transfer protocol facts", section 1.4. Names are invented.

use domain::mode::Mode;
use domain::reference::Reference;
use domain::reference_text::{Found, find};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::Instant;

const ALPHABET: &[u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";

// --- the project's vectors ---

#[derive(serde::Deserialize)]
struct Vectors {
    valid_codes: Vec<String>,
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    id: String,
    content: String,
    /// A code, `none` or `ambiguous`.
    expect: String,
}

#[test]
fn every_vector_is_read_as_it_says() {
    let vectors: Vectors =
        serde_json::from_str(include_str!("vectors/transfer-content.json")).expect("the vectors are readable");
    assert_eq!(vectors.cases.len(), 33);
    assert_eq!(vectors.valid_codes.len(), 4);
    for code in &vectors.valid_codes {
        assert!(Reference::parse(code).is_ok(), "{code}");
    }
    for case in vectors.cases {
        let said = match find(&case.content, Mode::Production) {
            Found::None => "none".to_owned(),
            Found::One(reference) => reference.as_str().to_owned(),
            Found::Several(_) => "ambiguous".to_owned(),
        };
        assert_eq!(said, case.expect, "{}", case.id);
        assert_eq!(find(&case.content, Mode::Sandbox), Found::None, "{}", case.id);
    }
}

// --- properties ---

/// What may stand around a code. It has no `L`, so it cannot hold a second one.
const GLUE: &str = "[A-KM-Za-km-z0-9 .,:;/_()\u{a0}\u{300}\u{323}ĐđàạấộưựÝ-]{0,60}";

fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![Just(Mode::Production), Just(Mode::Sandbox)]
}

/// A code as payers and banks write it: as minted, in lower or wide letters, in groups, torn.
fn written(code: &str, how: u8, at: usize, blank: &str) -> String {
    match how % 5 {
        0 => code.to_owned(),
        1 => code.to_lowercase(),
        2 => code.chars().filter_map(|c| char::from_u32(u32::from(c) + 0xFEE0)).collect(),
        3 => spaced(code, blank),
        _ => format!("{}{blank}{}", &code[..at], &code[at..]),
    }
}

fn spaced(code: &str, blank: &str) -> String {
    [&code[..2], &code[2..6], &code[6..10], &code[10..]].join(blank)
}

proptest! {
    #[test]
    fn foreign_text_never_panics(text in any::<String>(), lookalike in "[LCTlctĐ2-9A-K \u{301}\u{fdfa}ßŉ.-]{0,200}", mode in mode()) {
        find(&text, mode);
        find(&lookalike, mode);
        find(&text.repeat(200), mode);
    }

    #[test]
    fn a_code_is_found_inside_any_glue(
        seed: u64, mode in mode(), before in GLUE, after in GLUE, how: u8, at in 1_usize..11, blank in "[ .,/\u{a0}\u{200b}-]{1,3}",
    ) {
        let code = Numbers(seed).mint(mode);
        let text = format!("{before}{}{after}", written(code.as_str(), how, at, &blank));
        prop_assert_eq!(find(&text, mode), Found::One(code), "{}", text);
    }

    #[test]
    fn a_near_miss_is_not_a_match(
        seed: u64, mode in mode(), before in GLUE, after in GLUE, at in 2_usize..11, other in 2_usize..11, symbol in 0_usize..31, how: u8, torn in 1_usize..11,
    ) {
        let code = Numbers(seed).mint(mode);
        let mut substituted = code.as_str().to_owned().into_bytes();
        substituted[at] = ALPHABET[symbol];
        let mut swapped = code.as_str().to_owned().into_bytes();
        swapped.swap(at, other);
        for miss in [substituted, swapped] {
            let miss = String::from_utf8(miss).expect("ascii");
            if miss != code.as_str() {
                let text = format!("{before}{}{after}", written(&miss, how, torn, " "));
                prop_assert_eq!(find(&text, mode), Found::None, "{}", text);
            }
        }
        let mut short = code.as_str().to_owned();
        short.remove(at);
        prop_assert_eq!(find(&format!("{before}{short}"), mode), Found::None);
    }

    #[test]
    fn two_codes_that_stand_alike_are_several(seed: u64, mode in mode(), before in GLUE, between in GLUE, after in GLUE) {
        let mut numbers = Numbers(seed);
        let (one, other) = (numbers.mint(mode), numbers.mint(mode));
        // Both stand alone or both are glued; the first pass that sees a code decides, so a mixture is one code.
        for edge in [".", "X"] {
            let text = format!("{before}{edge}{one}{edge}{between}{edge}{other}{edge}{after}");
            let mut both = vec![one.clone(), other.clone()];
            both.sort();
            prop_assert_eq!(find(&text, mode), Found::Several(both), "{}", text);
        }
    }
}

// --- texts with a known truth ---

/// Splitmix64: the same texts on every machine.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn symbols(&mut self, symbols: &[u8], count: usize) -> String {
        (0..count).map(|_| char::from(symbols[self.below(symbols.len())])).collect()
    }

    fn digits(&mut self, count: usize) -> String {
        self.symbols(b"0123456789", count)
    }

    fn id(&mut self, count: usize) -> String {
        self.symbols(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", count)
    }

    fn mint(&mut self, mode: Mode) -> Reference {
        Reference::mint(mode, || (self.next() >> 32) as u32)
    }
}

const NAMES: [&str; 12] = [
    "Nguyễn Văn Ảnh",
    "TRẦN THỊ HỒNG NHUNG",
    "Lò Thị Cúc",
    "Đặng Đức Lộc",
    "LÙ SEO CHẢNG",
    "Vàng A Lềnh",
    "Phạm Ngọc Lan Chi",
    "HOANG VAN THAI",
    "Giàng Thị Sua",
    "LÝ LÁO LỞ",
    "CTY TNHH MTV LC Thành Đạt",
    "Bùi Xuân Trường",
];
const WORDS: [&str; 10] = [
    "nộp phí",
    "Nop le phi ho so",
    "chuyen tien",
    "thanh toán lệ phí trước bạ",
    "DVC LAO CAI",
    "nộp hộ mẹ",
    "phi cap doi GPLX",
    "LC",
    "ck",
    "nộp tiền sử dụng đất đợt 2",
];

/// Where a code begins and ends, so that it is known whether a cut took it. Taken out of the finished text.
const OPEN: char = '\u{E000}';
const CLOSE: char = '\u{E001}';

fn marked(written: &str) -> String {
    format!("{OPEN}{written}{CLOSE}")
}

/// What the payer wrote: none, one or two codes among words.
fn content(numbers: &mut Numbers, codes: &[Reference]) -> String {
    let mut parts: Vec<String> = Vec::new();
    if numbers.percent(40) {
        parts.push(numbers.pick(&WORDS).to_owned());
    }
    if numbers.percent(15) {
        parts.push(numbers.pick(&NAMES).to_owned());
    }
    if codes.is_empty() {
        parts.push(lookalike(numbers));
    }
    for code in codes {
        let (how, at) = (numbers.below(20) as u8, 1 + numbers.below(10));
        let blank = numbers.pick(&[" ", "-", ".", "\u{a0}"]);
        // Two in three as minted.
        let hand = if how < 13 { code.as_str().to_owned() } else { written(code.as_str(), how, at, blank) };
        parts.push(marked(&hand));
    }
    if numbers.percent(40) {
        let from: &[&str] = if numbers.percent(50) { &WORDS } else { &NAMES };
        parts.push(numbers.pick(from).to_owned());
    }
    parts.join(" ")
}

/// What could be taken for a code and is none.
fn lookalike(numbers: &mut Numbers) -> String {
    match numbers.below(6) {
        0 => numbers.pick(&NAMES).to_owned(),
        1 => format!("LC {}", numbers.pick(&NAMES)),
        2 => {
            let count = 9 + numbers.below(6);
            format!("LC{}", numbers.digits(count))
        }
        3 => format!("{} {}", numbers.digits(10), numbers.digits(12)),
        4 => numbers.id(11),
        // One symbol mistyped: always caught.
        _ => {
            let mut code = numbers.mint(Mode::Production).as_str().to_owned();
            let at = 2 + numbers.below(9);
            let wrong = if code.as_bytes()[at] == b'7' { "8" } else { "7" };
            code.replace_range(at..=at, wrong);
            code
        }
    }
}

const SHAPES: [&str; 20] = [
    "as written",
    "vcb sender",
    "vcb short",
    "ibvcb",
    "ct nhanh 247",
    "ct den",
    "napas noi dung",
    "napas trace",
    "momo",
    "momo at vcb",
    "zalopay at vcb",
    "acb date",
    "acb gd",
    "mb acsp",
    "mb trace",
    "mbbiz",
    "sepay",
    "sevqr",
    "name before",
    "ibft",
];

/// What the bank makes of the content.
fn wrapped(numbers: &mut Numbers, shape: usize, content: &str) -> String {
    let mut d = |count| numbers.digits(count);
    match SHAPES[shape] {
        "vcb sender" => {
            let (id, trace, from, to) = (d(10), d(6), d(13), d(13));
            let (payer, payee) = (numbers.pick(&NAMES), "SO TAI CHINH LAO CAI");
            format!("MBVCB.{id}.{trace}.{content}.CT tu {from} {payer} toi {to} {payee} tai BIDV")
        }
        "vcb short" => format!("MBVCB.{}.{content}", d(11)),
        "ibvcb" => format!("IBVCB.{}.{content}", d(10)),
        "ct nhanh 247" => format!("CT nhanh 247 den: MBVCB.{}.{}.{content}", d(10), d(6)),
        "ct den" => format!("CT DEN:{} {content}", d(12)),
        "napas noi dung" => {
            format!("Chuyen tien den tu NAPAS Noi dung: {content}- {}-23:21:31 {} (ct1111)", d(6), d(6))
        }
        "napas trace" => {
            let (head, tail, batch, trace) = (d(14), d(6), d(5), d(6));
            let letters = numbers.symbols(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", 4);
            format!("0200970422{head}{letters}{tail}.{batch}.{trace}.{content}")
        }
        "momo" => {
            let id = d(12);
            format!("{id}-{content}-CHUYEN TIEN-OQCH{}-MOMO{id}MOMO", numbers.id(8))
        }
        "momo at vcb" => {
            format!("PARTNER.DIRECT_DEBITS_VCB.MSE.{}.20261124.{}-0{}_{content}", d(8), d(8), d(9))
        }
        "zalopay at vcb" => format!("PARTNER.DIRECT_DEBITS_VCB.ZLP.{}.20261124.{content} qua Zalopay", numbers.id(12)),
        "acb date" => format!("{content}-{}-15:45:46 {}", d(6), d(6)),
        "acb gd" => format!("{content} GD {}-{} 15:45:46", d(6), d(6)),
        "mb acsp" => format!("{content}-Ma GD ACSP/ {}", numbers.id(8)),
        "mb trace" => format!("{content} - Ma giao dich/ Trace {}", d(6)),
        "mbbiz" => format!("MBBIZ{}.{content}", d(7)),
        "sepay" => format!("BankAPINotify Qaetep{}  SEPAY{} 1  {content}", d(4), d(4)),
        "sevqr" => format!("SEVQR {content}"),
        "name before" => format!("{} {content}", numbers.pick(&NAMES)),
        "ibft" => format!("IBFT {content}"),
        _ => content.to_owned(),
    }
}

/// The row "any" of section 1.4: each happens to some texts, several may happen to one.
fn mangled(numbers: &mut Numbers, mut text: String) -> String {
    if numbers.percent(30) {
        text = text.to_uppercase();
    }
    if numbers.percent(30) {
        text = without_accents(&text);
    }
    if numbers.percent(15) {
        text.retain(|c| !c.is_ascii_punctuation());
    }
    if numbers.percent(15) {
        text.retain(|c| c != ' ');
    }
    if numbers.percent(15) {
        text = torn(&text, [35, 50, 54, 65][numbers.below(4)]);
    }
    if numbers.percent(20) {
        text = cut(&text, [25, 35, 140][numbers.below(3)]);
    }
    text
}

fn without_accents(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    text.nfd().filter(|&c| !('\u{300}'..='\u{36f}').contains(&c)).map(|c| if c == 'đ' { 'd' } else { c }).collect()
}

/// A blank at a fixed column, wherever that falls.
fn torn(text: &str, column: usize) -> String {
    let mut seen = 0;
    let mut out = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        if !is_marker(character) {
            if seen == column {
                out.push(' ');
            }
            seen += 1;
        }
        out.push(character);
    }
    out
}

/// Cut from the right.
fn cut(text: &str, limit: usize) -> String {
    let mut seen = 0;
    text.chars()
        .take_while(|&character| {
            seen += usize::from(!is_marker(character));
            seen <= limit
        })
        .collect()
}

const fn is_marker(character: char) -> bool {
    matches!(character, OPEN | CLOSE)
}

fn codes_of(found: Found) -> BTreeSet<Reference> {
    match found {
        Found::None => BTreeSet::new(),
        Found::One(code) => BTreeSet::from([code]),
        Found::Several(codes) => codes.into_iter().collect(),
    }
}

#[derive(Debug, Default)]
struct Tally {
    texts: usize,
    /// Texts that hold one or two whole codes.
    with_a_code: usize,
    with_two: usize,
    cut_off: usize,
    /// One code was found and is not in the text. Several are no match, whatever they are.
    false_matches: usize,
    /// Not all codes of the text were found, or not only them.
    missed: usize,
}

impl Tally {
    fn count(&mut self, text: &str, codes: &[Reference]) {
        let whole = text.matches(CLOSE).count();
        let truth: BTreeSet<Reference> = codes.iter().take(whole).cloned().collect();
        let text = text.replace(is_marker, "");
        let found = find(&text, Mode::Production);
        let matched = matches!(found, Found::One(_));
        let found = codes_of(found);
        self.texts += 1;
        self.with_a_code += usize::from(!truth.is_empty());
        self.with_two += usize::from(truth.len() == 2);
        self.cut_off += usize::from(whole < codes.len());
        if matched && !found.is_subset(&truth) {
            self.false_matches += 1;
            println!("false: {text:?} says {found:?}, holds {truth:?}");
        }
        self.missed += usize::from(!truth.is_empty() && found != truth);
    }
}

/// None in this sample; over twelve other seeds it was one in 100,000, always as in the test below: `LC` or a broken code
/// before a bank's own words, valid by the luck of one in 31.
#[test]
fn of_a_hundred_thousand_mangled_texts_none_is_matched_falsely_and_few_are_missed() {
    let started = Instant::now();
    let mut numbers = Numbers(20_261_126);
    let mut all = Tally::default();
    for at in 0..100_000 {
        let count = match numbers.below(100) {
            0..15 => 0,
            15..25 => 2,
            _ => 1,
        };
        let codes: Vec<Reference> = (0..count).map(|_| numbers.mint(Mode::Production)).collect();
        let content = content(&mut numbers, &codes);
        let text = wrapped(&mut numbers, at % SHAPES.len(), &content);
        let text = mangled(&mut numbers, text);
        all.count(&text, &codes);
    }
    println!("{} shapes, {all:?}, {} ms", SHAPES.len(), started.elapsed().as_millis());
    assert_eq!(all.texts, 100_000);
    assert!(
        all.with_a_code > 70_000 && all.with_two > 5_000 && all.cut_off > 5_000,
        "the texts are as varied as meant"
    );
    assert_eq!(all.false_matches, 0);
    assert!(all.missed * 1_000 < all.with_a_code, "under one of a thousand; five of a hundred are asked for");
}

/// A limit of the code, not of the search: one check symbol of 31 lets every thirty-first arrangement through. A code
/// that is cut or lacks a symbol takes the bank's next words for its own, and the result may be valid. It is then almost
/// surely a code that was never given out (section 1.5: two in 100,000 hit one of ten million); this holds the number
/// to what the check promises.
#[test]
fn a_damaged_code_that_runs_into_other_words_becomes_another_code_as_rarely_as_the_check_promises() {
    const KINDS: [&str; 3] = ["cut before the bank's words", "one symbol left out", "LC before digits and words"];
    let mut numbers = Numbers(7);
    for (kind, name) in KINDS.iter().enumerate() {
        let mut other_codes = 0;
        for at in 0..10_000 {
            let mut damaged = numbers.mint(Mode::Production).as_str().to_owned();
            match kind {
                0 => damaged.truncate(4 + numbers.below(7)),
                1 => drop(damaged.remove(2 + numbers.below(9))),
                _ => {
                    let count = 3 + numbers.below(6);
                    damaged = format!("LC {} {}", numbers.digits(count), numbers.pick(&NAMES));
                }
            }
            let text = wrapped(&mut numbers, at % SHAPES.len(), &damaged);
            other_codes += usize::from(find(&text, Mode::Production) != Found::None);
        }
        println!("{name}: {other_codes} of 10000 show another valid code");
        assert!(other_codes < 10_000 / 31, "{name}: {other_codes}");
    }
}
