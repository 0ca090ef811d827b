//! Our books beside the simulators' word, figure by figure.

use std::collections::BTreeMap;

use serde_json::Value;

use super::files::Settled;
use crate::story::bank::{Booked, Days};
use crate::story::cast::Fee;
use crate::story::gateway::{amount, list};
use crate::story::paper::{Table, dong, say};
use crate::story::scenes::refused_closing::{numbers, sum};
use crate::story::stage::Story;
use crate::story::stop::Stop;

/// What stands on the accounts that a settlement moves.
pub struct Balances {
    clearing: i64,
    in_transit: i64,
    fee: i64,
}

impl Balances {
    pub async fn read(story: &Story, account: &str, profile: &str) -> Result<Self, Stop> {
        let (accounts, _) = story.books()?.accounts(&[]).await?;
        let on = |code: String| accounts.iter().find(|account| account.code == code).map_or(0, |account| account.all);
        Ok(Self {
            clearing: on(format!("clearing:{profile}")),
            in_transit: on(format!("in_transit:{account}")),
            fee: on(format!("fee:{profile}")),
        })
    }
}

/// What is compared.
pub struct Ground {
    /// As the books name it, and its number at the bank.
    pub account: (String, String),
    pub profile: String,
    pub days: Days,
    pub settled: Settled,
    pub before: Balances,
}

/// Clearing and in transit are empty, but for what a simulator that was started anew will never settle or pay out.
pub async fn nothing_is_on_its_way(story: &mut Story, ground: &Ground) -> Result<(), Stop> {
    let (account, profile) = (&ground.account.0, &ground.profile);
    let now = Balances::read(story, account, profile).await?;
    let forgotten: i64 = story.books()?.unsettled(profile).await?.iter().map(|payment| payment.amount).sum();
    let never_paid_out = story.books()?.not_paid_out(profile).await?;
    let not_arrived = story.books()?.not_arrived(account).await?;
    if not_arrived != 0 {
        say(&format!("    Quầy đã khai nộp, ngân hàng chưa ghi có (declared, never brought): {}", dong(not_arrived)));
    }
    for (amount, what) in [(forgotten, "chưa quyết toán (unsettled)"), (never_paid_out, "chưa chuyển (not paid out)")]
    {
        if amount != 0 {
            say(&format!("    VNPAY mô phỏng đã quên khi khởi động lại (forgotten): {}, {what}", dong(amount)));
        }
    }
    story.tally.check(
        now.clearing == forgotten,
        format_args!("clearing:{profile} còn {}", dong(now.clearing)),
        "VNPAY holds nothing for us any more",
    );
    story.tally.check(
        now.in_transit == never_paid_out + not_arrived,
        format_args!("in_transit:{account} còn {}", dong(now.in_transit)),
        "nothing is on its way to the account",
    );
    Ok(())
}

/// A table of what we say and what they say.
struct Comparison {
    table: Table,
    equal: usize,
    all: usize,
}

impl Comparison {
    fn figure(&mut self, scope: &str, name: &str, (ours, theirs): (i64, i64), show: impl Fn(i64) -> String) {
        let mark = if ours == theirs { "✓" } else { "✗" };
        self.all += 1;
        self.equal += usize::from(ours == theirs);
        self.table.row([scope.to_owned(), name.to_owned(), show(ours), show(theirs), mark.to_owned()]);
    }
}

pub async fn figures(story: &mut Story, ground: &Ground) -> Result<(), Stop> {
    let head = &["Phạm vi (scope)", "Số liệu (figure)", ">Sổ của Motlan", ">Mô phỏng nói", ""];
    let mut comparison = Comparison { table: Table::new(head), equal: 0, all: 0 };
    of_vnpay(story, ground, &mut comparison).await?;
    of_transfers(story, &mut comparison).await?;
    of_account(story, ground, &mut comparison).await?;
    say("    Đối soát: sổ của ta bên cạnh sự thật của mô phỏng (our books beside the simulators' truth):");
    comparison.table.show();
    let Comparison { equal, all, .. } = comparison;
    story.tally.check(equal == all, format_args!("{equal}/{all} số liệu bằng nhau"), "every figure is equal");
    Ok(())
}

