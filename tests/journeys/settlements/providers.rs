//! Files of MoMo, ZaloPay, Mobile Money and the national platform, as CSV and as workbooks: what each of their simulators
//! plants in a day's file is found and named. The files come from what the simulators know.

use super::stands;
use crate::mobile_money::{owed, started};
use crate::refunds::{approves, becomes, payment_of, proposes, second_person, whole};
use domain::Vnd;
use domain::fee::{ProviderFee, Rounding};
use serde_json::{Value, json};
use tests::files::{account, today};
use tests::portal::{Answered, Portal, fresh};
use tests::rows::digest;
use tests::{House, Plan};

struct Provider {
    channel: &'static str,
    profile: &'static str,
    /// What the contract lets it keep, as its simulator does.
    rate_ppm: i32,
    fixed: i64,
    gives_back: bool,
    /// The word of its files.
    success: &'static str,
    /// The format that is sent first; the other one says the same again.
    formats: [&'static str; 2],
    /// Amounts end in it, so that each case is of one of them.
    mark: i64,
}

const fn of(channel: &'static str, profile: &'static str, rate_ppm: i32, fixed: i64, mark: i64) -> Provider {
    let (success, formats) = ("Thành công", ["csv", "xlsx"]);
    Provider { channel, profile, rate_ppm, fixed, gives_back: true, success, formats, mark }
}

const PROVIDERS: [Provider; 4] = [
    of("momo", "momo_main", 11_000, 0, 100),
    Provider { success: "SUCCESS", formats: ["xlsx", "csv"], ..of("zalopay", "zalopay_main", 9_000, 500, 200) },
    Provider { success: "completed", formats: ["xlsx", "csv"], ..of("mobile_money", "mm_main", 5_000, 0, 300) },
    Provider { success: "00", gives_back: false, ..of("national", "national_main", 0, 1_000, 400) },
];

impl Provider {
    fn fee(&self, amount: i64) -> i64 {
        (amount * i64::from(self.rate_ppm) + 500_000) / 1_000_000 + self.fixed
    }

    fn url<'h>(&self, house: &'h House) -> &'h str {
        match self.channel {
            "mobile_money" => &house.mobile_money.as_ref().unwrap().url,
            channel => house.wallets.as_ref().unwrap().url(channel),
        }
    }

    async fn file(&self, house: &House, format: &str) -> Vec<u8> {
        let url = format!("{}/_sim/settlement?date={}&format={format}", self.url(house), today());
        let answer = house.http.get(url).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        answer.bytes().await.unwrap().to_vec()
    }

    async fn sends(&self, house: &House, layout: &str, bytes: Vec<u8>) -> Answered {
        let path = format!("/v1/settlements?profile={}{layout}", self.profile);
        house.sends_file(&path, &format!("file-{}", fresh()), bytes).await
    }

    async fn control(&self, house: &House, what: &str, body: Value) {
        let call = house.http.post(format!("{}/_sim/{what}", self.url(house))).json(&body);
        let answer = call.send().await.unwrap();
        assert!(answer.status().is_success(), "{what}: {}", answer.text().await.unwrap());
    }

    /// What happens to a payment's row, or to the payment.
    async fn rule(&self, house: &House, attempt: &Value, what: &Value) {
        let what = if self.channel == "mobile_money" { json!({"payment": what}) } else { what.clone() };
        self.control(house, "script", json!({"match": {"order_ref": attempt["order_ref"]}, "do": [what]})).await;
    }

    /// Somebody pays a fee there; the fee, its intent, and the attempt.
    async fn pays(&self, house: &House, amount: i64, rules: &[Value]) -> (Value, Value, Value) {
        let (fee, intent) = owed(house, amount).await;
        let attempt = match self.channel {
            "mobile_money" => started(house, &intent, None).await,
            channel => house.at_wallet(channel, &intent).await,
        };
        for rule in rules {
            self.rule(house, &attempt, rule).await;
        }
        self.control(house, "pay", json!({"order_ref": attempt["order_ref"]})).await;
        if self.channel != "mobile_money" {
            house.wallet_called(self.channel, &attempt).await;
        }
        (fee, intent, attempt)
    }

    async fn agrees(&self, house: &House) {
        let db = house.gateway.ctx.pool.get().await.unwrap();
        let text = format!("{} TT", self.channel);
        assert!(storage::profiles::put_payouts(&db, self.profile, &account(), &text).await.unwrap());
        let (rounding, fixed) = (Rounding::HalfUp, Vnd::new(self.fixed));
        let from = "2026-01-01".parse().unwrap();
        let fee = ProviderFee { from, rate_ppm: self.rate_ppm, rounding, fixed };
        storage::profiles::put_fee(&db, self.profile, &fee).await.unwrap();
    }
}

/// Cases of a contract that are not closed, as `kind amount`; of what is in suspense, those of its payments.
async fn cases(house: &House, provider: &Provider) -> Vec<String> {
    let sql = format!(
        "select coalesce(json_agg(k.kind || ' ' || k.amount), '[]')
         from kase k left join payment p on p.id = k.payment_id
         where k.status <> 'closed' and (k.scope = 'clearing:{0}' or p.profile = '{0}')",
        provider.profile
    );
    let mut cases: Vec<String> = serde_json::from_str(&house.ask(&sql).await).unwrap();
    cases.sort();
    cases
}

