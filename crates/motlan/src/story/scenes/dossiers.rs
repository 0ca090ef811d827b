//! Every dossier with its two obligations. Registered twice they are the same; what is exempt can be in no intent.

use serde_json::json;

use crate::story::cast::Fee;
use crate::story::gateway::{amount, list, text};
use crate::story::paper::{Table, dong, say};
use crate::story::stage::Story;
use crate::story::stop::{Stop, shown};

pub async fn register(story: &mut Story) -> Result<(), Stop> {
    let mut table = Table::new(&["Hồ sơ", "Khoản thu", ">Mức thu", ">Giảm", ">Phải nộp", "Trạng thái", "HTTP"]);
    for at in 0..story.cast.obligations.len() {
        register_one(story, at, &mut table).await?;
    }
    table.show();
    repeat_all(story).await?;
    look_up(story).await?;
    refuse_exempt(story).await
}

async fn register_one(story: &mut Story, at: usize, table: &mut Table) -> Result<(), Stop> {
    let Some(obligation) = story.cast.obligations.get_mut(at) else { return Ok(()) };
    let path = format!("/v1/obligations/{}", obligation.external_ref);
    let answer = story.api.put(&path, &obligation.body).await?.must_be(201)?;
    let (net, status) = (amount(&answer.body, "amount")?, text(&answer.body, "status")?);
    obligation.id = Some(text(&answer.body, "id")?);
    table.row([
        obligation.dossier_code.clone(),
        obligation.name.to_owned(),
        dong(obligation.gross),
        dong(obligation.relief),
        dong(net),
        status.clone(),
        answer.status.to_string(),
    ]);
    let (gross, relief) = (dong(obligation.gross), dong(obligation.relief));
    story.tally.check(
        net == obligation.amount() && status == obligation.expected_status(),
        format_args!("«{}»: {gross} − {relief} = {}, {status}", obligation.name, dong(net)),
        "registered; what is owed is gross less relief",
    );
    for warning in list(&answer.body, "warnings") {
        say(&format!("    Biểu phí nhắc (the catalogue warns): {warning}"));
    }
    Ok(())
}

async fn repeat_all(story: &mut Story) -> Result<(), Stop> {
    let mut same = 0;
    for obligation in &story.cast.obligations {
        let path = format!("/v1/obligations/{}", obligation.external_ref);
        let answer = story.api.put(&path, &obligation.body).await?;
        if answer.status == 200 && answer.body["id"].as_str() == obligation.id.as_deref() {
            same += 1;
        } else {
            say(&format!("    PUT {path}: HTTP {}\n{}", answer.status, shown(&answer.body)));
        }
    }
    let all = story.cast.obligations.len();
    story.tally.check(
        same == all,
        format_args!("gửi lại y hệt: {same}/{all} trả 200 với cùng mã"),
        "put again equal: 200 with the same id",
    );
    Ok(())
}

async fn look_up(story: &mut Story) -> Result<(), Stop> {
    for code in story.cast.dossiers.clone() {
        let seen = story.api.get(&format!("/v1/obligations?dossier_code={code}")).await?.must_be(200)?.body;
        let found = list(&seen, "data").iter().filter_map(|shown| shown["id"].as_str());
        let ours = found.filter(|id| story.cast.by_id(id).is_some_and(|o| o.dossier_code == code)).count();
        story.tally.check(
            ours == 2 && list(&seen, "data").len() == 2,
            format_args!("hồ sơ {code} có {ours} khoản thu"),
            "the dossier lists its two obligations",
        );
    }
    Ok(())
}

async fn refuse_exempt(story: &mut Story) -> Result<(), Stop> {
    let id = story.cast.get(Fee::CivilExtract)?.id()?.to_owned();
    let key = story.key();
    let answer = story.api.post("/v1/payment-intents", &json!({"obligation_ids": [id]}), &key).await?;
    story.tally.check(
        answer.is_problem(409, "obligation_exempt"),
        format_args!("khoản được miễn không thể thanh toán: HTTP {}", answer.status),
        "an exempt obligation can be in no intent",
    );
    say(&shown(&answer.body));
    Ok(())
}
