//! What VNPAY keeps of each payment, as its contract says: a share and a fixed sum, from a day on. The accountant proposes it,
//! another person decides. The settlement file of the next scene is held against it.

use serde_json::{Value, json};

use super::refused_closing::profile_of;
use crate::story::gateway::{amount, list, text};
use crate::story::paper::{Table, dong, say};
use crate::story::stage::Story;
use crate::story::stop::Stop;

/// What a contract says: in millionths of a payment, and đồng beside it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Terms {
    rate_ppm: i64,
    fixed: i64,
}

const ENDED: Terms = Terms { rate_ppm: 11_000, fixed: 1_650 };
const IN_FORCE: Terms = Terms { rate_ppm: 8_000, fixed: 300 };
const TO_COME: Terms = Terms { rate_ppm: 7_000, fixed: 0 };

impl Terms {
    fn body(self, from: &str) -> Value {
        json!({"from": from, "rate_ppm": self.rate_ppm, "rounding": "half_up", "fixed": self.fixed})
    }

    /// What the contract says from that day on.
    fn said(fees: &Value, from: &str) -> Option<Self> {
        let fee = list(fees, "fees").iter().find(|fee| fee["from"].as_str() == Some(from))?;
        Some(Self { rate_ppm: amount(fee, "rate_ppm").ok()?, fixed: amount(fee, "fixed").ok()? })
    }

    /// `0,8 %`.
    fn share(self) -> String {
        let (whole, rest) = (self.rate_ppm / 10_000, self.rate_ppm % 10_000);
        let rest = format!("{rest:04}");
        match rest.trim_end_matches('0') {
            "" => format!("{whole} %"),
            digits => format!("{whole},{digits} %"),
        }
    }
}

pub async fn play(story: &mut Story) -> Result<(), Stop> {
    let profile = profile_of(story, &story.vnpay.paid(None).await?).await?;
    let path = format!("/v1/profiles/{profile}/fees");
    let year = story.run.year;
    let schedule = [(year - 1, ENDED), (year, IN_FORCE), (year + 1, TO_COME)].map(|(y, t)| (format!("{y}-01-01"), t));
    let before = story.staff.get(&path).await?.must_be(200)?.body;
    for (from, terms) in &schedule {
        // a story before this one may have said it
        if Terms::said(&before, from) != Some(*terms) {
            agree(story, &path, &terms.body(from)).await?;
        }
    }
    let seen = story.staff.get(&path).await?.must_be(200)?.body;
    let mut table = Table::new(&["Từ ngày (from)", ">Phần trăm", ">Mỗi khoản", "Hiệu lực"]);
    let mut right = 0;
    for (at, (from, terms)) in schedule.iter().enumerate() {
        right += usize::from(Terms::said(&seen, from) == Some(*terms));
        let holds = ["đã hết", "đang áp dụng", "chưa tới"].get(at).copied().unwrap_or_default();
        table.row([from.clone(), terms.share(), dong(terms.fixed), holds.to_owned()]);
    }
    say(&format!("    Hợp đồng {profile} (the contract's fee, by day):"));
    table.show();
    story.tally.check(
        right == schedule.len(),
        format_args!("{right}/{} mức phí đúng như đã ghi", schedule.len()),
        "the contract says what was put, for each of the days",
    );
    Ok(())
}

/// One person proposes it, another decides; until then nothing is said.
async fn agree(story: &mut Story, path: &str, terms: &Value) -> Result<(), Stop> {
    let (proposes, decides) = (story.key(), story.key());
    let proposed = story.staff.post(path, terms, &proposes).await?.must_be(201)?.body;
    let decide = format!("/v1/approvals/{}/approve", text(&proposed, "approval_id")?);
    story.approver.post(&decide, &json!({}), &decides).await?.must_be(200)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_reads_as_a_percentage() {
        let read = |rate_ppm| Terms { rate_ppm, fixed: 0 }.share();
        assert_eq!([8_000, 11_000, 20_000, 12_345].map(read), ["0,8 %", "1,1 %", "2 %", "1,2345 %"]);
    }
}
