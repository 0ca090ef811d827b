//! The payer says to which account money that was not needed goes back. Kept sealed by `payments`, shown to nobody here: two
//! persons look at it before anything is paid out.

use crate::answer;
use crate::load::{Asked, load};
use crate::page::Page;
use crate::start::back_to_page;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::bank_names::BANKS;
use jiff::Timestamp;
use payments::refund::{self, PayerAccount, RefundError, Told};
use payments::{Caller, Context};
use serde::Deserialize;
use std::error::Error;

#[derive(Deserialize)]
pub(crate) struct Form {
    payment: String,
    bank_bin: String,
    account_number: String,
    account_name: String,
}

impl Form {
    fn account(&self) -> Option<PayerAccount> {
        let (number, name) = (self.account_number.replace([' ', '.', '-'], ""), self.account_name.trim());
        let is_name = (1..=140).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        let is_bank = BANKS.iter().any(|(bin, _)| *bin == self.bank_bin);
        (PayerAccount::is_number(&number) && is_name && is_bank).then(|| PayerAccount {
            bank_bin: self.bank_bin.clone(),
            account_number: number,
            account_name: name.to_owned(),
        })
    }
}

pub(crate) async fn tell(
    ctx: web::Data<Context>,
    request: HttpRequest,
    form: Result<web::Form<Form>, actix_web::Error>,
) -> HttpResponse {
    let asked = Asked::of(&request);
    let loaded = match load(&ctx, &asked).await {
        Ok(loaded) => loaded,
        Err(instead) => return instead,
    };
    let (now, w) = (Timestamp::now(), asked.language.words());
    let refused =
        |status, text| answer::html(status, asked.language, &Page::of(&ctx, &loaded, &asked, now).with_error(text));
    let form = match form {
        Ok(form) => form.into_inner(),
        Err(error) => return refused(error.as_response_error().status_code(), w.account_bad),
    };
    let Some(account) = form.account() else {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, w.account_bad);
    };
    let Ok(payment) = form.payment.parse() else {
        return refused(StatusCode::CONFLICT, w.account_late);
    };
    let told = Told { intent: loaded.view.intent.id, payment, account, caller: Caller::system(), now };
    match refund::tell_account(&ctx, &told).await {
        Ok(()) => back_to_page(&asked),
        Err(RefundError::Absent | RefundError::UnderWay) => refused(StatusCode::CONFLICT, w.account_late),
        Err(error) => {
            tracing::error!(error = &error as &dyn Error, "an account for a refund was not kept");
            refused(StatusCode::SERVICE_UNAVAILABLE, w.out_of_order_text)
        }
    }
}
