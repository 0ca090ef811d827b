//! The books: every đồng on its account, together nothing; what each provider took is what the books hold, đồng by đồng; and
//! the seals are there within seconds.

use std::time::Duration;

use tokio::time::Instant;

use crate::story::books::{Account, Payment};
use crate::story::gateway::{amount, text};
use crate::story::paper::{Table, dong, say};
use crate::story::partners::{Collected, Partner};
use crate::story::stage::{Story, until};
use crate::story::stop::Stop;

const VNPAY: &str = "vnpay";
/// The contract says 5 s after the commit; how fast this machine is decides nothing here, and what was waited is shown.
const PATIENCE: Duration = Duration::from_secs(60);

pub async fn play(story: &mut Story) -> Result<(), Stop> {
    let obligations = story.cast.ids();
    let truth = truth(story).await?;
    let of_vnpay = truth.iter().filter(|taken| taken.channel == VNPAY);
    let numbers: Vec<String> = of_vnpay.map(|taken| taken.number.clone()).collect();
    let transfers: Vec<String> = story.transfers.iter().map(|booked| booked.reference.clone()).collect();
    let payments = story.books()?.payments(&numbers, &obligations, &transfers).await?;
    let ids: Vec<String> = payments.iter().map(|payment| payment.id.clone()).collect();
    accounts(story, &ids).await?;
    by_obligation(story, &obligations).await?;
    against_providers(story, &truth, &payments);
    seals(story, &ids).await
}

async fn accounts(story: &mut Story, payments: &[String]) -> Result<(), Stop> {
    let (accounts, total) = story.books()?.accounts(payments).await?;
    let mut table = Table::new(&["Tài khoản (account)", "Loại", ">Bút toán", ">Toàn sổ", ">Lượt này"]);
    let row = |account: &Account, name: &str| {
        let sums = (dong(account.all), dong(account.this_run));
        [name.to_owned(), account.kind.clone(), account.entries.to_string(), sums.0, sums.1]
    };
    accounts.iter().for_each(|account| table.row(row(account, &account.code)));
    table.row(row(&total, "Tổng (total)"));
    say("    Nợ là +, có là − (debit +, credit −):");
    table.show();
    story.tally.check(
        total.all == 0 && total.this_run == 0 && total.entries > 0,
        format_args!("tổng toàn sổ {}, tổng lượt này {}", dong(total.all), dong(total.this_run)),
        "all entries sum to zero, so do those of this run",
    );
    let listed: i64 = accounts.iter().map(|account| account.entries).sum();
    story.tally.check(
        listed == total.entries,
        format_args!("{listed}/{} bút toán nằm trên tài khoản có tên", total.entries),
        "every entry stands on a known account",
    );
    Ok(())
}

async fn by_obligation(story: &mut Story, obligations: &[String]) -> Result<(), Stop> {
    let lines = story.books()?.by_obligation(obligations).await?;
    let mut table = Table::new(&["Hồ sơ", "Khoản thu", "Trạng thái", ">Phải nộp", ">Phân bổ", ">Ghi có"]);
    let mut right = 0;
    for line in &lines {
        let Some(known) = story.cast.by_id(&line.obligation_id) else { continue };
        let (dossier, name) = (known.dossier_code.clone(), known.name.to_owned());
        let wanted = if line.status == "paid" { line.due } else { 0 };
        right += usize::from(line.allocated == wanted && line.booked == wanted && line.due == known.amount());
        table.row([dossier, name, line.status.clone(), dong(line.due), dong(line.allocated), dong(line.booked)]);
    }
    say("    Tiền của lượt này theo khoản thu (the money of this run by obligation):");
    table.show();
    story.tally.check(
        right == story.cast.obligations.len(),
        format_args!("{right}/{} khoản thu: đã nộp thì đủ, chưa nộp thì 0 ₫", story.cast.obligations.len()),
        "a paid obligation holds exactly what it owes, any other nothing",
    );
    Ok(())
}

/// What a provider says that it took for one order or one dossier of this run.
struct Taken {
    channel: &'static str,
    about: String,
    number: String,
    amount: i64,
}

