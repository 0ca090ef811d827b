//! confirm (MoMo AIO v2, section 2.4): money that a payer authorised is taken, or let go. Each word has a request id of its
//! own, for one that MoMo could not follow is never followed under the same id (section 2.5); what was done, query says.

use crate::api::{Call, refused};
use crate::{Wallet, codes, wire};
use async_trait::async_trait;
use provider::{Holds, ProviderError, Question};
use serde_json::Value;

#[async_trait]
impl Holds for Wallet {
    async fn take(&self, held: &Question) -> Result<(), ProviderError> {
        self.say("capture", held).await
    }

    async fn let_go(&self, held: &Question) -> Result<(), ProviderError> {
        self.say("cancel", held).await
    }
}

impl Wallet {
    async fn say(&self, word: &'static str, held: &Question) -> Result<(), ProviderError> {
        let body = self.word(word, held)?;
        let answer = self.answer(&body, &self.post(Call::Confirm, &body).await?)?;
        match answer.code {
            codes::PAID => Ok(()),
            code if codes::is_in_hand(code) => Ok(()),
            codes::MAINTENANCE | codes::LIKE_ONE_RUNS => Err(ProviderError::Unavailable(None)),
            codes::UNKNOWN => Err(ProviderError::Unknown(None)),
            _ => Err(answer.refused("confirm")),
        }
    }

    pub fn word(&self, word: &'static str, held: &Question) -> Result<Value, ProviderError> {
        let order_id = wire::order_id(&held.order_ref).ok_or_else(|| refused("the order reference is no orderId"))?;
        let request_id = uuid::Uuid::new_v4().simple().to_string();
        Ok(self.request(
            Call::Confirm,
            &[
                ("requestId", request_id.into()),
                ("orderId", order_id.into()),
                ("requestType", word.into()),
                ("amount", held.amount.dong().into()),
                ("lang", "vi".into()),
                ("description", "".into()),
            ],
        ))
    }
}
