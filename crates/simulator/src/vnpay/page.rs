//! What the payer's browser sees: pay page, error page, the way back. Refuses a payment after vnp_ExpireDate.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use askama::Template;
use serde::Deserialize;
use serde_json::json;

use super::book::Status;
use super::request::{self, Mistake};
use super::{Action, Shop, Wish, settle};
use crate::clock;
use crate::server::{Answer, dong, html, refused};

#[derive(Template)]
#[template(path = "pay.html")]
struct PayPage<'a> {
    order_ref: &'a str,
    create_date: &'a str,
    tmn_code: &'a str,
    order_info: &'a str,
    amount: String,
    until: String,
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    code: &'a str,
    title: &'a str,
    why: &'a str,
}

fn title(code: &str) -> &'static str {
    match code {
        request::TXN_REF_USED => "Giao dịch đã tồn tại",
        request::BAD_TERMINAL => "Không tìm thấy đơn vị chấp nhận thanh toán",
        request::BAD_FORMAT => "Dữ liệu gửi sang không đúng định dạng",
        request::WINDOW_CLOSED => "Đã hết hạn chờ thanh toán",
        request::BAD_HASH => "Sai chữ ký",
        _ => "Có lỗi xảy ra trong quá trình xử lý",
    }
}

/// The real site goes to an error page of its own with 200; ours says 400, so that a test cannot take it for success.
async fn mistake(shop: &Shop, what: &str, mistake: &Mistake) -> Answer {
    let line = json!({"what": what, "status": 400, "code": mistake.code, "why": mistake.why});
    shop.log.write("answered", line).await?;
    html(StatusCode::BAD_REQUEST, &ErrorPage { code: mistake.code, title: title(mistake.code), why: &mistake.why })
}

pub(super) async fn open(shop: web::Data<Shop>, http: HttpRequest) -> Answer {
    let query = http.query_string();
    shop.log.write("received", json!({"what": "pay_page", "method": "GET", "query": query})).await?;
    let request = match request::read(query, &shop.config.tmn_code, &shop.hash_secret()) {
        Ok(request) => request,
        Err(error) => return mistake(&shop, "pay_page", &error).await,
    };
    let now = clock::now();
    let late = || {
        let matches = |rule: &super::Match| rule.is(&request.order_ref, Some(request.amount));
        !shop.rules.peek(matches, |action| matches!(action, Action::Late(_))).is_empty()
    };
    let opened = {
        let mut book = shop.book();
        match book.same(&request, now) {
            Err(error) => Err(error),
            Ok(_) if now >= request.expires_at && !late() => {
                Err(Mistake::new(request::WINDOW_CLOSED, "vnp_ExpireDate is past"))
            }
            Ok(Some(_)) => Ok(()),
            Ok(None) => {
                book.open(request.clone(), now);
                Ok(())
            }
        }
    };
    if let Err(error) = opened {
        return mistake(&shop, "pay_page", &error).await;
    }
    let line = json!({
        "what": "pay_page", "status": 200, "order_ref": request.order_ref, "amount": request.amount,
        "wire_amount": super::book::wire(request.amount), "create_date": request.create_date,
    });
    shop.log.write("answered", line).await?;
    html(
        StatusCode::OK,
        &PayPage {
            order_ref: &request.order_ref,
            create_date: &request.create_date,
            tmn_code: &shop.config.tmn_code,
            order_info: &request.order_info,
            amount: dong(request.amount),
            until: clock::readable(&request.expire_date),
        },
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pressed {
    order_ref: String,
    create_date: Option<String>,
}

pub(super) async fn confirm(shop: web::Data<Shop>, form: web::Form<Pressed>) -> Answer {
    let wish = Wish { status: Status::Paid, response_code: "00".to_owned(), amount: None };
    press(&shop, "confirm", &form, wish).await
}

/// 24: the customer cancelled (VNPAY 2.1.0, response codes).
pub(super) async fn cancel(shop: web::Data<Shop>, form: web::Form<Pressed>) -> Answer {
    let wish = Wish { status: Status::Cancelled, response_code: "24".to_owned(), amount: None };
    press(&shop, "cancel", &form, wish).await
}

async fn press(shop: &web::Data<Shop>, what: &str, form: &Pressed, wish: Wish) -> Answer {
    let line = json!({"what": what, "method": "POST", "order_ref": form.order_ref, "create_date": form.create_date});
    shop.log.write("received", line).await?;
    let settled = match settle(shop, &form.order_ref, form.create_date.as_deref(), wish).await {
        Ok(settled) => settled,
        Err(error) if error.status_code() == StatusCode::INTERNAL_SERVER_ERROR => return Err(error),
        Err(error) => {
            let code = error.field("code").and_then(|code| code.as_str()).unwrap_or(request::UNKNOWN).to_owned();
            let why = error.field("error").and_then(|why| why.as_str()).unwrap_or_default().to_owned();
            let line = json!({"what": what, "status": 400, "code": code, "why": why});
            shop.log.write("answered", line).await?;
            return html(StatusCode::BAD_REQUEST, &ErrorPage { code: &code, title: title(&code), why: &why });
        }
    };
    let to = settled.return_to.to_string();
    shop.log.write("answered", json!({"what": what, "status": 302, "location": to})).await?;
    let location = header::HeaderValue::from_str(&to).map_err(|error| refused(StatusCode::BAD_GATEWAY, error))?;
    Ok(HttpResponse::Found().insert_header((header::LOCATION, location)).finish())
}
