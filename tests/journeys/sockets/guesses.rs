//! Guessing the token of a payment page: whatever is guessed, the answer is the same.

use futures_util::future::join_all;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use tests::House;
use tests::portal::dossier;

const GUESSES: usize = 10_000;
/// Guessed at once.
const SIDE_BY_SIDE: usize = 8;

/// An xorshift; guesses need not be good.
struct Dice(u64);

impl Dice {
    fn symbol(&mut self) -> char {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[(self.0 >> 33) as usize % 64])
    }
}

/// Every other guess is the true token but for one character, at any place.
fn guess(n: usize, true_token: &str, dice: &mut Dice) -> String {
    if n.is_multiple_of(2) {
        return true_token.chars().map(|_| dice.symbol()).collect();
    }
    let mut near: Vec<char> = true_token.chars().collect();
    let at = n / 2 % near.len();
    while near[at] == true_token.as_bytes()[at] as char {
        near[at] = dice.symbol();
    }
    near.into_iter().collect()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_guesses_of_a_pages_token_are_answered_alike() {
    let house = House::new().await;
    let fee = house.portal.owes(&dossier(), 40_000, serde_json::json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let page = intent["checkout_url"].as_str().unwrap();
    let (base, token) = page.rsplit_once('/').unwrap();
    assert!(token.len() >= 22, "fewer than 128 bits: {token}");
    let rounds = (0..SIDE_BY_SIDE).map(|lane| {
        let (http, base, token) = (house.http.clone(), base.to_owned(), token.to_owned());
        async move {
            let (mut dice, mut answers, mut times) = (Dice(lane as u64 + 1), BTreeSet::new(), [Vec::new(), Vec::new()]);
            for n in (lane..GUESSES).step_by(SIDE_BY_SIDE) {
                let kind = n / SIDE_BY_SIDE;
                let url = format!("{base}/{}", guess(kind, &token, &mut dice));
                let asked = Instant::now();
                let answer = http.get(url).send().await.unwrap();
                let status = answer.status().as_u16();
                let mut headers: Vec<_> = answer.headers().keys().map(|name| name.as_str().to_owned()).collect();
                headers.sort();
                let text = answer.text().await.unwrap();
                times[kind % 2].push(asked.elapsed());
                answers.insert((status, headers, text));
            }
            (answers, times)
        }
    });
    let mut answers = BTreeSet::new();
    let mut times = [Vec::new(), Vec::new()];
    for (heard, took) in join_all(rounds).await {
        answers.extend(heard);
        times.iter_mut().zip(took).for_each(|(all, more)| all.extend(more));
    }
    assert_eq!(times.iter().map(Vec::len).sum::<usize>(), GUESSES);
    let statuses: Vec<_> = answers.iter().map(|(status, headers, _)| (status, headers)).collect();
    assert_eq!(answers.len(), 1, "an answer tells a guess from another: {statuses:?}");
    assert_eq!(answers.first().unwrap().0, 404);
    // shown and not judged: a shared machine's clock proves nothing
    let [far, near] = times.each_mut().map(|times| median(times));
    println!("median of a guess from nowhere {far:?}, of one that is a character off {near:?}");
    assert_eq!(house.http.get(page).send().await.unwrap().status(), 200);
    house.close().await;
}
