//! Refusals as RFC 9457 problem documents. Every error code stands here once, with its status and meaning;
//! `docs/errors.md` is written from this table. No message shows what is inside.

use crate::door::request_id;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT_ENCODING, HeaderValue, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use domain::counter::Refusal;
use domain::obligation::ObligationStatus;
use payments::administer::AdminError;
use payments::advance_intent::PlanError;
use payments::approve::DecideError;
use payments::close_day::DayError;
use payments::deposit_drawer::DepositError;
use payments::drive_parked::DriveError;
use payments::endpoints::EndpointError;
use payments::fetch_receipt::ReceiptError;
use payments::lower_obligation::LowerError;
use payments::open_intent::OpenError;
use payments::own_case::OwnError;
use payments::preview::PreviewError;
use payments::receive_report::ReportError;
use payments::record_money::RecordError;
use payments::refund::RefundError;
use payments::register_obligation::ObligationError;
use payments::remit::RemitError;
use payments::reopen_day::ReopenError;
use payments::replace_receipt::ReplaceError;
use payments::reply::IdempotencyError;
use payments::resolve_case::ResolveError;
use payments::start_attempt::{self, StartError};
use payments::take_at_counter::CounterError;
use payments::void_at_counter::VoidError;
use provider::ProviderError;
use provider::checkout::NotGiven;
use serde::Serialize;
use std::fmt;
use storage::StorageError;
use utoipa::ToSchema;

macro_rules! codes {
    ($($name:ident = $code:literal, $status:literal, $title:literal, $meaning:literal;)+) => {
        /// Every error code of the API.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code { $($name),+ }

        impl Code {
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
            pub const fn as_str(self) -> &'static str { match self { $(Self::$name => $code),+ } }
            pub const fn status(self) -> u16 { match self { $(Self::$name => $status),+ } }
            pub const fn title(self) -> &'static str { match self { $(Self::$name => $title),+ } }
            pub const fn meaning(self) -> &'static str { match self { $(Self::$name => $meaning),+ } }
        }
    };
}