/// Ours are the payments, and what the settlement moved in the ledger.
async fn of_vnpay(story: &Story, ground: &Ground, comparison: &mut Comparison) -> Result<(), Stop> {
    let (profile, told) = (&ground.profile, &ground.settled.told);
    let theirs = story.vnpay.paid(Some(ground.settled.session)).await?;
    let ours = story.books()?.payments(&numbers(&theirs), &[], &[]).await?;
    let now = Balances::read(story, &ground.account.0, profile).await?;
    let paid_out = story.books()?.paid_out(&ground.settled.id).await?;
    let open: i64 = story.vnpay.paid(None).await?.iter().map(sum).sum();
    let ours_open = now.clearing - story.books()?.unsettled(profile).await?.iter().map(|p| p.amount).sum::<i64>();
    let taken = (ours.iter().map(|p| p.amount).sum(), theirs.iter().map(sum).sum());
    comparison.figure(profile, "số giao dịch (payments)", (count(&ours), count(&theirs)), |n| n.to_string());
    for (name, pair) in [
        ("đã thu (taken)", taken),
        ("quyết toán (settled)", (ground.before.clearing - now.clearing, amount(told, "gross")?)),
        ("phí (fee)", (now.fee - ground.before.fee, amount(told, "fee")?)),
        ("thực trả (net paid out)", (paid_out, amount(told, "net")?)),
        ("còn giữ (still held)", (ours_open, open)),
    ] {
        comparison.figure(profile, name, pair, dong);
    }
    Ok(())
}

async fn of_transfers(story: &Story, comparison: &mut Comparison) -> Result<(), Stop> {
    let references: Vec<String> = story.transfers.iter().map(|booked| booked.reference.clone()).collect();
    let ours = story.books()?.payments(&[], &[], &references).await?;
    let scope = "chuyển khoản lượt này";
    comparison.figure(scope, "số giao dịch (payments)", (count(&ours), count(&story.transfers)), |n| n.to_string());
    let sums = (ours.iter().map(|p| p.amount).sum(), story.transfers.iter().map(|booked| booked.amount).sum());
    comparison.figure(scope, "tổng tiền (sum)", sums, dong);
    Ok(())
}

/// Ours are the days as the API shows them.
async fn of_account(story: &Story, ground: &Ground, comparison: &mut Comparison) -> Result<(), Stop> {
    let (code, number) = &ground.account;
    let mut days = Vec::new();
    for day in ground.days.each() {
        let path = format!("/v1/reconciliation/{day}?account={code}");
        days.push(story.staff.get(&path).await?.must_be(200)?.body);
    }
    let all = story.bank.transactions(number).await?;
    let before: i64 = all.iter().filter(|b| b.day < ground.days.first).map(|b| b.amount).sum();
    let opening = story.bank.opening(number).await? + before;
    let moved: Vec<&Booked> = all.iter().filter(|b| ground.days.has(b.day)).collect();
    let (credits, debits): (Vec<i64>, Vec<i64>) = moved.iter().map(|b| b.amount).partition(|amount| *amount > 0);
    let (credited, debited) = (credits.iter().sum::<i64>(), -debits.iter().sum::<i64>());
    let of = |day: Option<&Value>, name: &str| day.and_then(|day| day[name].as_i64()).unwrap_or_default();
    let total = |name: &str| days.iter().filter_map(|day| day[name].as_i64()).sum::<i64>();
    let counted = |name: &str| days.iter().filter_map(|day| day["counts"][name].as_i64()).sum::<i64>();
    let lines = ["matched", "unmatched", "case"].iter().map(|name| counted(name)).sum();
    comparison.figure(code, "số biến động (movements)", (lines, count(&moved)), |n| n.to_string());
    for (name, pair) in [
        ("đầu kỳ (opening)", (of(days.first(), "opening"), opening)),
        ("ghi có (in)", (total("in"), credited)),
        ("ghi nợ (out)", (total("out"), debited)),
        ("cuối kỳ (closing)", (of(days.last(), "closing"), opening + credited - debited)),
        ("cuối kỳ theo sao kê", (of(days.last(), "statement_closing"), opening + credited - debited)),
    ] {
        comparison.figure(code, name, pair, dong);
    }
    Ok(())
}

