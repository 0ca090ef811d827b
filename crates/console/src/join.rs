//! The page behind a link of `motlan user invite`: a person sets their password and takes the secret of their codes into an
//! application. The link is good once, and for a day.

use crate::answer::{Answer, Refused, html};
use crate::cookie::Token;
use crate::form::Form;
use crate::staff::{now, request_id};
use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path};
use askama::Template;
use domain::mode::Mode;
use identity::code;
use identity::password::{Salt, Weak};
use payments::Context;
use payments::sign_in::{self, Invited, JoinError, Joined};
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use rand::Rng;

#[derive(Template)]
#[template(path = "join.html")]
struct Page {
    form: String,
    address: String,
    name: String,
    code: String,
    secret: String,
    /// An SVG of ours, as it is.
    picture: String,
    wrong: Option<&'static str>,
    sandbox: bool,
}

#[derive(Template)]
#[template(path = "joined.html")]
struct Done {
    sandbox: bool,
}

pub(crate) async fn show(ctx: Data<Context>, token: Path<String>) -> Answer {
    let (token, invited) = found(&ctx, &token).await?;
    page(StatusCode::OK, &ctx, &token, &invited, None)
}

async fn found(ctx: &Context, token: &str) -> Result<(Token, Invited), Refused> {
    let token = Token::read(token).ok_or(Refused::Absent)?;
    let invited = sign_in::invitation(ctx, &token.hash(), now()).await?.ok_or(Refused::Absent)?;
    Ok((token, invited))
}

fn page(status: StatusCode, ctx: &Context, token: &Token, invited: &Invited, wrong: Option<&'static str>) -> Answer {
    let text = code::text(&invited.secret);
    let fours: Vec<String> = text.as_bytes().chunks(4).map(|four| String::from_utf8_lossy(four).into_owned()).collect();
    let page = Page {
        form: token.of_forms(),
        address: format!("/console/invitations/{}", token.text()),
        name: invited.name.clone(),
        code: invited.code.clone(),
        secret: fours.join(" "),
        picture: picture(&code::address(&invited.secret, &invited.code))?,
        wrong,
        sandbox: ctx.mode == Mode::Sandbox,
    };
    Ok(html(status, &page))
}

fn picture(text: &str) -> Result<String, Refused> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(Refused::broken)?;
    let picture = code.render::<svg::Color<'_>>().min_dimensions(220, 220).quiet_zone(true).build();
    // inside a page it has no declaration of its own
    Ok(picture.split_once("?>").map_or(picture.clone(), |(_, svg)| svg.to_owned()))
}

pub(crate) async fn join(request: HttpRequest, ctx: Data<Context>, token: Path<String>, raw: Bytes) -> Answer {
    let (token, invited) = found(&ctx, &token).await?;
    let form = Form::read(&raw, &token)?;
    let again = |wrong| page(StatusCode::UNPROCESSABLE_ENTITY, &ctx, &token, &invited, Some(wrong));
    let password: String = form.text("password").chars().take(512).collect();
    if password != form.text("again") {
        return again("Hai lần nhập mật khẩu không giống nhau.");
    }
    let mut salt: Salt = [0; 16];
    rand::rng().fill_bytes(&mut salt);
    let joined = Joined { password, code: form.text("code").to_owned(), salt };
    match sign_in::join(&ctx, &token.hash(), joined, &request_id(&request), now()).await {
        Ok(_) => Ok(html(StatusCode::OK, &Done { sandbox: ctx.mode == Mode::Sandbox })),
        Err(JoinError::Absent) => Err(Refused::Absent),
        Err(JoinError::WrongCode) => again("Mã xác thực không đúng. Hãy nhập mã mà ứng dụng đang hiển thị."),
        Err(JoinError::Weak(weak)) => again(said(weak)),
        Err(error) => Err(Refused::broken(error)),
    }
}

const fn said(weak: Weak) -> &'static str {
    match weak {
        Weak::Short => "Mật khẩu cần ít nhất 8 ký tự.",
        Weak::Long => "Mật khẩu dài quá 128 ký tự.",
        Weak::Usual => "Mật khẩu này quá phổ biến, kẻ xấu sẽ thử đầu tiên. Hãy chọn một cụm từ của riêng bạn.",
        Weak::NamesHolder => "Mật khẩu không được chứa tên đăng nhập của bạn.",
    }
}
