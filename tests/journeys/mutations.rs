//! A valid call of each provider, changed in a hundred and fifty ways and more: what is not the same message has no
//! effect, before the true call and after it, and each call hears what the provider's document says.

mod bills;
mod mobile_money;
pub(crate) mod momo;
pub(crate) mod national;
mod tellers;
mod vnpay;
mod wallets;
pub(crate) mod zalopay;

use tests::House;
use tests::rows::Watch;
use tests::wire::Call;

/// How a changed call is to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    /// Not believed, in the provider's words.
    Forged,
    /// It says what the true call says.
    Same,
    /// There is no such door.
    Absent,
}

struct Mutation {
    what: String,
    call: Call,
    heard: Heard,
}

/// A provider's words for what becomes of a call.
struct Words {
    forged: (u16, &'static str),
    first: (u16, &'static str),
    again: (u16, &'static str),
}

/// The changes of one call, gathered.
struct Mutations {
    good: Call,
    all: Vec<Mutation>,
}

impl Mutations {
    fn of(good: Call) -> Self {
        Self { good, all: Vec::new() }
    }

    fn add(&mut self, heard: Heard, what: impl Into<String>, call: Call) {
        self.all.push(Mutation { what: what.into(), call, heard });
    }

    fn forged(&mut self, what: impl Into<String>, call: Call) {
        self.add(Heard::Forged, what, call);
    }

    fn same(&mut self, what: impl Into<String>, call: Call) {
        self.add(Heard::Same, what, call);
    }

    /// The true call with another body.
    fn with_body(&self, body: impl Into<Vec<u8>>) -> Call {
        self.good.clone().body(body)
    }

    /// The true call with a header's value changed.
    fn with_header(&self, name: &str, value: &str) -> Call {
        let mut call = self.good.clone();
        for header in call.headers.iter_mut().filter(|(n, _)| n == name) {
            header.1 = value.to_owned();
        }
        call
    }

    fn without_header(&self, name: &str) -> Call {
        let mut call = self.good.clone();
        call.headers.retain(|(n, _)| n != name);
        call
    }

    /// Sends all that is forged, then all that is the same, then the forged once more: one thing happens in all.
    async fn play(self, house: &House, words: Words) {
        println!("{} mutations of {}", self.all.len(), self.good.target.split('?').next().unwrap());
        assert!(self.all.len() >= 150, "{} mutations", self.all.len());
        assert!(self.all.iter().filter(|m| m.heard == Heard::Same).count() >= 5, "nothing is the same message");
        let watch = Watch::over(&house.database).await;
        let untouched = watch.digest().await;
        self.refused(house, &words, &watch, &untouched).await;
        let mut expected = words.first;
        let mut after = None;
        for same in self.all.iter().filter(|m| m.heard == Heard::Same) {
            said(house, same, expected).await;
            expected = words.again;
            let now = watch.digest().await;
            assert_ne!(now, untouched, "{}: heard, and had no effect", same.what);
            assert_eq!(*after.get_or_insert_with(|| now.clone()), now, "{}: a second effect", same.what);
        }
        self.refused(house, &words, &watch, &after.unwrap()).await;
        let true_call = Mutation { what: "the true call".to_owned(), call: self.good, heard: Heard::Same };
        said(house, &true_call, words.again).await;
    }

    async fn refused(&self, house: &House, words: &Words, watch: &Watch, before: &str) {
        for mutation in self.all.iter().filter(|m| m.heard != Heard::Same) {
            match mutation.heard {
                Heard::Absent => absent(house, mutation).await,
                _ => said(house, mutation, words.forged).await,
            }
            assert_eq!(watch.digest().await, before, "{}: it had an effect", mutation.what);
        }
    }
}

async fn said(house: &House, mutation: &Mutation, (status, body): (u16, &str)) {
    let heard = mutation.call.send(&house.gateway.base_url()).await;
    let what = format!("{} {:?}", mutation.what, mutation.call);
    // an answer to HEAD has no body
    let body = if mutation.call.method == "HEAD" { "" } else { body };
    assert_eq!((heard.0, heard.2.as_str()), (status, body), "{what}");
    assert!(heard.1.contains("content-type: application/json\r\n") && heard.1.contains("x-request-id: "), "{what}");
}

async fn absent(house: &House, mutation: &Mutation) {
    let heard = mutation.call.send(&house.gateway.base_url()).await;
    assert_eq!(heard.0, 404, "{}: {heard:?}", mutation.what);
    assert!(heard.1.contains("content-type: application/problem+json"), "{}: {heard:?}", mutation.what);
    assert!(heard.2.contains("\"code\":\"not_found\""), "{}: {heard:?}", mutation.what);
}

/// The text with one bit of one character changed, `count` times, all over it; what HTTP would not carry is left out.
fn flipped(text: &str, count: usize) -> Vec<(String, String)> {
    let bits = [1, 2, 4, 8, 16, 32];
    let fits = |byte: u8| byte.is_ascii_graphic() && !b"#\"<>\\^`{|}".contains(&byte);
    let places = (0..text.len()).flat_map(|at| bits.map(|bit| (at, bit)));
    let all: Vec<_> = places.filter(|(at, bit)| fits(text.as_bytes()[*at] ^ bit)).collect();
    let step = (all.len() / count).max(1);
    let one = |(at, bit): (usize, u8)| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[at] ^= bit;
        (format!("bit {bit} of character {at}"), String::from_utf8(bytes).unwrap())
    };
    // an odd step meets each bit
    all.into_iter().step_by(step | 1).map(one).collect()
}

/// The text without its end, `count` times.
fn cut(text: &str, count: usize) -> Vec<(String, String)> {
    let step = (text.len() / count).max(1);
    (0..text.len())
        .step_by(step)
        .filter(|at| text.is_char_boundary(*at))
        .map(|at| (format!("cut at {at}"), text[..at].to_owned()))
        .collect()
}
