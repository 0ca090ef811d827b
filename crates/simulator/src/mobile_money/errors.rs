//! The document's error objects, and the HTTP status that goes with each category.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock;

/// A category with one of its codes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fault {
    pub category: Category,
    pub code: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Category {
    BusinessRule,
    Validation,
    Authorisation,
    Identification,
    Internal,
    ServiceUnavailable,
}

pub(super) fn fault(category: Category, code: &str) -> Fault {
    Fault { category, code: code.to_owned() }
}

impl Fault {
    pub(super) fn status(&self) -> StatusCode {
        match self.category {
            Category::BusinessRule | Category::Validation => StatusCode::BAD_REQUEST,
            Category::Authorisation => StatusCode::UNAUTHORIZED,
            Category::Identification => StatusCode::NOT_FOUND,
            Category::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Category::ServiceUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// `errorObject`; the description is spelled as in the schema.
    pub(super) fn body(&self) -> Value {
        json!({
            "errorCategory": self.category, "errorCode": self.code, "errordescription": "refused by the simulator",
            "errorDateTime": clock::now().to_string(), "errorParameters": [{"key": "simulator", "value": "mobile_money"}],
        })
    }

    pub(super) fn answer(&self) -> HttpResponse {
        HttpResponse::build(self.status()).insert_header(("X-Date", clock::now().to_string())).json(self.body())
    }
}