codes! {
    BodyCompressed = "body_compressed", 415, "The body is compressed", "Send it as it is, without `Content-Encoding`.";
    BodyMalformed = "body_malformed", 400, "The body is not JSON", "Mend the syntax; `detail` says where it breaks.";
    IdempotencyKeyMissing = "idempotency_key_missing", 400, "Idempotency-Key is missing", "Send a key of your own with every POST that creates or moves something.";
    IdempotencyKeyMalformed = "idempotency_key_malformed", 400, "Idempotency-Key is not usable", "A key is 1 to 255 printable ASCII characters, sent once.";
    QueryInvalid = "query_invalid", 400, "The query is not understood", "A parameter is unknown, sent twice or has a wrong value.";
    Unauthenticated = "unauthenticated", 401, "No valid key", "Send `Authorization: Bearer mtl_…` with an active key of this mode.";
    SamePerson = "same_person", 403, "It is your own proposal", "Another person decides; of what a portal proposes, one who made no key of that portal.";
    ScopeMissing = "scope_missing", 403, "The key may not do this", "The key lacks the scope that `detail` names, belongs to the wrong kind of holder, or its holder sees a part only of those whom this concerns.";
    OwnRights = "own_rights", 403, "Nobody changes their own rights", "Ask another administrator; what is about your own rights or keys is decided by somebody else.";
    NotFound = "not_found", 404, "Not found", "There is no such thing, or it is not yours: the answer is the same.";
    MethodNotAllowed = "method_not_allowed", 405, "Method not allowed", "The path exists, with another method.";
    BodyTimeout = "body_timeout", 408, "The body came too slowly", "Send the whole body within the time limit.";
    AccountStands = "account_stands", 409, "The account stands", "An account is changed by two persons: propose it. The agency stays.";
    ApprovalDecided = "approval_decided", 409, "It was decided already", "A proposal is decided once; `detail` says how.";
    ApprovalPending = "approval_pending", 409, "It waits for approval already", "The same thing was proposed before; decide that first.";
    ApprovalStale = "approval_stale", 409, "What it rests on has changed", "Propose anew from the present state. What is about money is withdrawn by this answer; reject anything else first.";
    AttemptCommitted = "attempt_committed", 409, "A payment is under way", "The provider has begun to take money; wait for its outcome.";
    BooksBegun = "books_begun", 409, "The account's books have begun", "A statement of it is there, or money of it was told of before that day: begin earlier, or let the books begin with the first statement.";
    CaseHasNoMoney = "case_has_no_money", 409, "No money of the case waits", "Its money has a home already, or the case is about none. Of `reopen_obligations`: no unexplained debit of it has taken back whole what a payment still pays.";
    CaseMoneyLeft = "case_money_left", 409, "Some of the case's money has left past us", "Write off the debit that says so: what waits of the payment goes with it. Where that is written off already: `reinstate` its case, then `write_off` that once more.";
    CaseMoneyWaits = "case_money_waits", 409, "The case's money waits", "Say where it goes: to obligations, or back to its payer; of a payment without a line, which line it is (`same_movement`).";
    CaseOwned = "case_owned", 409, "Somebody else has the case", "`owner` says who; give it as `instead_of` to take it from them.";
    CaseNotWrittenOff = "case_not_written_off", 409, "Nothing of the case is written off", "Only what was written off, and does not wait again, is reinstated.";
    CaseNotOpen = "case_not_open", 409, "The case is not open", "It was proposed or closed before; `detail` says which.";
    ChannelUnavailable = "channel_unavailable", 409, "The channel cannot be used", "`detail` says why; `channels` of the intent lists those that can.";
    CodeTaken = "code_taken", 409, "The code is somebody's already", "Choose another, or change the one who has it.";
    CreditNotProven = "credit_not_proven", 409, "The money is not proven yet", "No statement or settlement file shows it; a duplicate needs both credits shown, a transfer its own. Or it may be a payment's that misses its line (`same_movement`), or a credit that a corrected file took back from a payment which stands.";
    DayClosed = "day_closed", 409, "The day is closed", "It takes no booking any more; what belongs to it is booked on the first open day.";
    DayNotOver = "day_not_over", 409, "The day has not ended", "Close it when it has ended in Viet Nam (UTC+7).";
    StatementSuperseded = "statement_superseded", 409, "Another file has taken its place", "Two persons have put a corrected file in its place; that one is in force.";
    StatementKnown = "statement_known", 409, "The file is known", "The same bytes were imported before, as `statement_id`; a corrected file is another one.";
    DayOpen = "day_open", 409, "The day is open", "Only a closed day is opened again.";
    DayOpenBefore = "day_open_before", 409, "An earlier day is open", "Days are closed in their order; `day` names the first open one with bookings.";
    DoesNotTieOut = "does_not_tie_out", 409, "The day does not tie out", "`gaps` names each amount that differs: ours, theirs and the difference.";
    HolderDisabled = "holder_disabled", 409, "The holder is disabled", "Enable the person first.";
    DrawerDeposited = "drawer_deposited", 409, "The cash is not in the drawer any more", "It was brought to the bank; `drawer` is what is left. Refund the payment instead.";
    DrawerShort = "drawer_short", 409, "The drawer holds less", "`drawer` is what it holds: no more than that can be brought to the bank.";
    IdempotencyInProgress = "idempotency_in_progress", 409, "The same request is being worked on", "Repeat it a little later with the same key.";
    IntentCancelled = "intent_cancelled", 409, "The intent is cancelled", "Open another for what is still due.";
    IntentExpired = "intent_expired", 409, "The intent has expired", "Renew it: the reference stays.";
    IntentPaid = "intent_paid", 409, "The intent is paid", "Nothing is left to do.";
    IntentWrongStatus = "intent_wrong_status", 409, "The intent's status does not allow this", "`detail` names the status.";
    KeysActive = "keys_active", 409, "Two keys are active", "Revoke one of them first.";
    NoReceipt = "no_receipt", 409, "There is no receipt of a provider", "The channel makes none, or the money did not come for an intent of yours.";
    NoOpening = "no_opening", 409, "The account has no opening", "Its books begin as its statements say; there is nothing to take back.";
    NothingToRetire = "nothing_to_retire", 409, "No other secret is accepted", "The newest alone is accepted; a second one of the configuration is taken out there.";
    NothingToRemit = "nothing_to_remit", 409, "Nothing is to be remitted", "No fee of the period has money on a bank account that is not remitted already, beyond what was given back.";
    NothingDue = "nothing_due", 409, "Nothing is left to pay", "What is due is covered by money that waits for this reference.";
    ObligationDuplicate = "obligation_duplicate", 409, "The fee is registered already", "Another portal registered the same dossier, fee and instalment.";
    ObligationExempt = "obligation_exempt", 409, "Nothing is owed", "The obligation's net amount is zero: it is never paid.";
    ObligationInPayment = "obligation_in_payment", 409, "A live intent holds the obligation", "`intent_id` names it where it is yours: pay, cancel or await that one.";
    ObligationLocked = "obligation_locked", 409, "The obligation cannot change", "Money was seen for it, an intent holds it, or its status is final; one that is due is cancelled unless money waits for it.";
    ObligationNotPayable = "obligation_not_payable", 409, "The obligation cannot be paid", "It is cancelled, refunded or being refunded.";
    ObligationNotPaid = "obligation_not_paid", 409, "The obligation is not paid", "Only what is paid is refunded or lowered.";
    ObligationPaid = "obligation_paid", 409, "The obligation is paid", "It is paid already: never pay it twice.";
    OpeningExists = "opening_exists", 409, "The account has an opening", "Two persons have said what stood on it; only once that is taken back another is said.";
    PaymentRefunded = "payment_refunded", 409, "A refund of it is under way", "A refund of the payment is proposed, under way or paid out; it is not undone beside that.";
    PaymentSettled = "payment_settled", 409, "The terminal's file has it", "The card's money was settled: refund the payment instead.";
    PaymentVoided = "payment_voided", 409, "It was undone already", "Nothing of it is left.";
    PeriodInMatching = "period_in_matching", 409, "The period is being matched", "Lines of its statements have not found yet what they are, or a debit with the code of a remittance has an open case; try again a little later, import the settlement files that are missing, or close the case.";
    PeriodNotOver = "period_not_over", 409, "The period has not ended", "Prepare it when its last day has ended in Viet Nam (UTC+7).";
    PeriodNotShown = "period_not_shown", 409, "Statements do not show the whole period", "Import the statements of the account that `account` names, up to a file that ends on the period's last day or later.";
    PeriodPrepared = "period_prepared", 409, "The period was prepared", "`until` is the last day of what is prepared, instructed or paid: cancel that first, or prepare a later period.";
    ReceiptEnded = "receipt_ended", 409, "The receipt does not stand", "It has no signature yet, or it was cancelled or replaced.";
    ReceiptUsed = "receipt_used", 409, "The receipt is used", "The counter has something else under this number, or it was undone: take a new one.";
    RefundNotCancellable = "refund_not_cancellable", 409, "The refund cannot be taken back", "`detail` says why: its provider may have it, a statement shows its debit, it is over, or somebody else proposed it.";
    RemittanceNotCancellable = "remittance_not_cancellable", 409, "The remittance cannot be taken back", "`detail` says why: a statement shows its debit, a debit with its code is an open case, it is over, or somebody else prepared it.";
    RuleStands = "rule_stands", 409, "A remittance names the rule", "What was remitted by it stands: set another from a later day on.";
    SerialTaken = "serial_taken", 409, "The letters are taken", "Another series of this collector has them under this template: choose two others.";
    SeriesUsed = "series_used", 409, "Receipts of the series were given", "What they are named by stands: end this series and make another.";
    SlipUsed = "slip_used", 409, "The slip is used", "Another deposit to this account has this number.";
    StillParked = "still_parked", 409, "It stays parked", "`detail` says what stands in the way; mend it, then drive it again.";
    TwoActive = "two_active", 409, "Two secrets are accepted", "Retire the one before first.";
    ValidityOverlaps = "validity_overlaps", 409, "Two entries hold on one day", "Let one end before the next begins.";
    VoidDayOver = "void_day_over", 409, "Its day is over", "What was taken at a counter is undone on the same day only: refund the payment instead.";
    RefundableAmountMismatch = "refundable_amount_mismatch", 412, "The refundable amount is another", "`refundable_amount` is the present one: look at the payment again.";
    BodyTooLarge = "body_too_large", 413, "The body is too large", "A body is at most `http.max_body_bytes`, a file at most `http.max_file_bytes`.";
    UnsupportedMediaType = "unsupported_media_type", 415, "Not JSON", "Send `Content-Type: application/json`.";
    AmountNotExact = "amount_not_exact", 422, "Another amount is due", "A counter takes `amount_due`, to the đồng, or nothing.";
    BeneficiaryUnknown = "beneficiary_unknown", 422, "Unknown agency or beneficiary", "The agency does not exist, or the beneficiary is not one of its own.";
    EventUrlRefused = "event_url_refused", 422, "Events cannot be sent there", "`detail` says which rule the address breaks.";
    FileRefused = "file_refused", 422, "The file is refused", "Nothing of it was taken; `detail` says why, `line` and `offset` where reading stopped.";
    IdempotencyKeyReused = "idempotency_key_reused", 422, "The key was used for another request", "Use a new key for a new request.";
    MixedBeneficiaries = "mixed_beneficiaries", 422, "Several beneficiaries", "One intent pays one beneficiary; `groups` lists the obligations of each.";
    LayoutUnknown = "layout_unknown", 422, "No such file layout", "Name a layout that exists, or set one for the account or the contract.";
    OtherAccount = "other_account", 422, "The file is of another account", "Nothing of it was taken; send it under its own account.";
    PayerAccountMissing = "payer_account_missing", 422, "No account to refund to", "No provider pays this refund out: name the payer's account. An account that we collect on, or a virtual number of one, is refused: `detail` says so.";
    RefundLineNotWhole = "refund_line_not_whole", 422, "A line does not fit the payment", "A line takes all that the payment gave its obligation, or at most what is in suspense; each once.";
    PayoutAccountMissing = "payout_account_missing", 422, "No account to pay out to", "Set the account that the contract pays out to, then send the file again.";
    ValidationFailed = "validation_failed", 422, "Fields are not valid", "`errors` names each field by JSON pointer, with a code and why.";
    RateLimited = "rate_limited", 429, "Too many requests", "Wait as long as `Retry-After` says.";
    Internal = "internal", 500, "Our mistake", "Nothing was done, or it was done once: repeat with the same key. Tell us the `request_id`.";
    ProviderRefused = "provider_refused", 502, "The provider refused the order", "Try another channel; this attempt is closed.";
    ProviderUnavailable = "provider_unavailable", 503, "The provider does not answer", "Repeat with the same key, or try another channel.";
    ReceiptNotGiven = "receipt_not_given", 503, "The provider gives no receipt now", "Ask again later: it may not be made yet.";
    Unavailable = "unavailable", 503, "Not available now", "Repeat with the same key after `Retry-After`.";
}

