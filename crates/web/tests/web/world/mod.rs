//! One intent of two obligations in a database of its own, with a bank that does what the test says.

use actix_web::body::MessageBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, web};
use async_trait::async_trait;
use domain::codes::{BeneficiaryCode, ChannelCode, OrderRef, ProfileCode};
use domain::dossier_code::DossierCode;
use domain::intent::Intent;
use domain::mode::Mode;
use domain::obligation::{Budget, Notice, ObligationKind, Sector, Terms};
use domain::party::{IdentityKind, Party};
use domain::payment::{Capture, News, Report};
use domain::{ClientId, ObligationId, Vnd};
use jiff::{SignedDuration, Timestamp};
use payments::advance_intent::{self, Command};
use payments::open_intent::{self, Opening};
use payments::receive_report::{self, Sighted};
use payments::register_obligation::{self, Registration};
use payments::{Caller, Context};
use provider::checkout::{Locale, NotGiven};
use provider::{
    Action, Asks, ChannelKind, Checkout, Failure, Given, Names, Need, Offer, Order, Provider, ProviderError, Registry,
};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use storage::ids::mint;
use storage::{Pool, Vault, beneficiaries, idempotency, intents, principals, profiles};
use testkit::TestDatabase;
use uuid::Uuid;
use volatile::Volatile;

pub const TOKEN_OF_NOBODY: &str = "000000000000000000000000000000000000000000000000";

#[derive(Clone, Copy)]
pub enum Fault {
    None,
    Away,
    Refuses,
}

#[derive(Default)]
pub struct Bank {
    limit: Option<Vnd>,
    fault: AtomicU8,
    transfers: AtomicBool,
    asks: AtomicBool,
    prompts: AtomicU8,
    takes: AtomicU64,
    calls: AtomicUsize,
    refuses: AtomicBool,
    last_order: Mutex<Option<OrderRef>>,
    returned_to: Mutex<String>,
}

impl Bank {
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// From now on the payer gets a QR.
    pub fn takes_transfers(&self) {
        self.transfers.store(true, Ordering::SeqCst);
    }

    /// From now on the payer types a phone number.
    pub fn asks_for_a_phone(&self) {
        self.asks.store(true, Ordering::SeqCst);
    }

    /// From now on no number will do.
    pub fn refuses_phones(&self) {
        self.refuses.store(true, Ordering::SeqCst);
    }

    /// Where the last order sends its payer's browser back to.
    pub fn returned_to(&self) -> String {
        self.returned_to.lock().unwrap().clone()
    }

    /// From now on the payer is asked on the phone, or the code that the payer gave is looked at.
    pub fn prompts(&self, with_code: bool) {
        self.prompts.store(1 + u8::from(with_code), Ordering::SeqCst);
    }

    /// From now on it takes so long to answer.
    pub fn takes_ms(&self, ms: u64) {
        self.takes.store(ms, Ordering::SeqCst);
    }

    pub fn fail_as(&self, fault: Fault) {
        self.fault.store(fault as u8, Ordering::SeqCst);
    }
}

#[async_trait]
impl Checkout for Bank {
    fn window(&self) -> SignedDuration {
        SignedDuration::from_mins(15)
    }

    fn least(&self) -> Option<Vnd> {
        None
    }

    fn limit(&self) -> Option<Vnd> {
        self.limit
    }

    fn asks(&self) -> Asks {
        let phone = if self.asks.load(Ordering::SeqCst) { Need::Optional } else { Need::Never };
        Asks { phone, ..Asks::default() }
    }

    fn takes(&self, given: &Given) -> Result<(), NotGiven> {
        let refused = self.refuses.load(Ordering::SeqCst) && given.phone.is_some();
        if refused { Err(NotGiven::Phone) } else { Ok(()) }
    }

    fn why(&self, code: &str) -> Failure {
        if code == "24" { Failure::Cancelled } else { Failure::Unsaid }
    }

    async fn start(&self, order: &Order) -> Result<Offer, ProviderError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        *self.last_order.lock().unwrap() = Some(order.order_ref.clone());
        order.return_url.clone_into(&mut self.returned_to.lock().unwrap());
        tokio::time::sleep(Duration::from_millis(self.takes.load(Ordering::SeqCst))).await;
        match self.fault.load(Ordering::SeqCst) {
            1 => return Err(ProviderError::Unavailable(None)),
            2 => return Err(ProviderError::Refused("no".to_owned())),
            _ => {}
        }
        if self.transfers.load(Ordering::SeqCst) {
            return Ok(Offer {
                action: Action::Qr {
                    qr_data: format!("00020101021238{}", order.reference),
                    receiver: order.receiver.clone(),
                    transfer_content: order.reference.to_string(),
                    amount: order.amount,
                },
            });
        }
        let message = "lời của nhà cung cấp".to_owned();
        match self.prompts.load(Ordering::SeqCst) {
            1 => return Ok(Offer { action: Action::PhonePrompt { message } }),
            2 => return Ok(Offer { action: Action::OtpPrompt { message } }),
            _ => {}
        }
        let lang = if order.locale == Locale::Vi { "vi" } else { "en" };
        let (order_ref, amount, ip) = (&order.order_ref, order.amount.dong(), order.payer_ip);
        let url =
            format!("https://bank.example/pay?order={order_ref}&amount={amount}&lang={lang}&ip={ip}&sign=a%2Fb'c");
        Ok(Offer { action: Action::Redirect { url } })
    }
}