async fn truth(story: &Story) -> Result<Vec<Taken>, Stop> {
    let mut truth = Vec::new();
    for order_ref in &story.order_refs {
        let Some(order) = story.vnpay.transaction(order_ref).await? else { continue };
        if order["status"].as_str() == Some("paid") {
            let (number, amount) = (text(&order, "transaction_no")?, amount(&order, "amount")?);
            truth.push(Taken { channel: VNPAY, about: order_ref.clone(), number, amount });
        }
    }
    for partner in Partner::ALL {
        let of_this_run = |about: &String| story.order_refs.contains(about) || story.cast.dossiers.contains(about);
        for Collected { about, number, amount } in story.partners.collected(partner).await? {
            if of_this_run(&about) {
                truth.push(Taken { channel: partner.channel(), about, number, amount });
            }
        }
    }
    Ok(truth)
}

fn against_providers(story: &mut Story, truth: &[Taken], all: &[Payment]) {
    // neither a transfer nor cash has a number of a provider's
    let payments: Vec<&Payment> = all.iter().filter(|payment| !payment.provider_txn_id.is_empty()).collect();
    let mut table =
        Table::new(&["Đơn (order)", "Giao dịch", ">Bên thu đã thu", ">Sổ: bù trừ", ">Phân bổ", "Tài khoản"]);
    let mut equal = 0;
    for taken in truth {
        let booked = payments.iter().find(|p| p.channel == taken.channel && p.provider_txn_id == taken.number);
        equal += usize::from(booked.is_some_and(|p| p.clearing == taken.amount && p.amount == taken.amount));
        table.row([
            taken.about.clone(),
            taken.number.clone(),
            dong(taken.amount),
            booked.map_or_else(|| "—".to_owned(), |payment| dong(payment.clearing)),
            booked.map_or_else(|| "—".to_owned(), |payment| dong(payment.allocated)),
            booked.map_or_else(|| "—".to_owned(), |payment| format!("clearing:{}", payment.profile)),
        ]);
    }
    let taken: i64 = truth.iter().map(|taken| taken.amount).sum();
    let clearing: i64 = payments.iter().map(|payment| payment.clearing).sum();
    table.row(["Tổng".to_owned(), String::new(), dong(taken), dong(clearing), String::new(), String::new()]);
    table.show();
    story.tally.check(
        clearing == taken && equal == truth.len() && equal == payments.len() && equal > 0,
        format_args!("{equal}/{} giao dịch khớp; bên thu {}, sổ {}", truth.len(), dong(taken), dong(clearing)),
        "what each took is what the books hold, payment by payment",
    );
    let homed = all.iter().filter(|payment| payment.allocated == payment.amount - payment.reversed).count();
    story.tally.check(
        homed == all.len() && homed > 0,
        format_args!("{homed}/{} khoản tiền: tổng phân bổ = số tiền", all.len()),
        "each payment's allocations sum to its amount",
    );
}

async fn seals(story: &mut Story, payments: &[String]) -> Result<(), Stop> {
    let mut unsealed = (i64::MAX, i64::MAX);
    let began = Instant::now();
    until(PATIENCE, async || {
        let backlog = story.ops.get("/backlog").await?.must_be(200)?.body;
        let journals = story.books()?.journals(payments).await?;
        unsealed = (backlog["due"]["unsealed"].as_i64().unwrap_or(i64::MAX), journals.1);
        Ok((unsealed == (0, 0)).then_some(()))
    })
    .await?;
    story.tally.check(
        unsealed == (0, 0),
        format_args!(
            "chưa niêm phong: {} (bút toán của lượt này: {}), sau {} ms",
            unsealed.0,
            unsealed.1,
            began.elapsed().as_millis()
        ),
        "nothing waits for its seal any more",
    );
    let (journals, _) = story.books()?.journals(payments).await?;
    let seals = story.books()?.seals().await?;
    say(&format!("    {} niêm phong (seals), đầu chuỗi (head) {}", seals.count, seals.head));
    story.tally.check(
        seals.broken == 0 && seals.count >= journals && seals.count > 0,
        format_args!("chuỗi {} niêm phong liền mạch, {} mắt xích sai", seals.count, seals.broken),
        "the chain of seals, recomputed, is unbroken",
    );
    Ok(())
}
