//! The ways in which money comes: what a payer has in hand before paying, and what the other side does to its reports then,
//! as far as it knows the rule.

use crate::gate::{Asked, Told};
use crate::payers::{Payers, Payment, text};
use crate::tally;
use serde_json::{Value, json};

/// Channels whose provider gives the page of an order once (docs/channels): lost on its way, it is lost.
const PAGE_ONCE: [&str; 2] = ["zalopay", "national"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Vnpay,
    Transfer,
    Momo,
    Zalopay,
    National,
    /// Mobile Money, confirmed on the phone.
    Phone,
    /// Mobile Money, by a code that the payer gives with the number.
    Code,
    /// In the application of a bank, which asks here and pays here.
    BankBill,
    /// The same in that of a Mobile Money provider.
    PhoneBill,
    Cash,
    Card,
}

impl Way {
    pub const ALL: [Self; 11] = [
        Self::Vnpay,
        Self::Transfer,
        Self::Momo,
        Self::Zalopay,
        Self::National,
        Self::Phone,
        Self::Code,
        Self::BankBill,
        Self::PhoneBill,
        Self::Cash,
        Self::Card,
    ];
    /// Providers with an order that waits for its payer; VNPAY is half of them.
    pub const PROVIDERS: [Self; 8] =
        [Self::Vnpay, Self::Vnpay, Self::Vnpay, Self::Vnpay, Self::Momo, Self::Zalopay, Self::National, Self::Phone];
    /// Those whose money may come after the deadline.
    pub const LATE: [Self; 6] = [Self::Vnpay, Self::Transfer, Self::Momo, Self::Zalopay, Self::National, Self::Phone];
    /// Those that give back by a call.
    pub const REFUNDING: [Self; 6] = [Self::Vnpay, Self::Vnpay, Self::Vnpay, Self::Momo, Self::Zalopay, Self::Phone];

    /// The simulator, by the name of its log; of a desk there is none.
    pub fn at(self) -> &'static str {
        match self {
            Self::Vnpay => "vnpay",
            Self::Transfer => "bank",
            Self::Momo => "momo",
            Self::Zalopay => "zalopay",
            Self::National => "national",
            Self::Phone | Self::Code => "mobile_money",
            Self::BankBill => "bank_bills",
            Self::PhoneBill => "mobile_money_bills",
            Self::Cash | Self::Card => "counter",
        }
    }

    /// The attempt's channel.
    fn channel(self) -> &'static str {
        if self == Self::Transfer { "vietqr" } else { self.at() }
    }
}

/// What a payer has in hand.
pub enum Ready {
    /// An order that waits.
    Order(Way, Value),
    /// A code to scan.
    Transfer(Value),
    Bill(Way, Value),
    /// Nothing yet: the number and the code, or cash and card, are in the payer's own hands.
    Bare(Way),
}

impl Ready {
    pub fn attempt(&self) -> &Value {
        match self {
            Self::Order(_, attempt) | Self::Transfer(attempt) => attempt,
            Self::Bill(..) | Self::Bare(_) => &Value::Null,
        }
    }
}

impl Payers {
    /// None where a fault broke it off, or the gateway refused it.
    pub async fn ready(&self, payment: &Payment, way: Way) -> Option<Ready> {
        Some(match way {
            Way::Vnpay | Way::Momo | Way::Zalopay | Way::National => {
                Ready::Order(way, self.attempt(payment, json!({"channel": way.channel()})).await?)
            }
            Way::Phone => {
                let asked = json!({"channel": way.channel(), "payer_phone": format!("0{}", self.phone())});
                Ready::Order(way, self.attempt(payment, asked).await?)
            }
            Way::Transfer => Ready::Transfer(self.attempt(payment, json!({"channel": way.channel()})).await?),
            Way::BankBill | Way::PhoneBill => Ready::Bill(way, self.bill_of(way, payment).await?),
            Way::Code | Way::Cash | Way::Card => Ready::Bare(way),
        })
    }

    /// Pays; whether the money is certainly there, and as much as is due. None: nobody knows yet.
    pub async fn pays_by(&self, payment: &Payment, ready: &Ready, late: bool) -> Option<bool> {
        match ready {
            Ready::Order(way, attempt) => self.pays(*way, attempt, late).await,
            Ready::Transfer(attempt) => {
                self.transfers(attempt, payment.amount, &payment.reference()).await?;
                Some(true)
            }
            Ready::Bill(way, bill) => self.pays_bill(*way, payment, bill).await,
            Ready::Bare(Way::Code) => self.gives_code(payment).await,
            Ready::Bare(way) => {
                let tender = if *way == Way::Card { "card" } else { "cash" };
                self.at_desk(payment, tender).await.map(|taken| taken.is_some())
            }
        }
    }

    /// Pays at a provider, which reports it as the odds say; whether it took what was ordered.
    pub async fn pays(&self, way: Way, attempt: &Value, late: bool) -> Option<bool> {
        let (mut what, lied) = self.reported(way, true);
        if late {
            what.push(json!({"late": true}));
        }
        self.rule(way, attempt, what).await?;
        self.sim(way.at(), "pay", json!({"order_ref": attempt["order_ref"]})).await?;
        Some(!lied)
    }

    /// The payer's application has made a code, which comes with the number: starting the attempt is paying.
    async fn gives_code(&self, payment: &Payment) -> Option<bool> {
        let (phone, code) = (self.phone(), format!("{:06}", self.number() % 1_000_000));
        let known = json!({"msisdn": format!("+84{phone}"), "code": code, "amount": payment.amount});
        self.sim("mobile_money", "code", known).await?;
        let asked = json!({"channel": "mobile_money", "payer_phone": format!("0{phone}"), "one_time_code": code});
        let attempt = self.attempt(payment, asked).await?;
        // the order has a name from now on only; the provider looks at the code a while later
        let (what, _) = self.reported(Way::Code, false);
        self.rule(Way::Code, &attempt, what).await?;
        self.gate.tally.count(tally::BY_CODE);
        Some(true)
    }

