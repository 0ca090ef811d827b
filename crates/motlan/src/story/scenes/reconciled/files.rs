//! The files of the day, as an accountant gets and sends them: VNPAY's settlement of the running session, and the bank's
//! statement in three formats.

use serde_json::{Value, json};

use super::compared::count;
use crate::story::bank::{Booked, Days};
use crate::story::gateway::{amount, text};
use crate::story::paper::{Table, dong, say};
use crate::story::stage::Story;
use crate::story::stop::Stop;

/// The bank's name of a format, ours, and what people call it.
const FORMATS: [(&str, &str, &str); 3] =
    [("camt053_v8", "camt053", "camt.053"), ("mt940", "mt940", "MT940"), ("csv", "auto", "CSV")];

/// A settlement session as VNPAY ended it, and as the gateway took its file.
pub struct Settled {
    /// What VNPAY says.
    pub told: Value,
    pub session: i64,
    pub id: String,
}

/// VNPAY ends its session; the accountant imports the file.
pub async fn settle(story: &mut Story, profile: &str) -> Result<Settled, Stop> {
    let told = story.vnpay.cut_session().await?;
    let session = amount(&told, "session")?;
    let file = story.vnpay.settlement(session).await?;
    let (size, key) = (file.len(), story.key());
    let answer =
        story.staff.send_file(&format!("/v1/settlements?profile={profile}"), file, &key).await?.must_be(201)?;
    let seen = answer.body;
    say(&format!("    Tệp quyết toán của VNPAY (settlement file), phiên {session}, {size} byte:"));
    let mut table = Table::new(&[">Dòng", ">Khớp", ">Vụ việc", ">Đã thu", ">Phí", ">Thực trả"]);
    let figure = |name: &'static str| amount(&seen, name);
    table.row([
        figure("lines")?.to_string(),
        figure("matched")?.to_string(),
        figure("cases")?.to_string(),
        dong(figure("gross")?),
        dong(figure("fee")?),
        dong(figure("net")?),
    ]);
    table.show();
    story.tally.check(
        figure("matched")? == amount(&told, "rows")? && figure("lines")? == amount(&told, "rows")?,
        format_args!("{}/{} dòng khớp với khoản tiền đã ghi", figure("matched")?, figure("lines")?),
        "every row is a payment of ours, of its amount",
    );
    let (kept, agreed) = (figure("fee")?, seen["expected_fee"].as_i64());
    story.tally.check(
        agreed == Some(kept),
        format_args!("phí VNPAY giữ {}, theo hợp đồng {}", dong(kept), agreed.map_or_else(|| "—".to_owned(), dong)),
        "VNPAY keeps what its contract says of each payment's day",
    );
    Ok(Settled { told, session, id: text(&seen, "id")? })
}

/// VNPAY's bank transfers what the session comes to.
pub async fn pay_out(story: &Story, number: &str, told: &Value) -> Result<Booked, Stop> {
    let (net, content) = (amount(told, "net")?, text(told, "content")?);
    let order =
        json!({"account": number, "amount": net, "content": content, "payer_name": "CTCP GIAI PHAP TT VIET NAM"});
    let booked = story.bank.transfer(order).await?;
    say(&format!("    VNPAY chuyển tiền (payout): {}, «{}», {}", dong(net), booked.content, booked.reference));
    Ok(booked)
}

/// Days before this run's that the bank has something of: what was booked after the last story of such a day.
pub async fn catch_up(story: &mut Story, account: &(String, String), days: Days) -> Result<(), Stop> {
    let (code, number) = account;
    let all = story.bank.transactions(number).await?;
    let Some(first) = all.iter().map(|booked| booked.day).filter(|day| *day < days.first).min() else { return Ok(()) };
    let Ok(last) = days.first.yesterday() else { return Ok(()) };
    let earlier = Days { first, last };
    let file = story.bank.statement(number, "camt053_v8", earlier).await?;
    let key = story.key();
    let path = format!("/v1/statements?account={code}&format=camt053");
    let seen = story.staff.send_file(&path, file, &key).await?;
    let taken = matches!(seen.status, 200 | 201);
    story.tally.check(
        taken,
        format_args!("sao kê các ngày trước, {first} đến {last}: HTTP {}", seen.status),
        "statements of earlier days are imported first",
    );
    Ok(())
}

/// The same days three times: the second and the third bring nothing new.
pub async fn statements(story: &mut Story, account: &(String, String), days: Days) -> Result<(), Stop> {
    let (code, number) = account;
    let all = story.bank.transactions(number).await?;
    let there: Vec<&Booked> = all.iter().filter(|booked| days.has(booked.day)).collect();
    // who took money off the account is a person's to say
    let credits: Vec<&&Booked> = there.iter().filter(|booked| booked.amount > 0).collect();
    let (there, credits) = (count(&there), count(&credits));
    let known = story.books()?.movements(code, &days.first.to_string(), &days.last.to_string()).await?;
    let mut table = Table::new(&["Sao kê", ">Byte", ">Dòng", ">Mới", ">Khớp", ">Vụ việc", ">Đầu kỳ", ">Cuối kỳ"]);
    let mut found = Vec::new();
    for (theirs, ours, name) in FORMATS {
        let file = story.bank.statement(number, theirs, days).await?;
        let (size, key) = (file.len(), story.key());
        let path = format!("/v1/statements?account={code}&format={ours}");
        let seen = story.staff.send_file(&path, file, &key).await?.must_be(201)?.body;
        let figure = |name: &'static str| amount(&seen, name);
        found.push((figure("lines")?, figure("new_movements")?, figure("matched")?));
        let balance = |name: &str| seen[name].as_i64().map_or_else(|| "—".to_owned(), dong);
        table.row([
            name.to_owned(),
            size.to_string(),
            figure("lines")?.to_string(),
            figure("new_movements")?.to_string(),
            figure("matched")?.to_string(),
            figure("cases")?.to_string(),
            balance("opening_balance"),
            balance("closing_balance"),
        ]);
    }
    let Days { first, last } = days;
    let of = if first == last { format!("ngày {first}") } else { format!("từ {first} đến {last}") };
    say(&format!("    Sao kê {of} của {code}, ba định dạng (one statement, three formats):"));
    table.show();
    let new: Vec<i64> = found.iter().map(|file| file.1).collect();
    story.tally.check(
        new == [there - known, 0, 0],
        format_args!("biến động mới: {} rồi 0 rồi 0", new.first().unwrap_or(&0)),
        "new movements come with the first file only",
    );
    let claimed: Vec<String> = found.iter().map(|file| format!("{}/{}", file.2, file.0)).collect();
    story.tally.check(
        found.iter().all(|file| file.0 == there && file.2 == credits),
        format_args!("dòng đã rõ là khoản nào: {}", claimed.join(", ")),
        "every credit is claimed, in every file",
    );
    Ok(())
}