/// A field that is not valid.
#[derive(Debug, Clone, Serialize, ToSchema, PartialEq, Eq)]
pub struct FieldError {
    /// JSON pointer into the body (RFC 6901).
    pub pointer: String,
    /// What kind of mistake: `required`, `unknown`, `type`, `range`, `length`, `format`, `value`, `conflict`.
    pub code: String,
    pub detail: String,
}

/// RFC 9457 `application/problem+json`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    #[serde(rename = "type")]
    pub type_uri: String,
    pub title: &'static str,
    pub status: u16,
    pub detail: String,
    pub code: &'static str,
    pub request_id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Further members that the code calls for: `intent_id`, `groups`, `gaps`, `day`, `drawer`, `amount_due`.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub more: serde_json::Map<String, serde_json::Value>,
}

impl Problem {
    pub fn new(code: Code) -> Self {
        Self::with(code, code.meaning())
    }

    pub fn with(code: Code, detail: impl Into<String>) -> Self {
        Self {
            type_uri: format!("urn:motlan:problem:{}", code.as_str()),
            title: code.title(),
            status: code.status(),
            detail: detail.into(),
            code: code.as_str(),
            request_id: request_id(),
            errors: Vec::new(),
            more: serde_json::Map::new(),
        }
    }

    pub fn fields(errors: Vec<FieldError>) -> Self {
        Self { errors, ..Self::new(Code::ValidationFailed) }
    }