pub fn count<T>(things: &[T]) -> i64 {
    i64::try_from(things.len()).unwrap_or(i64::MAX)
}

/// How many cases of a kind are open, and about how much.
type Open = BTreeMap<String, (i64, i64)>;

pub async fn cases(story: &mut Story, ground: &Ground) -> Result<(), Stop> {
    let paid = numbers(&story.vnpay.paid(Some(ground.settled.session)).await?);
    let references: Vec<String> = story.transfers.iter().map(|booked| booked.reference.clone()).collect();
    let payments = story.books()?.payments(&paid, &story.cast.ids(), &references).await?;
    let seen = story.staff.get("/v1/cases?status=open&limit=200").await?.must_be(200)?.body;
    let is_ours = |case: &Value| payments.iter().any(|payment| case["payment_id"].as_str() == Some(&payment.id));
    let (mut ours, mut all) = (Open::new(), Open::new());
    for case in list(&seen, "data") {
        let kind = case["kind"].as_str().unwrap_or("?");
        let money = case["amount"].as_i64().unwrap_or(0);
        for open in [Some(&mut all), is_ours(case).then_some(&mut ours)].into_iter().flatten() {
            let entry = open.entry(kind.to_owned()).or_default();
            *entry = (entry.0 + 1, entry.1 + money);
        }
    }
    let mut table = Table::new(&["Vụ việc mở (open case)", ">Lượt này", ">Số tiền", ">Toàn hệ thống", ">Số tiền"]);
    for (kind, (number, money)) in &all {
        let (own, own_money) = ours.get(kind).copied().unwrap_or_default();
        table.row([kind.clone(), own.to_string(), dong(own_money), number.to_string(), dong(*money)]);
    }
    table.show();
    let wanted = wanted(story);
    let named: Vec<String> = wanted.iter().map(|(kind, (n, money))| format!("{n} {kind} {}", dong(*money))).collect();
    story.tally.check(
        ours == wanted,
        format_args!("vụ việc mở của lượt này: {}", named.join(", ")),
        "open: only what was paid twice",
    );
    Ok(())
}

/// By the bank's word: what was transferred for the fee that VNPAY had taken already.
fn wanted(story: &Story) -> Open {
    let twice = story.intents.iter().filter(|intent| intent.fees == [Fee::Signatures]);
    let references: Vec<&str> = twice.map(|intent| intent.reference.as_str()).collect();
    let transfers = story.transfers.iter().filter(|booked| references.contains(&booked.typed.as_str()));
    let money: Vec<i64> = transfers.map(|booked| booked.amount).collect();
    if money.is_empty() {
        return Open::new();
    }
    Open::from([("duplicate_payment".to_owned(), (count(&money), money.iter().sum()))])
}

/// Nothing stands between the days and their closing now. They stay open all the same: today goes on.
pub async fn days_tie_out(story: &mut Story, ground: &Ground) -> Result<(), Stop> {
    for day in ground.days.each() {
        for scope in [format!("profile={}", ground.profile), format!("account={}", ground.account.0)] {
            let seen = story.staff.get(&format!("/v1/reconciliation/{day}?{scope}")).await?.must_be(200)?.body;
            let kinds: Vec<&str> = list(&seen, "gaps").iter().filter_map(|gap| gap["kind"].as_str()).collect();
            let left = if kinds.is_empty() { "hết vướng, chốt được".to_owned() } else { kinds.join(", ") };
            story.tally.check(kinds.is_empty(), format_args!("{day}, {scope}: {left}"), "the day ties out");
        }
    }
    say("    Ngày còn mở: hôm nay chưa hết, lượt diễn sau còn ghi vào (the days stay open for the next story)");
    Ok(())
}
