//! People with their rights, and keys of people and portals: read, and a key revoked.

use super::{Asked, HERE, SCOPES, by, frame, made, pressed};
use crate::answer::{Answer, Refused, html, see_other};
use crate::frame::Frame;
use crate::shown;
use crate::staff::Staff;
use crate::words;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path, Query};
use askama::Template;
use domain::KeyId;
use payments::Context;
use payments::administer::keys;
use storage::Tx;
use storage::persons::{self, Filter};
use storage::principals::{self, KeyFilter};

/// More than an office has.
const AT_MOST: i64 = 500;

struct Person {
    code: String,
    name: String,
    roles: String,
    sees: String,
    disabled: Option<String>,
}

struct Key {
    id: String,
    holder: String,
    scopes: String,
    made: String,
    revoked: Option<String>,
}

#[derive(Template)]
#[template(path = "admin_people.html")]
struct Page {
    frame: Frame,
    people: Vec<Person>,
    keys: Vec<Key>,
    wrong: Option<String>,
}

pub(crate) async fn people(ctx: Data<Context>, staff: Staff, asked: Query<Asked>) -> Answer {
    staff.needs(SCOPES)?;
    page(StatusCode::OK, &ctx, &staff, None, asked.done.is_some()).await
}

async fn page(status: StatusCode, ctx: &Context, staff: &Staff, wrong: Option<String>, done: bool) -> Answer {
    let within = by(staff).beneficiaries;
    let db = ctx.pool.get().await?;
    let filter = Filter { within: within.clone(), ..Filter::default() };
    let people = persons::page(&db, &filter, None, AT_MOST).await?;
    let keys = principals::page_keys(&db, &KeyFilter { within, holder: None, id: None }, None, AT_MOST).await?;
    let person = |p: &persons::Person| Person {
        code: p.code.clone(),
        name: p.name.clone(),
        roles: p.roles.iter().map(|role| words::role(role.as_str())).collect::<Vec<_>>().join(", "),
        sees: if p.beneficiaries.is_empty() { "mọi đơn vị".to_owned() } else { p.beneficiaries.join(", ") },
        disabled: p.disabled_at.map(shown::time),
    };
    let key = |k: &principals::ListedKey| Key {
        id: k.id.to_string(),
        holder: k.holder.clone(),
        scopes: k.scopes.join(", "),
        made: shown::time(k.created_at),
        revoked: k.revoked_at.map(shown::time),
    };
    let page = Page {
        frame: frame(staff, done),
        people: people.iter().map(person).collect(),
        keys: keys.iter().map(key).collect(),
        wrong,
    };
    Ok(html(status, &page))
}

pub(crate) async fn revoke(ctx: Data<Context>, staff: Staff, id: Path<String>, raw: Bytes) -> Answer {
    let form = pressed(&staff, &raw)?;
    let id: KeyId = id.parse().map_err(|_| Refused::Absent)?;
    let by = by(&staff);
    match made(&ctx, &staff, &form, async |tx: &Tx| keys::revoke(tx, &by, id).await).await? {
        Ok(()) => Ok(see_other(&format!("{HERE}/people?done=1"))),
        Err(wrong) => page(StatusCode::UNPROCESSABLE_ENTITY, &ctx, &staff, Some(wrong), false).await,
    }
}