    pub fn and(mut self, member: &str, value: impl Serialize) -> Self {
        // a member that cannot be written as JSON is left out, never the refusal itself
        if let Ok(value) = serde_json::to_value(value) {
            self.more.insert(member.to_owned(), value);
        }
        self
    }

    /// The file is in; what follows from it goes on by itself, or with the same request.
    pub(crate) fn after_import(error: &payments::receive_report::ReportError) -> Self {
        tracing::error!(error = error as &dyn std::error::Error, "matching after an import failed");
        Self::new(Code::Unavailable)
    }

    /// Our mistake, or the database's absence: logged here once with its whole chain, never shown.
    fn inside(error: &(dyn std::error::Error + 'static), unavailable: bool) -> Self {
        if unavailable {
            tracing::warn!(error, "request refused: the database is not available");
            Self::new(Code::Unavailable)
        } else {
            tracing::error!(error, "request failed");
            Self::new(Code::Internal)
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.code)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let body = serde_json::to_string(self).unwrap_or_default();
        let mut response = HttpResponse::build(self.status_code()).content_type("application/problem+json").body(body);
        if matches!(self.status, 429 | 503) && !response.headers().contains_key(RETRY_AFTER) {
            let seconds = self.more.get("retry_after_s").and_then(serde_json::Value::as_u64).unwrap_or(2);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == 401 {
            let challenge = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(actix_web::http::header::WWW_AUTHENTICATE, challenge);
        }
        if self.code == Code::BodyCompressed.as_str() {
            response.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        response
    }
}

impl From<StorageError> for Problem {
    fn from(e: StorageError) -> Self {
        // contention that outlasted every try is "come again", not our mistake
        Self::inside(&e, e.is_unavailable() || e.is_retryable())
    }
}

impl From<IdempotencyError> for Problem {
    fn from(e: IdempotencyError) -> Self {
        Self::new(match e {
            IdempotencyError::Reused => Code::IdempotencyKeyReused,
            IdempotencyError::InProgress => Code::IdempotencyInProgress,
        })
    }
}

impl From<ObligationError> for Problem {
    fn from(e: ObligationError) -> Self {
        match e {
            ObligationError::Storage(e) => e.into(),
            ObligationError::Idempotency(e) => e.into(),
            ObligationError::Edge(e) => Self::inside(&e, false),
            ObligationError::Absent => Self::new(Code::NotFound),
            ObligationError::UnknownAgency => unknown("/agency_code", "no such agency"),
            ObligationError::UnknownBeneficiary => {
                unknown("/beneficiary_code", "no such beneficiary, or it is not one of this agency's")
            }
            ObligationError::Locked => Self::new(Code::ObligationLocked),
            ObligationError::WrongStatus(status) => {
                Self::with(Code::ObligationLocked, format!("the obligation is {status}"))
            }
            ObligationError::InPayment(intent) => Self::new(Code::ObligationInPayment).and("intent_id", intent),
            ObligationError::Duplicate => Self::new(Code::ObligationDuplicate),
        }
    }
}

fn unknown(pointer: &str, detail: &str) -> Problem {
    let error = FieldError { pointer: pointer.to_owned(), code: "value".to_owned(), detail: detail.to_owned() };
    Problem { errors: vec![error], ..Problem::new(Code::BeneficiaryUnknown) }
}

impl From<OpenError> for Problem {
    fn from(e: OpenError) -> Self {
        match e {
            OpenError::Storage(e) if e.is_conflict("obligation_in_one_live_intent") => {
                Self::new(Code::ObligationInPayment)
            }
            OpenError::Storage(e) => e.into(),
            OpenError::Idempotency(e) => e.into(),
            OpenError::ObligationAbsent(id) => {
                Self::with(Code::NotFound, "no such obligation").and("obligation_id", id)
            }
            OpenError::ObligationPaid(id) => Self::new(Code::ObligationPaid).and("obligation_id", id),
            OpenError::ObligationExempt(id) => Self::new(Code::ObligationExempt).and("obligation_id", id),
            OpenError::ObligationNotPayable(id, status) => {
                Self::with(Code::ObligationNotPayable, format!("the obligation is {status}")).and("obligation_id", id)
            }
            OpenError::ObligationInPayment(id, intent) => {
                Self::new(Code::ObligationInPayment).and("obligation_id", id).and("intent_id", intent)
            }
            OpenError::MixedBeneficiaries(groups) => {
                let groups: Vec<_> = groups
                    .into_iter()
                    .map(|(code, ids)| serde_json::json!({"beneficiary_code": code, "obligation_ids": ids}))
                    .collect();
                Self::new(Code::MixedBeneficiaries).and("groups", groups)
            }
        }
    }
}

impl From<PlanError> for Problem {
    fn from(e: PlanError) -> Self {
        match e {
            PlanError::Storage(e) => e.into(),
            PlanError::Idempotency(e) => e.into(),
            PlanError::Edge(e) => Self::inside(&e, false),
            PlanError::Absent => Self::new(Code::NotFound),
            PlanError::AttemptCommitted => Self::new(Code::AttemptCommitted),
            PlanError::WrongStatus(status) => Self::with(Code::IntentWrongStatus, format!("the intent is {status}")),
            PlanError::ObligationPaid(id) => Self::new(Code::ObligationPaid).and("obligation_id", id),
            PlanError::ObligationNotPayable(id) => {
                let detail = format!("{id} cannot be paid any more: open another intent for what else is due");
                Self::with(Code::ObligationNotPayable, detail).and("obligation_id", id)
            }
            PlanError::ObligationInPayment(id) => Self::new(Code::ObligationInPayment).and("intent_id", id),
        }
    }
}

fn not_given(what: NotGiven) -> FieldError {
    let pointer = match what {
        NotGiven::Phone => "/payer_phone",
        NotGiven::OneTimeCode => "/one_time_code",
    };
    FieldError { pointer: pointer.to_owned(), code: "format".to_owned(), detail: what.to_string() }
}

impl From<StartError> for Problem {
    fn from(e: StartError) -> Self {
        match e {
            StartError::Storage(e) => e.into(),
            StartError::Plan(e) => e.into(),
            StartError::Idempotency(e) => e.into(),
            StartError::Absent => Self::new(Code::NotFound),
            StartError::IntentPaid => Self::new(Code::IntentPaid),
            StartError::IntentExpired => Self::new(Code::IntentExpired),
            StartError::IntentCancelled => Self::new(Code::IntentCancelled),
            StartError::AttemptCommitted => Self::new(Code::AttemptCommitted),
            StartError::NothingDue => Self::new(Code::NothingDue),
            StartError::NotGiven(why) => Self::fields(vec![not_given(why)]),
            StartError::TooOften { again_at } => {
                // a second more: `Retry-After` has whole seconds
                let wait_s = again_at.duration_since(jiff::Timestamp::now()).as_secs().max(0) + 1;
                Self::with(Code::RateLimited, "phones were asked too often").and("retry_after_s", wait_s)
            }
            StartError::ChannelUnavailable(why) => Self::with(Code::ChannelUnavailable, start_attempt::reason(&why)),
            StartError::Provider(ProviderError::Refused(why)) => {
                tracing::warn!(why, "the provider refused an order");
                Self::new(Code::ProviderRefused)
            }
            StartError::Provider(e) => {
                tracing::warn!(error = &e as &dyn std::error::Error, "the provider gave no page");
                Self::new(Code::ProviderUnavailable)
            }
            StartError::Interrupted => Self::new(Code::Unavailable),
        }
    }
}

impl From<ReceiptError> for Problem {
    fn from(e: ReceiptError) -> Self {
        match e {
            ReceiptError::Storage(e) => e.into(),
            ReceiptError::Absent => Self::new(Code::NotFound),
            ReceiptError::NoReceipt => Self::new(Code::NoReceipt),
            ReceiptError::Provider(e) => {
                tracing::warn!(error = &e as &dyn std::error::Error, "the provider gave no receipt");
                Self::new(Code::ReceiptNotGiven)
            }
        }
    }
}

impl From<DayError> for Problem {
    fn from(e: DayError) -> Self {
        match e {
            DayError::Storage(e) => e.into(),
            DayError::Idempotency(e) => e.into(),
            DayError::Absent => Self::new(Code::NotFound),
            DayError::NotOver => Self::new(Code::DayNotOver),
            DayError::Closed => Self::new(Code::DayClosed),
            DayError::OpenBefore(day) => Self::new(Code::DayOpenBefore).and("day", day),
            DayError::DoesNotTieOut(gaps) => Self::new(Code::DoesNotTieOut).and("gaps", crate::days::gaps(&gaps)),
        }
    }
}

impl From<OwnError> for Problem {
    fn from(e: OwnError) -> Self {
        match e {
            OwnError::Storage(e) => e.into(),
            OwnError::Idempotency(e) => e.into(),
            OwnError::Absent => Self::new(Code::NotFound),
            OwnError::NotOpen(status) => Self::with(Code::CaseNotOpen, format!("the case is {status}")),
            OwnError::Others(owner) => Self::new(Code::CaseOwned).and("owner", owner.map(|id| id.to_string())),
            e @ OwnError::MayNot => {
                let (pointer, code) = ("/owner".to_owned(), "value".to_owned());
                Self::fields(vec![FieldError { pointer, code, detail: e.to_string() }])
            }
        }
    }
}

impl From<PreviewError> for Problem {
    fn from(e: PreviewError) -> Self {
        match e {
            PreviewError::Storage(e) if e.is_conflict("approval_pending_once") => Self::new(Code::ApprovalPending),
            PreviewError::Storage(e) => e.into(),
            PreviewError::Resolve(e) => e.into(),
            PreviewError::Refund(e) => e.into(),
            PreviewError::Opening(e) => e.into(),
            PreviewError::Decide(e) => e.into(),
        }
    }
}

impl From<RefundError> for Problem {
    fn from(e: RefundError) -> Self {
        match e {
            RefundError::Storage(e) => e.into(),
            RefundError::Idempotency(e) => e.into(),
            RefundError::Absent => Self::new(Code::NotFound),
            e @ RefundError::NotOfAll => Self::with(Code::ScopeMissing, e.to_string()),
            RefundError::RefundableMismatch(now) => {
                Self::new(Code::RefundableAmountMismatch).and("refundable_amount", now.dong())
            }
            RefundError::Lines(e) => Self::with(Code::RefundLineNotWhole, e.to_string()),
            RefundError::Pending => Self::new(Code::ApprovalPending),
            RefundError::NotPaid => Self::new(Code::ObligationNotPaid),
            RefundError::NotProven => Self::new(Code::CreditNotProven),
            RefundError::NoPayerAccount => Self::new(Code::PayerAccountMissing),
            e @ RefundError::OwnAccount => Self::with(Code::PayerAccountMissing, e.to_string()),
            e @ (RefundError::Over(_) | RefundError::UnderWay | RefundError::DebitSeen | RefundError::NotYours) => {
                Self::with(Code::RefundNotCancellable, e.to_string())
            }
            RefundError::CaseNotOpen(status) => Self::with(Code::CaseNotOpen, format!("the case is {status}")),
            RefundError::NoMoney => Self::new(Code::CaseHasNoMoney),
        }
    }
}

impl From<DecideError> for Problem {
    fn from(e: DecideError) -> Self {
        match e {
            DecideError::Storage(e) => e.into(),
            DecideError::Idempotency(e) => e.into(),
            DecideError::Absent => Self::new(Code::NotFound),
            DecideError::Decided(status) => Self::with(Code::ApprovalDecided, format!("it is {status}")),
            DecideError::SamePerson => Self::new(Code::SamePerson),
            DecideError::OwnRights => Self::new(Code::OwnRights),
            DecideError::NotTheirs => {
                Self::with(Code::ScopeMissing, domain::principal::Scope::ApprovalsDecide.to_string())
            }
            DecideError::Stale => Self::new(Code::ApprovalStale),
        }
    }
}

impl From<CounterError> for Problem {
    fn from(e: CounterError) -> Self {
        let detail = e.to_string();
        match e {
            CounterError::Report(ReportError::Storage(e) | ReportError::Record(RecordError::Storage(e))) => e.into(),
            CounterError::Report(e) => Self::inside(&e, false),
            CounterError::Idempotency(e) => e.into(),
            CounterError::Absent => Self::with(Code::NotFound, "no such counter"),
            CounterError::ObligationAbsent(id) => {
                Self::with(Code::NotFound, "no such obligation").and("obligation_id", id)
            }
            CounterError::NoTerminal => {
                Self::fields(vec![FieldError { pointer: "/tender".to_owned(), code: "value".to_owned(), detail }])
            }
            CounterError::Refused(Refusal::NotExact(due)) => {
                Self::new(Code::AmountNotExact).and("amount_due", due.dong())
            }
            CounterError::Refused(Refusal::NotDue(id, status)) => {
                let code = match status {
                    ObligationStatus::Paid => Code::ObligationPaid,
                    ObligationStatus::Exempt => Code::ObligationExempt,
                    _ => Code::ObligationNotPayable,
                };
                Self::with(code, format!("the obligation is {status}")).and("obligation_id", id)
            }
            CounterError::ReceiptUsed => Self::new(Code::ReceiptUsed),
            CounterError::Closed(reason) => Self::with(Code::ChannelUnavailable, reason),
        }
    }
}

impl From<VoidError> for Problem {
    fn from(e: VoidError) -> Self {
        match e {
            VoidError::Storage(e) => e.into(),
            VoidError::Idempotency(e) => e.into(),
            VoidError::Absent => Self::new(Code::NotFound),
            VoidError::Voided => Self::new(Code::PaymentVoided),
            VoidError::DayOver => Self::new(Code::VoidDayOver),
            VoidError::Refunded => Self::new(Code::PaymentRefunded),
            VoidError::Settled => Self::new(Code::PaymentSettled),
            VoidError::Deposited(left) => Self::new(Code::DrawerDeposited).and("drawer", left.dong()),
            VoidError::Pending => Self::new(Code::ApprovalPending),
        }
    }
}

impl From<ReplaceError> for Problem {
    fn from(e: ReplaceError) -> Self {
        match e {
            ReplaceError::Storage(e) => e.into(),
            ReplaceError::Idempotency(e) => e.into(),
            ReplaceError::Absent => Self::new(Code::NotFound),
            ReplaceError::NotIssued(_) => Self::new(Code::ReceiptEnded),
            ReplaceError::Pending => Self::new(Code::ApprovalPending),
        }
    }
}

impl From<RemitError> for Problem {
    fn from(e: RemitError) -> Self {
        match e {
            RemitError::Storage(e) => e.into(),
            RemitError::Idempotency(e) => e.into(),
            RemitError::Absent => Self::new(Code::NotFound),
            RemitError::NotOver => Self::new(Code::PeriodNotOver),
            RemitError::Prepared(until) => Self::new(Code::PeriodPrepared).and("until", until.to_string()),
            RemitError::NotShown(account) => Self::new(Code::PeriodNotShown).and("account", account),
            RemitError::BeingMatched => Self::new(Code::PeriodInMatching),
            RemitError::Nothing => Self::new(Code::NothingToRemit),
            e @ (RemitError::Over(_) | RemitError::NotYours | RemitError::DebitSeen | RemitError::DebitOpen) => {
                Self::with(Code::RemittanceNotCancellable, e.to_string())
            }
        }
    }
}

impl From<DepositError> for Problem {
    fn from(e: DepositError) -> Self {
        match e {
            DepositError::Storage(e) => e.into(),
            DepositError::Idempotency(e) => e.into(),
            DepositError::Absent => Self::new(Code::NotFound),
            DepositError::Short(holds) => Self::new(Code::DrawerShort).and("drawer", holds.dong()),
            DepositError::SlipUsed => Self::new(Code::SlipUsed),
        }
    }
}

impl From<LowerError> for Problem {
    fn from(e: LowerError) -> Self {
        match e {
            LowerError::Storage(e) => e.into(),
            LowerError::Idempotency(e) => e.into(),
            LowerError::Absent => Self::new(Code::NotFound),
            LowerError::NotPaid => Self::new(Code::ObligationNotPaid),
            LowerError::Pending => Self::new(Code::ApprovalPending),
            e @ LowerError::TooMuch => {
                let detail = e.to_string();
                Self::fields(vec![FieldError { pointer: "/amount".to_owned(), code: "range".to_owned(), detail }])
            }
        }
    }
}

impl From<ResolveError> for Problem {
    fn from(e: ResolveError) -> Self {
        match e {
            ResolveError::Storage(e) => e.into(),
            ResolveError::Idempotency(e) => e.into(),
            ResolveError::Absent => Self::new(Code::NotFound),
            e @ ResolveError::NotOfAll => Self::with(Code::ScopeMissing, e.to_string()),
            ResolveError::NotOpen(status) => Self::with(Code::CaseNotOpen, format!("the case is {status}")),
            ResolveError::MoneyWaits => Self::new(Code::CaseMoneyWaits),
            ResolveError::NoMoney => Self::new(Code::CaseHasNoMoney),
            e @ ResolveError::NothingToReopen => Self::with(Code::CaseHasNoMoney, e.to_string()),
            ResolveError::MoneyLeft => Self::new(Code::CaseMoneyLeft),
            ResolveError::NotProven => Self::new(Code::CreditNotProven),
            ResolveError::NotWrittenOff => Self::new(Code::CaseNotWrittenOff),
            e @ (ResolveError::Obligation | ResolveError::TooMuch(_) | ResolveError::NotTheSame) => {
                let detail = e.to_string();
                let of_payment = matches!(e, ResolveError::NotTheSame);
                let pointer = if of_payment { "/payment_id" } else { "/obligation_ids" }.to_owned();
                Self::fields(vec![FieldError { pointer, code: "value".to_owned(), detail }])
            }
        }
    }
}

impl From<ReopenError> for Problem {
    fn from(e: ReopenError) -> Self {
        match e {
            ReopenError::Storage(e) => e.into(),
            ReopenError::Idempotency(e) => e.into(),
            ReopenError::Absent => Self::new(Code::NotFound),
            ReopenError::Open => Self::new(Code::DayOpen),
            ReopenError::Pending => Self::new(Code::ApprovalPending),
        }
    }
}

impl From<EndpointError> for Problem {
    fn from(e: EndpointError) -> Self {
        match e {
            EndpointError::Storage(e) => e.into(),
            EndpointError::Idempotency(e) => e.into(),
            EndpointError::Url(e) => Self::with(Code::EventUrlRefused, e.to_string()),
            EndpointError::Absent => Self::new(Code::NotFound),
            EndpointError::TwoSecrets => Self::new(Code::TwoActive),
        }
    }
}

impl From<AdminError> for Problem {
    fn from(e: AdminError) -> Self {
        let named = e.to_string();
        let field = |pointer: &str, code: &str| {
            let error = FieldError { pointer: pointer.to_owned(), code: code.to_owned(), detail: named.clone() };
            Self::fields(vec![error])
        };
        match e {
            AdminError::Storage(e) => e.into(),
            AdminError::Idempotency(e) => e.into(),
            AdminError::Absent | AdminError::NoKey(_) => Self::new(Code::NotFound),
            AdminError::NotOfAll | AdminError::NotTheirKey => Self::with(Code::ScopeMissing, named),
            AdminError::OwnRights => Self::new(Code::OwnRights),
            AdminError::CodeTaken(_) => Self::new(Code::CodeTaken),
            AdminError::NoAgency(_) => unknown("/agency_code", "no such agency"),
            AdminError::NoBeneficiary(_) => unknown("/beneficiaries", "no such beneficiary"),
            AdminError::BeneficiariesMissing => field("/beneficiaries", "value"),
            AdminError::NoHolder(_) => field("/holder", "value"),
            AdminError::ForeignScope { .. } => field("/scopes", "value"),
            AdminError::TwoActive { .. } => Self::new(Code::KeysActive),
            AdminError::Disabled(_) => Self::new(Code::HolderDisabled),
            AdminError::NotConfigured(_) => Self::with(Code::NotFound, named),
            AdminError::NoSecret { .. } => field("/name", "value"),
            AdminError::BadSecret(_) => field("/value", "format"),
            AdminError::TwoSecrets(_) => Self::new(Code::TwoActive),
            AdminError::NothingToRetire => Self::new(Code::NothingToRetire),
            AdminError::AccountStands(_) | AdminError::SecretStands(_) => Self::new(Code::AccountStands),
            AdminError::NothingChanges => field("", "value"),
            AdminError::Pending => Self::new(Code::ApprovalPending),
            AdminError::NoAccount(_) => field("/payout_account", "value"),
            AdminError::NotTheirAccount(_) => field("/account_code", "value"),
            AdminError::AccountOfOne(_) => field("/account_code", "conflict"),
            AdminError::NoTerminal(_) => field("/terminal_profile", "value"),
            AdminError::ValidityOverlaps => Self::new(Code::ValidityOverlaps),
            AdminError::OtherKind(_) => field("/kind", "conflict"),
            AdminError::BadFile(why) => Self::with(Code::FileRefused, why),
            AdminError::BadLayout(_) => field("/layout", "format"),
            AdminError::NoLayout(_) => Self::with(Code::LayoutUnknown, named),
            AdminError::SeriesOfNobody(_) => unknown("/beneficiary_code", "no such beneficiary"),
            AdminError::SeriesUsed(_) => Self::new(Code::SeriesUsed),
            AdminError::RuleStands(_) => Self::new(Code::RuleStands),
            AdminError::SerialTaken(_) => Self::new(Code::SerialTaken),
        }
    }
}

impl From<DriveError> for Problem {
    fn from(e: DriveError) -> Self {
        match e {
            DriveError::Admin(e) => e.into(),
            DriveError::Report(e) => Self::after_import(&e),
            DriveError::Stays(why) => Self::with(Code::StillParked, why),
        }
    }
}

/// `docs/errors.md`.
pub fn table() -> String {
    let mut out = String::from(
        "# Error codes\n\nWritten from `crates/api/src/problem.rs`; `UPDATE_DOCS=1 cargo test -p api` writes it anew. Every \
         refusal is an\n`application/problem+json` document (RFC 9457) whose `code` is one of these.\n\n| code | status | title | what to do |\n|---|---|---|---|\n",
    );
    for code in Code::ALL {
        out.push_str(&format!("| `{}` | {} | {} | {} |\n", code.as_str(), code.status(), code.title(), code.meaning()));
    }
    out
}