/// What is planted: a row that is left out, two amounts that differ, a fee that does, a payment that only the file tells of, a
/// row for which nothing happened, a refund. Nobody but the file knows of the invented row, so that the books are not
/// compared with the simulators' word of their payments.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_providers_file_says_what_is_missing_differs_or_was_made_up_in_csv_and_in_a_workbook() {
    let plan = Plan { with_wallets: true, with_mobile_money: true, ..Plan::default() };
    let house = House::planned(plan).await;
    let approver = second_person(&house).await;
    for provider in &PROVIDERS {
        plays(&house, provider, &approver).await;
    }
    house.drain().await;
    house.holds().await;
    house.stop().await;
}

async fn plays(house: &House, provider: &Provider, approver: &Portal) {
    let channel = provider.channel;
    provider.agrees(house).await;
    let amount = |thousands: i64| thousands * 1_000 + provider.mark;
    let settles = |action: Value| json!({"settlement": action});

    let (_, _, odd) = provider.pays(house, amount(21), &[settles(json!({"status": "Tạm giữ"}))]).await;
    let (lost, _, _) = provider.pays(house, amount(33), &[settles(json!("omit"))]).await;
    provider.pays(house, amount(40), &[settles(json!({"amount_delta": 500}))]).await;
    provider.pays(house, amount(50), &[settles(json!({"fee_delta": 300}))]).await;
    let (back, intent, _) = provider.pays(house, amount(64), &[]).await;
    house.drain().await;
    if provider.gives_back {
        let payment = payment_of(house, &intent).await;
        let refund = proposes(&house.staff, &payment, &[whole(&back)], "close").await.expect(201);
        approves(approver, &refund).await.expect(200);
        becomes(house, &refund, "succeeded").await;
    }
    let (_, only_there, _) = provider.pays(house, amount(77), &[json!({"drop": true})]).await;
    assert_ne!(house.portal.intent(&only_there).await["status"], "paid", "{channel}");
    let made_up = json!({"kind": "payment", "transaction_no": format!("88{}", provider.mark), "amount": amount(88)});
    provider.control(house, "settlement/invent", made_up).await;

    // a word that the layout does not know is no row that is left out
    let before = digest(&house.database).await;
    for format in provider.formats {
        let answer = provider.sends(house, "", provider.file(house, format).await).await;
        assert!(answer.text.contains("the status does not fit"), "{channel}: {}", answer.text);
        assert_eq!(answer.refused(422), "file_refused", "{channel}");
    }
    assert_eq!(digest(&house.database).await, before);
    provider.rule(house, &odd, &settles(json!({"status": provider.success}))).await;

    let [first, again] =
        [provider.file(house, provider.formats[0]).await, provider.file(house, provider.formats[1]).await];
    // under another contract it names another merchant
    for other in PROVIDERS.iter().filter(|other| other.channel != channel) {
        other.agrees(house).await;
        let layout = format!("&layout={channel}-settlement");
        assert_eq!(other.sends(house, &layout, first.clone()).await.refused(422), "other_account", "{channel}");
    }
    let file = provider.sends(house, "", first).await.expect(201);

    let rows = [amount(21), amount(40) + 500, amount(50), amount(64), amount(77), amount(88)];
    let kept = [amount(21), amount(40), amount(50), amount(64), amount(77), amount(88)].map(|of| provider.fee(of));
    let (gross, fee) = (rows.iter().sum::<i64>(), kept.iter().sum::<i64>() + 300);
    let refunds = if provider.gives_back { amount(64) } else { 0 };
    let sums = ["gross", "fee", "refunds", "net"].map(|sum| file[sum].as_i64().unwrap());
    assert_eq!(sums, [gross, fee, refunds, gross - fee - refunds], "{channel}");
    let too_much = fee - rows.iter().map(|of| provider.fee(*of)).sum::<i64>();
    let mut found = vec![
        "amount_differs 500".to_owned(),
        format!("amount_differs {too_much}"),
        format!("missing_at_provider {}", amount(33)),
        format!("unidentified {}", amount(88)),
    ];
    found.sort();
    assert_eq!(cases(house, provider).await, found, "{channel}");
    assert_eq!(house.portal.intent(&only_there).await["status"], "paid", "{channel}");
    assert_eq!(
        house.portal.obligation(&lost).await["status"],
        "paid",
        "{channel}: money that we were told of is not forgotten"
    );
    let clearing = stands(house, &format!("clearing:{}", provider.profile)).await;
    assert_eq!(clearing, amount(33) - 500, "{channel}: what the file is silent about, less what it has too much");
    assert_eq!(stands(house, &format!("fee:{}", provider.profile)).await, fee, "{channel}");

    // the same day in the other format pays nothing a second time
    let matched = "select count(*) from assurance.settlement_line where booked";
    let (count, booked) = (house.ask(matched).await, digest_of_ledger(house).await);
    let again = provider.sends(house, "", again).await.expect(201);
    assert_eq!(["gross", "fee", "refunds", "net"].map(|sum| again[sum].as_i64().unwrap()), sums, "{channel}");
    assert_eq!((house.ask(matched).await, digest_of_ledger(house).await), (count, booked), "{channel}");
    let mut found_again = found;
    found_again.push(format!("amount_differs {}", sums[3]));
    found_again.sort();
    assert_eq!(cases(house, provider).await, found_again, "{channel}: what it would pay out again");
}

async fn digest_of_ledger(house: &House) -> String {
    house.ask("select count(*) || ' ' || coalesce(sum(abs(amount)), 0) from assurance.ledger_entry").await
}
