//! A provider's payout is never a payment: by what text it is known on an account of ours.

use domain::codes::AccountCode;
use domain::mode::Mode;
use domain::reference_text::{self, Found, squeezed};
use storage::{Db, StorageError, profiles};

/// What payouts to one account read like, squeezed, and whose they are.
pub(crate) struct PayoutTexts(Vec<(String, String)>);

impl PayoutTexts {
    pub(crate) async fn of(db: &Db, account: &AccountCode) -> Result<Self, StorageError> {
        let all = profiles::payouts(db, Some(account.as_str()), None).await?;
        let named = all.into_iter().map(|p| (squeezed(&p.text), p.profile));
        Ok(Self(named.filter(|(text, _)| !text.is_empty()).collect()))
    }

    /// The contract whose payout a text is. One that names a reference of ours is a payer's, whatever else it says.
    pub(crate) fn contract(&self, text: &str, mode: Mode) -> Option<&str> {
        let told = squeezed(text);
        let (_, profile) = self.0.iter().find(|(known, _)| told.contains(known.as_str()))?;
        (reference_text::find(text, mode) == Found::None).then_some(profile)
    }
}