    /// What becomes of the reports of one payment, and whether the provider takes another amount.
    fn reported(&self, way: Way, may_lie: bool) -> (Vec<Value>, bool) {
        let forged: &[Value] = match way {
            Way::Vnpay => &[json!("signature"), json!("amount"), json!("terminal")],
            Way::Momo | Way::Zalopay | Way::National => &[json!("signature"), json!("amount"), json!("merchant")],
            _ => &[json!(true)],
        };
        // ZaloPay tells of no failure that could come too late: its report does
        let disorder = if way == Way::Zalopay { json!({"delay_ms": 1_500}) } else { json!({"reorder": true}) };
        let (tally, mut odds) = (&self.gate.tally, self.odds.lock().unwrap());
        let (mut what, mut lied) = (Vec::new(), false);
        if odds.repeated.draw() {
            what.push(json!({"repeat": 2}));
        }
        if odds.reordered.draw() {
            what.push(disorder);
            tally.count(tally::REORDERED);
        }
        if odds.lost.draw() {
            what.push(json!({"drop": true}));
        }
        if odds.forged.draw() {
            what.extend(forged.iter().map(|how| json!({"forge": how})));
        }
        if may_lie && odds.lied.draw() {
            what.push(json!({"amount_delta": 1}));
            tally.count(tally::LIED);
            lied = true;
        }
        (what, lied)
    }

    async fn rule(&self, way: Way, attempt: &Value, mut what: Vec<Value>) -> Option<()> {
        if what.is_empty() {
            return Some(());
        }
        if matches!(way, Way::Phone | Way::Code) {
            what = what.into_iter().map(|what| json!({"payment": what})).collect();
        }
        let rule = json!({"match": {"order_ref": attempt["order_ref"]}, "do": what, "times": 1});
        self.sim(way.at(), "script", rule).await?;
        Some(())
    }

    /// An attempt, with the payer on the provider's page where there is one.
    pub async fn attempt(&self, payment: &Payment, asked: Value) -> Option<Value> {
        let path = format!("{}/attempts", payment.path());
        let attempt = match self.gate.tell(Asked::post(path.clone(), self.key(), &asked)).await {
            Told::Done(attempt) => attempt,
            // told the order once more, they do not give its page again: the payer begins anew
            Told::Refused(code) if code == "provider_refused" => {
                if !PAGE_ONCE.iter().any(|channel| asked["channel"] == *channel) {
                    self.gate.tally.wrong(format!("a provider refuses an order: {path}: {asked}"));
                }
                self.gate.tally.count(tally::PAGES_LOST);
                self.gate.tell(Asked::post(path, self.key(), &asked)).await.done()?
            }
            Told::Refused(_) | Told::Open => return None,
        };
        if let Some(url) = attempt["action"]["url"].as_str() {
            let page = self.http.get(url).send().await.unwrap();
            // an intent that ran out meanwhile has a page that says so
            page.status().is_success().then_some(())?;
        }
        Some(attempt)
    }

    /// A transfer to the account of an attempt's code; the banks on its way do to the content what they do.
    pub async fn transfers(&self, attempt: &Value, amount: i64, content: &str) -> Option<()> {
        let account = attempt["action"]["account_number"].as_str()?;
        self.transfer(json!({"account": account, "amount": amount, "content": content, "mangle": "random"})).await
    }

    pub async fn transfer(&self, how: Value) -> Option<()> {
        let tally = &self.gate.tally;
        let mut what = Vec::new();
        {
            let mut odds = self.odds.lock().unwrap();
            if odds.repeated.draw() {
                what.push(json!({"repeat": 2}));
            }
            if odds.reordered.draw() {
                what.push(json!({"reorder": true}));
                tally.count(tally::REORDERED);
            }
            if odds.lost.draw() {
                what.push(json!({"drop": true}));
            }
            if odds.forged.draw() {
                what.extend([json!({"forge": "key"}), json!({"forge": "amount"})]);
            }
        }
        if !what.is_empty() {
            let matching = json!({"content_contains": how["content"], "amount": how["amount"]});
            self.sim("bank", "script", json!({"match": matching, "do": what})).await?;
        }
        self.sim("bank", "bank/transfer", how).await?;
        Some(())
    }

    /// Of a phone, without its first zero; hardly anybody pays twice.
    fn phone(&self) -> String {
        format!("912{:06}", self.number() % 1_000_000)
    }

    /// What a provider does when it is asked to give this payment back, `how` being one of ten.
    pub async fn refund_rule(&self, way: Way, attempt: &Value, how: u64) -> Option<()> {
        // it takes it up and says 500, or says nothing for a while, or refuses it when its time has come
        let refused = json!({"fail": {"category": "businessRule", "code": "insufficientFunds"}});
        let rule = match (how, way) {
            (0 | 1, _) => json!({"fail_after_accept": true}),
            (2, _) => json!({"hang": 1_500}),
            (3, Way::Phone) => refused,
            (3, _) => json!({"refund_refused": true}),
            _ => return Some(()),
        };
        let rule = if way == Way::Phone { json!({"reversal": rule}) } else { rule };
        let rule = json!({"match": {"order_ref": attempt["order_ref"]}, "do": [rule], "times": 1});
        self.sim(way.at(), "script", rule).await?;
        Some(())
    }
}

/// The dossier under which a bill is asked for.
pub fn code_of(payment: &Payment) -> String {
    text(&payment.debts[0]["dossier_code"])
}
