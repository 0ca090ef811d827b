//! What a citizen sees: one page with a button for each channel, and a look-up for whoever has the dossier's code. Nobody
//! presses one here: the fee is paid at the counter, two scenes on.

use crate::story::cast::Fee;
use crate::story::checkout::{known, open};
use crate::story::gateway::list;
use crate::story::paper::{Table, say};
use crate::story::stage::Story;
use crate::story::stop::Stop;

/// Those that a payer begins. Bills are paid where they are shown, cash is paid at the desk.
const BUTTONS: [&str; 6] = ["mobile_money", "momo", "national", "vietqr", "vnpay", "zalopay"];

pub async fn play(story: &mut Story) -> Result<(), Stop> {
    let intent = open(story, &[Fee::ThirdHousehold], None).await?;
    let path = format!("/v1/payment-intents/{}", known(story, intent)?.id);
    let seen = story.api.get(&path).await?.must_be(200)?.body;
    let url = seen["checkout_url"].as_str().ok_or(Stop::Missing("checkout_url"))?;
    let page = story.browser.open(url).await?;
    let mut table = Table::new(&["Kênh (channel)", "Loại", "Dùng được", "Nút trên trang (button)"]);
    let mut shown = Vec::new();
    for channel in list(&seen, "channels") {
        let code = channel["code"].as_str().unwrap_or("?");
        let is_there = page.text.contains(&format!("name=\"channel\" value=\"{code}\""));
        if is_there && channel["available"] == true {
            shown.push(code.to_owned());
        }
        let mark = |yes: bool| if yes { "có" } else { "không" }.to_owned();
        let kind = channel["kind"].as_str().unwrap_or("?").to_owned();
        table.row([code.to_owned(), kind, mark(channel["available"] == true), mark(is_there)]);
    }
    table.show();
    shown.sort();
    story.tally.check(
        page.status == 200 && shown == BUTTONS,
        format_args!("trang của người nộp có nút cho {} kênh", shown.len()),
        "the payer's page has a button for every channel",
    );
    look_up(story).await
}

async fn look_up(story: &mut Story) -> Result<(), Stop> {
    let obligation = story.cast.get(Fee::ThirdHousehold)?;
    let (code, name) = (obligation.dossier_code.clone(), obligation.name);
    let page = story.browser.open_here(&format!("/pay?dossier={code}")).await?;
    say(&format!("    Tra cứu (look-up): /pay?dossier={code}, HTTP {}", page.status));
    story.tally.check(
        page.status == 200 && page.text.contains(name),
        format_args!("ai có mã hồ sơ thấy được khoản «{name}»"),
        "whoever has the dossier's code sees what it owes",
    );
    Ok(())
}