pub struct Answered {
    pub status: StatusCode,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Answered {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// Of the first button.
    pub fn form_id(&self) -> String {
        let rest = self.body.split("name=\"form_id\" value=\"").nth(1).unwrap_or_else(|| panic!("{}", self.body));
        rest.split('"').next().unwrap().to_owned()
    }
}

pub fn form(channel: &str, form_id: &str) -> String {
    format!("channel={channel}&form_id={form_id}")
}

pub struct World {
    pub ctx: Context,
    page: ::web::Page,
    pub bank: Arc<Bank>,
    pub token: String,
    client: ClientId,
    database: TestDatabase,
}

impl World {
    pub async fn new() -> Self {
        Self::made(
            Mode::Sandbox,
            "Phí chứng thực bản sao, 5 trang × 3 bản",
            Some("https://dvc.example.vn/hoso?id=1&x=2"),
        )
        .await
    }

    pub async fn in_mode(mode: Mode) -> Self {
        Self::made(mode, "Phí chứng thực bản sao", None).await
    }

    pub async fn described(description: &str, return_url: Option<&str>) -> Self {
        Self::made(Mode::Sandbox, description, return_url).await
    }

    async fn made(mode: Mode, description: &str, return_url: Option<&str>) -> Self {
        let database = testkit::database(&storage::migrate::fingerprint(), |url| async move {
            storage::migrate::migrate(&SecretString::from(url)).await.unwrap();
        })
        .await;
        let bank = Arc::new(Bank::default());
        let ctx = context(&database, mode, &bank);
        let client = seed(&ctx).await;
        let first = obligation(&ctx, client, "1", description, 21_000).await;
        let second = obligation(&ctx, client, "2", "Lệ phí cấp bản sao trích lục hộ tịch", 50_000).await;
        let token = open(&ctx, client, vec![first, second], return_url).await;
        let page = ::web::Page::new(Volatile::new(None).unwrap());
        let world = Self { ctx, page, bank, token, client, database };
        // before the day on which this bank says that it was paid
        world.sql("update intent set created_at = '2026-11-01T00:00:00Z'").await;
        world
    }

    /// As a browser reads it, which follows where it is led.
    pub async fn get(&self, query: &str) -> Answered {
        let answered = self.at(&format!("/pay/{}{query}", self.token)).await;
        match answered.status {
            StatusCode::SEE_OTHER => self.at(answered.header("location")).await,
            _ => answered,
        }
    }

    pub async fn at(&self, path: &str) -> Answered {
        self.call(TestRequest::get().uri(path)).await
    }

    /// As a browser posts it, from wherever.
    pub async fn post_from(&self, headers: &[(&'static str, &'static str)], body: &str) -> Answered {
        let mut request =
            TestRequest::post().uri(&format!("/pay/{}/attempts", self.token)).set_payload(body.to_owned());
        request = request.insert_header(("content-type", "application/x-www-form-urlencoded"));
        for header in headers {
            request = request.insert_header(*header);
        }
        self.call(request).await
    }

    pub async fn post(&self, body: &str) -> Answered {
        self.post_to(&format!("/pay/{}/attempts", self.token), body.to_owned()).await
    }

    pub async fn post_to(&self, path: &str, body: String) -> Answered {
        let request = TestRequest::post().uri(path).set_payload(body);
        self.call(request.insert_header(("content-type", "application/x-www-form-urlencoded"))).await
    }

    pub async fn raw(&self, path: &str) -> (StatusCode, Vec<u8>) {
        let response = self.answer(TestRequest::get().uri(path)).await;
        (response.status(), read_body(response).await.to_vec())
    }

    async fn call(&self, request: TestRequest) -> Answered {
        let response = self.answer(request).await;
        let status = response.status();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let body = String::from_utf8(read_body(response).await.to_vec()).unwrap();
        Answered { status, headers, body }
    }

