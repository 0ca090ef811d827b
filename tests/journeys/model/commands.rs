//! What may happen to a gateway, chosen by dice among what exists, done over HTTP and told to the clerk.

use super::clerk::{At, Named, Place};
use super::table::{COIN, Table, coins, dong};
use serde_json::{Value, json};
use std::time::Duration;
use tests::bank::{ACCOUNT, OTHER_ACCOUNT};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Opens,
    Pays,
    Transfers,
    Unidentified,
    Repeats,
    Statement,
    Proposes,
    Decides,
    Withdraws,
    Moves,
    ComesBack,
    Reverses,
    Lowers,
    Cancels,
    Lapses,
    Renews,
}

/// How many there are.
pub const KINDS: usize = Kind::Renews as usize + 1;

impl Table {
    fn one_of(&mut self, all: Vec<usize>) -> Option<usize> {
        if all.is_empty() { None } else { all.get(self.below(all.len())).copied() }
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.dice.below(u64::try_from(n).unwrap())).unwrap()
    }

    fn chance(&mut self, in_a_hundred: u64) -> bool {
        self.dice.below(100) < in_a_hundred
    }

    /// One command; what it was.
    pub async fn one(&mut self) -> String {
        loop {
            // there is little to do before somebody may pay
            let (kind, did) = match self.dice.below(if self.intents.len() < 2 { 10 } else { 100 }) {
                0..10 => (Kind::Opens, self.opens().await),
                10..26 => (Kind::Pays, self.pays().await),
                26..42 => (Kind::Transfers, self.transfers().await),
                42..44 => (Kind::Unidentified, self.pays_unidentified().await),
                44..48 => (Kind::Repeats, self.repeats().await),
                48..51 => (Kind::Statement, self.has_statement().await),
                51..64 => (Kind::Proposes, self.proposes().await),
                64..74 => (Kind::Decides, self.decides().await),
                74..77 => (Kind::Withdraws, self.withdraws().await),
                77..84 => (Kind::Moves, self.refunds_move().await),
                84..87 => (Kind::ComesBack, self.comes_back().await),
                87..90 => (Kind::Reverses, self.reverses().await),
                90..93 => (Kind::Lowers, self.lowers().await),
                93..95 => (Kind::Cancels, self.cancels().await),
                95..98 => (Kind::Lapses, self.lapses().await),
                _ => (Kind::Renews, self.renews().await),
            };
            if let Some(did) = did {
                self.done.insert(kind);
                return did;
            }
        }
    }

    // ------------------------------------------------------------ plans

    async fn opens(&mut self) -> Option<String> {
        let bits = 1 + self.dice.below(15);
        let fees: Vec<usize> = (0..self.fees.len()).filter(|f| bits & (1 << f) != 0).collect();
        let free = fees.iter().all(|f| self.clerk.fees[*f].state == "due" && !self.clerk.is_held(*f));
        let ids: Vec<&Value> = fees.iter().map(|f| &self.fees[*f]["id"]).collect();
        let body = json!({"obligation_ids": ids, "expires_in_s": 3_600});
        self.may_break();
        let portal = self.house.portal.clone();
        let said = self.asks(&portal, "/v1/payment-intents", body).await;
        if !free {
            assert_eq!(said.status, 409, "{}", said.text);
            return Some(format!("may not open {fees:?}"));
        }
        self.intents.push(said.expect(201));
        self.clerk.open(fees.clone(), self.clerk.now + 1_000);
        Some(format!("opens {fees:?}"))
    }

    async fn cancels(&mut self) -> Option<String> {
        let at = self.one_of((0..self.intents.len()).collect())?;
        let (portal, path) = (self.house.portal.clone(), self.path(at, "cancel"));
        self.may_break();
        let said = self.asks(&portal, &path, json!({})).await;
        if self.clerk.intents[at].state == "open" {
            said.expect(200);
            self.clerk.intents[at].state = "cancelled";
        } else {
            assert_eq!(said.status, 409, "{}", said.text);
        }
        Some(format!("cancels intent {at}"))
    }

    /// The deadline of one passes, the worker sees to it.
    async fn lapses(&mut self) -> Option<String> {
        let at = self.one_of((0..self.intents.len()).collect())?;
        let id = self.intents[at]["reference"].as_str()?.to_owned();
        let past = format!("update intent set expires_at = now() - interval '1 second' where reference = '{id}'");
        self.house.ask(&past).await;
        self.clerk.now += 1;
        self.clerk.intents[at].deadline = self.clerk.now;
        self.may_break();
        self.works().await;
        Some(format!("the deadline of intent {at} passes"))
    }

    async fn renews(&mut self) -> Option<String> {
        let at =
            self.one_of((0..self.intents.len()).filter(|i| self.clerk.intents[*i].state == "expired").collect())?;
        let (portal, path) = (self.house.portal.clone(), self.path(at, "renew"));
        self.may_break();
        let said = self.asks(&portal, &path, json!({"expires_in_s": 3_600})).await;
        if self.clerk.is_free(at) {
            said.expect(200);
            self.clerk.renew(at, self.clerk.now + 1_000);
        } else {
            assert_eq!(said.status, 409, "{}", said.text);
        }
        Some(format!("renews intent {at}"))
    }

    fn path(&self, intent: usize, what: &str) -> String {
        format!("/v1/payment-intents/{}/{what}", self.intents[intent]["id"].as_str().unwrap())
    }

    // ------------------------------------------------------------ money comes

    /// At VNPAY: a new attempt, or one of before, whatever has become of its intent.
    async fn pays(&mut self) -> Option<String> {
        let fresh = self.chance(80);
        let at = if fresh { self.starts().await? } else { self.one_of(self.unpaid.clone())? };
        if fresh && self.chance(15) {
            return Some(format!("starts attempt {at}"));
        }
        self.unpaid.retain(|a| *a != at);
        let off = if self.chance(12) { COIN } else { 0 };
        let order = json!({"order_ref": self.attempts[at]["order_ref"]});
        if off != 0 {
            self.house.sim("script", json!({"match": order, "do": [{"amount_delta": off}], "times": 1})).await;
        }
        if self.chance(20) {
            self.house.sim("script", json!({"match": order, "do": [{"repeat": 3}], "times": 1})).await;
        }
        self.may_break();
        self.house.sim("pay", order).await;
        let amount = self.clerk.attempts[at].amount + usize::from(off != 0);
        let order = self.attempts[at]["order_ref"].as_str()?.to_owned();
        let sql = format!("select payment_id from assurance.payment where channel = 'vnpay' and order_ref = '{order}'");
        let payment = self.booked(&sql).await;
        self.payments.push(payment);
        self.references.push(None);
        self.clerk.comes(amount, Place::Clearing, Named::Order(at));
        Some(format!("pays attempt {at}, {off} off"))
    }

    async fn starts(&mut self) -> Option<usize> {
        let at =
            self.one_of((0..self.intents.len()).filter(|i| self.clerk.intents[*i].state != "cancelled").collect())?;
        let (portal, path) = (self.house.portal.clone(), self.path(at, "attempts"));
        self.may_break();
        let said = self.asks(&portal, &path, json!({"channel": "vnpay"})).await;
        let due = self.clerk.amount_due(at);
        if self.clerk.intents[at].state != "open" || due == 0 {
            assert_eq!(said.status, 409, "{}", said.text);
            return None;
        }
        let attempt = said.expect(201);
        let page = self.house.http.get(attempt["action"]["url"].as_str()?).send().await.unwrap();
        assert_eq!(page.status(), 200);
        let number = self.clerk.start(at);
        assert_eq!(self.clerk.attempts[number].amount, due);
        self.clerk.news(number, "offered");
        self.attempts.push(attempt);
        self.unpaid.push(number);
        Some(number)
    }

    async fn transfers(&mut self) -> Option<String> {
        let at = self.one_of((0..self.intents.len()).collect())?;
        let due = self.clerk.amount_due(at).max(3);
        let amount = match self.dice.below(6) {
            0 => due - 2,
            1 => due + 3,
            2 => 1 + self.below(12),
            _ => due,
        };
        let wrong = self.chance(6);
        let named = if wrong { Named::WrongAccount(at) } else { Named::Reference(at, None) };
        let content = self.intents[at]["reference"].as_str()?.to_owned();
        self.transfer(amount, &content, wrong, named).await;
        Some(format!("transfers {amount} for intent {at}{}", if wrong { ", to a wrong account" } else { "" }))
    }

    async fn pays_unidentified(&mut self) -> Option<String> {
        let amount = 1 + self.below(12);
        self.transfer(amount, "nop phi", false, Named::Nothing).await;
        Some(format!("transfers {amount} for nobody knows what"))
    }

    async fn transfer(&mut self, amount: usize, content: &str, wrong: bool, named: Named) {
        let number = if wrong { OTHER_ACCOUNT } else { ACCOUNT };
        self.is_other_account_used |= wrong;
        self.may_break();
        let how = json!({"account": number, "amount": dong(amount), "content": content});
        let booked = self.house.bank_sim("bank/transfer", how).await["transaction"].clone();
        let reference = booked["reference"].as_str().unwrap().to_owned();
        let sql = format!(
            "select p.payment_id from assurance.payment p
             where p.receiving_account like '%.{number}' and p.bank_ref = '{reference}'"
        );
        let payment = self.booked(&sql).await;
        self.payments.push(payment);
        self.references.push((!wrong).then_some(reference));
        self.clerk.comes(amount, Place::Transit, named);
    }

    /// VNPAY or the bank tells again what it told before.
    async fn repeats(&mut self) -> Option<String> {
        let orders = self.house.orders().await;
        let calls = orders.iter().flat_map(|o| o["ipn"].as_array().cloned().unwrap_or_default());
        let urls: Vec<String> = calls.filter_map(|c| c["url"].as_str().map(str::to_owned)).collect();
        let at = self.one_of((0..urls.len()).collect())?;
        self.may_break();
        for _ in 0..40 {
            let answer = self.house.http.get(&urls[at]).send().await.unwrap();
            let code = answer.json::<Value>().await.unwrap()["RspCode"].as_str()?.to_owned();
            if code != "99" {
                // known, or known with another amount
                assert!(["02", "04"].contains(&code.as_str()), "{code}");
                return Some("VNPAY repeats itself".to_owned());
            }
        }
        panic!("a repeat was never answered");
    }

    async fn has_statement(&mut self) -> Option<String> {
        self.may_break();
        self.statement().await;
        Some("a statement".to_owned())
    }

    // ------------------------------------------------------------ money goes back

    async fn proposes(&mut self) -> Option<String> {
        let at = self.one_of((0..self.payments.len()).collect())?;
        if self.clerk.payments[at].by_bank
            && self.clerk.coins.iter().any(|c| c.payment == at && c.place == Place::Transit)
        {
            self.statement().await;
        }
        let bits = self.dice.below(32);
        let given = (0..self.fees.len()).filter(|f| bits & (1 << f) != 0);
        let given = given.map(|f| (Some(f), self.clerk.count(at, At::Fee(f))));
        let mut lines: Vec<(Option<usize>, usize)> = given.filter(|(_, n)| *n > 0).collect();
        let held = self.clerk.held(at);
        if held > 0 && (lines.is_empty() || self.chance(60)) {
            let part = if self.chance(50) { held } else { 1 + self.below(held) };
            lines.push((None, part + usize::from(self.chance(5))));
        }
        if lines.is_empty() {
            return None;
        }
        let payment = self.payments[at].clone();
        let staff = self.house.staff.clone();
        let seen = self.reads(&staff, &format!("/v1/payments/{payment}")).await;
        assert_eq!(seen["refundable_amount"].as_i64()?, self.clerk.refundable(at) * COIN, "{seen}");
        let reopens = self.chance(70);
        let body = self.proposal(&lines, reopens, &seen["refundable_amount"]);
        self.may_break();
        let said = self.asks(&staff, &format!("/v1/payments/{payment}/refunds"), body).await;
        let what = format!("refund of {lines:?} from payment {at}");
        if !self.clerk.may_be_asked(at, &lines) {
            assert!(matches!(said.status, 409 | 422), "{what}: {}", said.text);
            return Some(format!("may not propose a {what}"));
        }
        // nothing goes back as a duplicate before both credits are proven
        let duplicate = self.clerk.count(at, At::Held("duplicate")) > 0 && lines.iter().any(|(fee, _)| fee.is_none());
        if duplicate && said.json["code"] == "credit_not_proven" {
            return Some(format!("may not yet propose a {what}"));
        }
        let refund = said.expect(201);
        if !self.clerk.payments[at].by_bank && self.chance(25) {
            let order = json!({"order_ref": seen["order_ref"]});
            if seen["order_ref"].is_string() {
                self.house.sim("script", json!({"match": order, "do": [{"refund_refused": true}], "times": 1})).await;
            }
        }
        self.refunds.push(refund);
        self.clerk.propose(at, lines, reopens);
        Some(format!("proposes a {what}"))
    }

    fn proposal(&self, lines: &[(Option<usize>, usize)], reopens: bool, refundable: &Value) -> Value {
        let line = |(fee, n): &(Option<usize>, usize)| match fee {
            Some(fee) => json!({"obligation_id": self.fees[*fee]["id"], "amount": dong(*n)}),
            None => json!({"amount": dong(*n)}),
        };
        json!({
            "lines": lines.iter().map(line).collect::<Vec<_>>(), "then": if reopens { "reopen" } else { "close" },
            "reason_code": "nop_nham", "note": "Nộp nhầm hồ sơ", "refundable_amount": refundable,
            "payer_account": {"bank_bin": "970422", "account_number": "0001234567", "account_name": "NGUYEN VAN A"},
        })
    }

    fn refund_in(&mut self, states: &[&str]) -> Option<usize> {
        let of: Vec<usize> =
            (0..self.refunds.len()).filter(|r| states.contains(&self.clerk.refunds[*r].state)).collect();
        self.one_of(of)
    }

    async fn decides(&mut self) -> Option<String> {
        let at = self.refund_in(&["pending_approval"])?;
        let yes = self.chance(85);
        let word = if yes { "approve" } else { "reject" };
        let path = format!("/v1/approvals/{}/{word}", self.refunds[at]["approval_id"].as_str()?);
        let approver = self.approver.clone();
        self.may_break();
        let said = self.asks(&approver, &path, json!({"note": "Đã xem"})).await;
        if !yes {
            said.expect(200);
            self.clerk.refunds[at].state = "rejected";
        } else if self.clerk.approve(at) {
            said.expect(200);
        } else {
            assert_eq!(said.refused(409), "approval_stale");
            self.clerk.refunds[at].state = "cancelled";
        }
        Some(format!("{word}s refund {at}"))
    }

    async fn withdraws(&mut self) -> Option<String> {
        let at = self.refund_in(&["pending_approval", "approved", "awaiting_statement", "submitted"])?;
        let path = format!("/v1/refunds/{}/cancel", self.refunds[at]["id"].as_str()?);
        let staff = self.house.staff.clone();
        self.may_break();
        let said = self.asks(&staff, &path, json!({})).await;
        match self.clerk.refunds[at].state {
            "submitted" => assert_eq!(said.refused(409), "refund_not_cancellable"),
            "pending_approval" => {
                said.expect(200);
                self.clerk.refunds[at].state = "cancelled";
            }
            state => {
                said.expect(200);
                self.clerk.fails(at, if state == "approved" { "cancelled" } else { "failed" });
            }
        }
        Some(format!("withdraws refund {at}"))
    }

    /// The worker hands refunds on, VNPAY pays them out or does not, people transfer what they are given.
    async fn refunds_move(&mut self) -> Option<String> {
        self.refund_in(&["approved", "submitted", "unknown", "awaiting_statement"])?;
        self.may_break();
        for _ in 0..6 {
            self.works().await;
            if self.refund_in(&["approved", "submitted", "unknown"]).is_none() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
        if let Some(at) = self.refund_in(&["awaiting_statement"]) {
            let staff = self.house.staff.clone();
            let refund = self.reads(&staff, &format!("/v1/refunds/{}", self.refunds[at]["id"].as_str()?)).await;
            let text = refund["work_item"]["text"].as_str().unwrap().to_owned();
            let amount = dong(self.clerk.refunds[at].amount());
            let how = json!({"account": ACCOUNT, "amount": amount, "content": text, "direction": "out"});
            self.texts.insert(at, text);
            self.house.bank_sim("bank/transfer", how).await;
            self.may_break();
            self.statement().await;
            assert_eq!(self.clerk.refunds[at].state, "succeeded", "refund {at} has its debit");
        }
        Some("refunds move on".to_owned())
    }

    /// The payer's bank sends a transfer back.
    async fn comes_back(&mut self) -> Option<String> {
        let of = self.texts.keys().copied().filter(|r| self.clerk.refunds[*r].state == "succeeded").collect();
        let at = self.one_of(of)?;
        let text = format!("{} tra lai", self.texts[&at]);
        let amount = dong(self.clerk.refunds[at].amount());
        if self.chance(30) {
            self.house.tellers_are_lost().await;
        }
        let how = json!({"account": ACCOUNT, "amount": amount, "content": text, "direction": "in"});
        self.house.bank_sim("bank/transfer", how).await;
        self.may_break();
        self.statement().await;
        self.house.bank_as_usual().await;
        assert_eq!(self.clerk.refunds[at].state, "failed", "refund {at} is back");
        Some(format!("refund {at} comes back"))
    }

    /// The bank takes a credit back that is on a statement.
    async fn reverses(&mut self) -> Option<String> {
        let whole = |p: &usize| {
            let coins = self.clerk.coins.iter().filter(|c| c.payment == *p);
            self.references[*p].is_some()
                && !self.clerk.payments[*p].is_reversed
                // a transfer that nobody has made goes with it
                && coins.clone().all(|c| match c.at {
                    At::Refund(r) => ["approved", "awaiting_statement"].contains(&self.clerk.refunds[r].state),
                    _ => true,
                })
                && !self.clerk.refunds.iter().any(|r| r.payment == *p && r.state == "failed" && r.taken.is_empty())
        };
        let of: Vec<usize> = (0..self.payments.len()).filter(whole).collect();
        let at = self.one_of(of)?;
        self.statement().await;
        let reference = self.references[at].clone()?;
        self.house.bank_sim("bank/reverse", json!({"account": ACCOUNT, "reference": reference})).await;
        self.may_break();
        self.statement().await;
        assert!(self.clerk.taken_back(at));
        Some(format!("the bank takes payment {at} back"))
    }

    async fn lowers(&mut self) -> Option<String> {
        let at = self.one_of((0..self.fees.len()).filter(|f| self.clerk.fees[*f].state == "paid").collect())?;
        let by = 1 + self.below(4);
        if by >= self.clerk.fees[at].amount {
            return None;
        }
        let path = format!("/v1/obligations/{}/reductions", self.fees[at]["id"].as_str()?);
        let (staff, approver) = (self.house.staff.clone(), self.approver.clone());
        let body = json!({"amount": dong(by), "reason_code": "tinh_sai"});
        let proposed = self.asks(&staff, &path, body).await.expect(201);
        let path = format!("/v1/approvals/{}/approve", proposed["approval_id"].as_str()?);
        self.may_break();
        self.asks(&approver, &path, json!({})).await.expect(200);
        self.clerk.lowered(at, by);
        let now = self.house.portal.obligation(&self.fees[at]).await;
        assert_eq!(coins(&now["amount"]), self.clerk.fees[at].amount);
        Some(format!("lowers fee {at} by {by}"))
    }
}
