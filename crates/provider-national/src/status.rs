//! What became of an order, by QUERY (DVCQG 1.0.6, section 3.1): it needs the time of INIT, so it is asked with the
//! attempt's. It refuses to call an order paid without a number, or paid or failed by a word that no document has.

use crate::api::{Message, malformed, object, refused, shown};
use crate::{Platform, signature, wire};
use async_trait::async_trait;
use domain::payment::{Capture, News, Report};
use provider::json::Object;
use provider::status::Told;
use provider::{ProviderError, Question, Status};

#[cfg(test)]
mod tests;

#[async_trait]
impl Status for Platform {
    async fn ask(&self, question: &Question) -> Result<Told, ProviderError> {
        let evidence = self.post(&self.settings.query_url, &self.question("QUERY", question)).await?;
        let report = self.conclude(question, &object(&evidence)?)?;
        Ok(Told { report, evidence })
    }
}

impl Platform {
    /// QUERY and GET_BILL ask with the same values.
    pub fn question(&self, kind: &str, question: &Question) -> Message {
        let own =
            [("MaThamChieu", question.order_ref.to_string()), ("ThoiGianGD", wire::time_to_wire(question.ordered_at))];
        self.message(kind, signature::QUERY, &own)
    }

    fn conclude(&self, question: &Question, answer: &Object) -> Result<Report, ProviderError> {
        let order_ref = question.order_ref.clone();
        // which code says that there is no such order, no document says: any but the good one concludes nothing
        match answer.text("MaLoi") {
            Some(wire::GOOD) => {}
            Some(code) => return Err(refused(&format!("QUERY answered MaLoi {}", shown(code)))),
            None => return Err(malformed("MaLoi is missing")),
        }
        self.must_be_about(answer, order_ref.as_str())?;
        if answer.text("MaThamChieu").is_none() {
            return Err(malformed("MaThamChieu is missing"));
        }
        let state = answer.text("TrangThaiGD").ok_or_else(|| malformed("TrangThaiGD is missing"))?;
        let number = answer.text("MaGiaoDich").and_then(wire::transaction);
        let news = match state {
            "1" => News::Captured(capture(answer, number)?),
            "4" => News::Failed { code: state.to_owned() },
            _ => News::Pending,
        };
        let name = number.unwrap_or(order_ref.as_str());
        Ok(Report { source_key: format!("{name}:{}", shown(state)), order_ref, news })
    }
}

fn capture(answer: &Object, number: Option<&str>) -> Result<Capture, ProviderError> {
    let number = number.ok_or_else(|| malformed("paid without MaGiaoDich"))?;
    if answer.text("MaTienTe").is_some_and(|currency| currency != wire::CURRENCY) {
        return Err(malformed("MaTienTe is not VND"));
    }
    let amount = answer.text("SoTien").and_then(wire::amount_from_wire);
    let amount = amount.ok_or_else(|| malformed("SoTien is missing or ill-formed"))?;
    let paid_at = answer.text("ThoiGianGD").and_then(wire::time_from_wire);
    Ok(Capture { provider_txn_id: number.to_owned(), bank_txn_id: None, amount, paid_at })
}
