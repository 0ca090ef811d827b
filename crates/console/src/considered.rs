//! Why a line of a statement is what it is: each thing that it could have been, with how much of it agrees and why it was
//! refused. Reading one is written down, as reading its statement is.

use crate::answer::{Answer, Refused, html};
use crate::frame::Frame;
use crate::shown;
use crate::staff::{Staff, now};
use crate::statements::{Compared, compared};
use crate::words;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use domain::matching::What;
use domain::matching::explained::Verdict;
use domain::principal::Scope;
use domain::{StatementId, Vnd};
use payments::considered::{self, Shown};
use payments::{Context, sign_in};
use storage::side_by_side::{self, Filter};

/// Something that a line could have been.
pub(crate) struct Candidate {
    pub(crate) score: u32,
    pub(crate) amount: Vnd,
    pub(crate) day: String,
    /// None: a report that waits.
    pub(crate) payment: Option<String>,
    pub(crate) reference: String,
    pub(crate) agreed: String,
    pub(crate) chosen: bool,
    pub(crate) why: &'static str,
}

pub(crate) fn candidates(all: &[Shown]) -> Vec<Candidate> {
    let candidate = |s: &Shown| Candidate {
        score: s.considered.score,
        amount: s.amount,
        day: shown::day(s.day),
        payment: match s.considered.what {
            What::Payment(id) => Some(id.to_string()),
            What::Sighting(_) => None,
        },
        reference: s.reference.clone().unwrap_or_default(),
        agreed: s.considered.agreed.iter().map(|word| words::agreed(word)).collect::<Vec<_>>().join(", "),
        chosen: matches!(s.considered.verdict, Verdict::Chosen(_)),
        why: match s.considered.verdict {
            Verdict::Chosen(rule) => words::rule(rule.as_str()),
            Verdict::Refused(why) => words::refused(why),
        },
    };
    all.iter().map(candidate).collect()
}

#[derive(Template)]
#[template(path = "line.html")]
struct LinePage {
    frame: Frame,
    statement: String,
    account: String,
    line: Compared,
    considered: Vec<Candidate>,
}

pub(crate) async fn show(ctx: Data<Context>, staff: Staff, at: Path<(String, i32)>) -> Answer {
    staff.needs(&[Scope::ReportsRead])?;
    let id: StatementId = at.0.parse().map_err(|_| Refused::Absent)?;
    let number = Some(at.1).filter(|n| *n > 0).ok_or(Refused::Absent)?;
    let own = staff.sees();
    let filter = Filter { beneficiaries: own.clone(), id: Some(id), ..Filter::default() };
    let (statement, line) = {
        let db = ctx.pool.get().await?;
        let statement = side_by_side::statements(&db, &filter, 1).await?.pop().ok_or(Refused::Absent)?;
        (statement, side_by_side::lines(&db, id, (number - 1, false), 1).await?.pop())
    };
    let line = line.filter(|line| line.number == number).ok_or(Refused::Absent)?;
    let considered = considered::of_line(&ctx, id, number, own.as_deref()).await?;
    sign_in::tell(&ctx, &staff.person.to_string(), "statement_read", id.to_string(), &staff.request_id, now()).await?;
    let page = LinePage {
        frame: Frame::of(&staff, "/console/statements"),
        statement: id.to_string(),
        account: statement.account,
        line: compared(&line),
        considered: candidates(&considered),
    };
    Ok(html(StatusCode::OK, &page))
}
