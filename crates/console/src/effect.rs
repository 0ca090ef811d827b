//! What would follow if a second person approved it now, in words: entries of the ledger, states, cases, and what would be told;
//! and the page that shows it, with the form again, to be sent as it is.

use crate::form::{self, Form};
use crate::frame::Frame;
use crate::shown;
use crate::words;
use askama::Template;
use domain::Vnd;
use domain::changes::{Changes, NewCase};
use domain::event::Notice;
use domain::ledger::Journal;
use payments::preview::{self, Moved};

pub(crate) struct Booked {
    pub what: String,
    pub day: String,
    /// Account, debit, credit.
    pub entries: Vec<(String, Option<Vnd>, Option<Vnd>)>,
}

/// Nothing is kept yet: what stands here is asked of the books once more when it is sent.
#[derive(Template)]
#[template(path = "preview.html")]
pub(crate) struct PreviewPage {
    frame: Frame,
    /// Where it was asked, and that place's name.
    back: String,
    place: String,
    action: String,
    effect: Effect,
    /// What is said where nothing would be booked.
    nothing: &'static str,
    /// Where it is sent.
    target: String,
    fields: Vec<(String, String)>,
    key: String,
}

impl PreviewPage {
    pub fn new(
        frame: Frame,
        (back, place): (String, String),
        (action, nothing): (&str, &'static str),
        (target, form): (String, &Form),
        effect: Effect,
    ) -> Self {
        let (fields, key, action) = (form.kept(&["preview"]), form::key(), action.to_owned());
        Self { frame, back, place, action, effect, nothing, target, fields, key }
    }
}

pub(crate) struct Effect {
    pub journals: Vec<Booked>,
    /// Thing, its id, from, to.
    pub states: Vec<(String, String, String, String)>,
    pub opened: Vec<(String, Vnd)>,
    pub told: Vec<(String, String)>,
}

impl Effect {
    pub fn new(c: &Changes) -> Self {
        let opened = |k: &NewCase| (words::kind(k.kind.as_str()).to_owned(), k.amount);
        Self {
            journals: c.journals.iter().map(booked).collect(),
            states: preview::moved(c).iter().map(state).collect(),
            opened: c.cases_opened.iter().map(opened).collect(),
            told: c.notices.iter().map(told).collect(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.journals.is_empty() && self.states.is_empty() && self.opened.is_empty() && self.told.is_empty()
    }
}

fn state(moved: &Moved) -> (String, String, String, String) {
    let said = |word: &str| words::state(word).to_owned();
    (words::thing(moved.entity.as_str()).to_owned(), moved.id.clone(), said(moved.from), said(moved.to))
}

fn booked(j: &Journal) -> Booked {
    let entry = |leg: &domain::ledger::Leg| {
        let (debit, credit) = if leg.amount.is_positive() {
            (Some(leg.amount), None)
        } else {
            (None, Some(Vnd::new(-leg.amount.dong())))
        };
        (account(&leg.account.to_string()), debit, credit)
    };
    Booked {
        what: words::journal(j.kind().as_str()).to_owned(),
        day: shown::day(j.business_date()),
        entries: j.legs().iter().map(entry).collect(),
    }
}

/// An account of the ledger as people call it.
fn account(code: &str) -> String {
    match code.split_once(':') {
        Some(("suspense", reason)) => format!("Chờ xử lý: {}", words::kind(reason).to_lowercase()),
        Some(("bank", account)) => format!("Tài khoản ngân hàng {account}"),
        Some(("clearing", profile)) => format!("Hợp đồng {profile}"),
        Some(("obligation", beneficiary)) => format!("Khoản phải thu của {beneficiary}"),
        Some(("fee", profile)) => format!("Phí của {profile}"),
        Some(("drawer", counter)) => format!("Ngăn kéo {counter}"),
        Some(("remitted", beneficiary)) => format!("Đã nộp ngân sách của {beneficiary}"),
        Some(("in_transit", account)) => format!("Đang chuyển đến {account}"),
        _ => match code {
            "refund_payable" => "Phải hoàn trả".to_owned(),
            "written_off" => "Đã xoá sổ".to_owned(),
            "opening:bank" => "Số dư ban đầu của các tài khoản".to_owned(),
            other => other.to_owned(),
        },
    }
}

fn told(notice: &Notice) -> (String, String) {
    let (event, id) = match notice {
        Notice::Obligation(id, event) => (event, id.to_string()),
        Notice::Intent(id, event) => (event, id.to_string()),
        Notice::Refund(id, event) => (event, id.to_string()),
    };
    (words::journal(event.as_str()).to_owned(), id)
}