    async fn answer(&self, request: TestRequest) -> ServiceResponse<impl MessageBody> {
        let app = App::new().app_data(web::Data::new(self.ctx.clone())).app_data(web::Data::new(self.page.clone()));
        let app = init_service(app.configure(::web::pages)).await;
        let request = request.peer_addr("192.0.2.7:50000".parse().unwrap()).to_request();
        call_service(&app, request).await
    }

    pub async fn intent(&self) -> Intent {
        let db = self.ctx.pool.get().await.unwrap();
        intents::by_token(&db, &self.token).await.unwrap().unwrap()
    }

    pub async fn sql(&self, sql: &str) {
        testkit::connect(&self.database.superuser_url()).await.batch_execute(sql).await.unwrap();
    }

    pub async fn count(&self, table: &str) -> i64 {
        let client = testkit::connect(&self.database.superuser_url()).await;
        client.query_one(&format!("select count(*) from {table}"), &[]).await.unwrap().get(0)
    }

    pub async fn payments(&self) -> Vec<String> {
        let client = testkit::connect(&self.database.superuser_url()).await;
        let rows = client.query("select payment_id from assurance.payment", &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Every row of every table, as text.
    pub async fn everything(&self) -> String {
        let client = testkit::connect(&self.database.superuser_url()).await;
        let sql = "select query_to_xml(format('select * from %I.%I t order by t::text', schemaname, tablename), true,
            false, '')::text from pg_tables where schemaname in ('public', 'assurance') order by schemaname, tablename";
        client.query(sql, &[]).await.unwrap().iter().map(|row| row.get::<_, String>(0)).collect()
    }

    pub async fn pay(&self, amount: i64, txn: &str) {
        self.captured(amount, txn, None).await;
    }

    /// The same, told with the number of the bank behind the provider.
    pub async fn pay_at_bank(&self, amount: i64, txn: &str, bank_no: &str) {
        self.captured(amount, txn, Some(bank_no.to_owned())).await;
    }

    async fn captured(&self, amount: i64, txn: &str, bank_txn_id: Option<String>) {
        let paid_at = Some("2026-11-24T02:30:00Z".parse().unwrap());
        let (provider_txn_id, amount) = (txn.to_owned(), Vnd::new(amount));
        self.tell(News::Captured(Capture { provider_txn_id, bank_txn_id, amount, paid_at })).await;
    }

    pub async fn commit(&self) {
        self.tell(News::Committed).await;
    }

    pub async fn fail(&self) {
        self.fail_with("24").await;
    }

    pub async fn fail_with(&self, code: &str) {
        self.tell(News::Failed { code: code.to_owned() }).await;
    }

    async fn tell(&self, news: News) {
        let order_ref = self.bank.last_order.lock().unwrap().clone().unwrap();
        let report = Report { source_key: format!("{order_ref}:{news:?}"), order_ref, news };
        let sighted = Sighted {
            source: "webhook:testbank".to_owned(),
            channel: &ChannelCode::new("testbank").unwrap(),
            profile: &ProfileCode::new("testbank_main").unwrap(),
            report: &report,
            evidence: b"told",
            now: Timestamp::now(),
        };
        receive_report::receive(&self.ctx, &sighted, &Caller::system()).await.unwrap();
    }

    /// Another request for the same fees.
    pub async fn opened_again(self) -> Self {
        let obligations = self.intent().await.obligation_ids;
        let token = open(&self.ctx, self.client, obligations, None).await;
        Self { token, ..self }
    }

    /// A dossier system that hears of streams of these kinds; `{}`: of all.
    pub async fn listens(&self, kinds: &str) {
        let sql = "insert into event_endpoint (id, client_id, url, stream_kinds, secret_sealed, key_id)
            select '00000000-0000-7000-8000-00000000000e', id, 'https://dossier.example/events', 'KINDS', 'x', 'k' from client";
        self.sql(&sql.replace("KINDS", kinds)).await;
    }

    pub async fn cancel(&self) {
        let command = Command {
            intent: self.intent().await.id,
            client: self.client,
            caller: Caller::system(),
            idempotency: key(self.client, "cancel"),
            now: Timestamp::now(),
        };
        advance_intent::cancel(&self.ctx, &command, &|_| String::new()).await.unwrap();
    }
}

fn context(database: &TestDatabase, mode: Mode, bank: &Arc<Bank>) -> Context {
    // fails when another test of this process was first
    let _ = rustls::crypto::ring::default_provider().install_default();
    let url = SecretString::from(database.url("motlan_app"));
    let dossier = dossier::Settings { allow_http: true, allowed_hosts: vec![], allow_private: true, timeout_ms: 1_000 };
    let small = Arc::new(Bank { limit: Some(Vnd::new(10_000)), ..Bank::default() });
    let names = Names { vi: "Ngân hàng thử", en: "Test bank" };
    let small_names = Names { vi: "Ví nhỏ", en: "Small wallet" };
    Context {
        signer: None,
        post: None,
        pool: Pool::new(&url, &storage::Settings::default()).unwrap(),
        breakers: payments::breaker::Breakers::default(),
        providers: Arc::new(Registry::new(vec![
            a_provider("testbank", (names, ChannelKind::Gateway), bank.clone()),
            a_provider("smallbank", (small_names, ChannelKind::Wallet), small),
        ])),
        vault: Arc::new(Vault::new(&SecretString::from("07".repeat(32))).unwrap()),
        dossier: Arc::new(dossier::Client::new(&dossier).unwrap()),
        settings: Arc::default(),
        mode,
        public_url: "https://pay.example.vn".into(),
        wake: Arc::default(),
        slots: payments::Slots::new(4),
    }
}

fn a_provider(channel: &'static str, named: (Names, ChannelKind), checkout: Arc<dyn Checkout>) -> Provider {
    Provider {
        checkout: Some(checkout),
        ..Provider::bare(
            ProfileCode::new(format!("{channel}_main")).unwrap(),
            vec![BeneficiaryCode::new("H38.17-KB").unwrap()],
            channel,
            named,
        )
    }
}

async fn seed(ctx: &Context) -> ClientId {
    let db = ctx.pool.get().await.unwrap();
    let now = Timestamp::now();
    beneficiaries::put_agency(&db, "H38.17", "UBND xã Tả Phìn").await.unwrap();
    let beneficiary = domain::beneficiary::Beneficiary {
        code: BeneficiaryCode::new("H38.17-KB").unwrap(),
        agency_code: "H38.17".to_owned(),
        name: "Kho bạc Nhà nước khu vực VIII – UBND xã Tả Phìn".to_owned(),
        account_kind: domain::beneficiary::AccountKind::Treasury,
        bank_bin: "970436".to_owned(),
        account_number: "3511.0.1234567".to_owned(),
        account_name: "UBND XA TA PHIN".to_owned(),
    };
    beneficiaries::put_beneficiary(&db, &beneficiary, now, "test").await.unwrap();
    for channel in ["testbank", "smallbank"] {
        profiles::put(&db, &format!("{channel}_main"), channel, &["H38.17-KB".to_owned()]).await.unwrap();
    }
    principals::put_client(&db, mint(now), "dvc", "Cổng dịch vụ công").await.unwrap()
}

async fn obligation(ctx: &Context, client: ClientId, at: &str, description: &str, amount: i64) -> ObligationId {
    let terms = Terms {
        dossier_code: Some(DossierCode::new(format!("H38.17-261124-000{at}")).unwrap()),
        customer_code: None,
        sector: Sector::PublicService,
        agency_code: "H38.17".to_owned(),
        beneficiary_code: BeneficiaryCode::new("H38.17-KB").unwrap(),
        procedure_code: None,
        procedure_name: None,
        service_code: None,
        kind: ObligationKind::Fee,
        fee_code: "CT-BANSAO".to_owned(),
        instalment: 1,
        group_ref: None,
        description: description.to_owned(),
        gross_amount: Vnd::new(amount),
        relief_amount: Vnd::ZERO,
        relief_basis: None,
        budget: Budget::default(),
        notice: Notice::default(),
        due_at: None,
    };
    let payer = Party {
        name: "Nguyễn Thị Kín".to_owned(),
        identity_kind: IdentityKind::CitizenId,
        identity_number: Some("010085000123".to_owned()),
        address: Some("Thôn Bí Mật".to_owned()),
        phone: Some("0912345678".to_owned()),
        email: Some("kin@example.vn".to_owned()),
    };
    let registration = Registration {
        client,
        external_ref: at.to_owned(),
        terms,
        payer,
        owner: None,
        fingerprint: at.as_bytes().to_vec(),
        caller: Caller::system(),
        now: Timestamp::now(),
    };
    register_obligation::register(ctx, &registration).await.unwrap().obligation.id
}

async fn open(ctx: &Context, client: ClientId, obligations: Vec<ObligationId>, return_url: Option<&str>) -> String {
    let opening = Opening {
        client,
        obligation_ids: obligations,
        return_url: return_url.map(str::to_owned),
        life: SignedDuration::from_hours(24),
        allowed_channels: None,
        metadata: serde_json::json!({}),
        caller: Caller::system(),
        idempotency: key(client, "open"),
        now: Timestamp::now(),
    };
    open_intent::open(ctx, &opening, &|view| view.intent.page_token.clone()).await.unwrap().body
}

fn key(client: ClientId, what: &str) -> idempotency::Request {
    let key_hash = Uuid::new_v4().as_bytes().to_vec();
    idempotency::Request { principal: client.uuid(), scope: what.to_owned(), key_hash, fingerprint: vec![1] }
}
