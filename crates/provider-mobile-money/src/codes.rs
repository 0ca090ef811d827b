//! The error codes of GSMA 1.2 (section 4.3), by what they say to a payer. Those about us, about the form of a request, about
//! the receiver or about what we do not use (quotations, mandates) say nothing that a payer could act on.

use provider::Failure;

pub fn why(code: &str) -> Failure {
    match code {
        // the payer, or the payer's code: the document has no code of its own for a wrong one
        "requestDeclined" => Failure::NotConfirmed,
        "insufficientFunds" => Failure::NotEnoughMoney,
        "dailyVolumeLimitExceeded"
        | "dailyValueLimitExceeded"
        | "weeklyVolumeLimitExceeded"
        | "weeklyValueLimitExceeded"
        | "monthlyVolumeLimitExceeded"
        | "monthlyValueLimitExceeded"
        | "accountMaxTotalVolumeExceeded"
        | "accountMaxTotalValueExceeded"
        | "greaterThanTransactionMaxValue" => Failure::OverLimit,
        "lessThanTransactionMinValue" => Failure::UnderLimit,
        // of all that names somebody in an order, the payer's number alone differs from one to the next
        "identifierError" => Failure::NoAccount,
        // what the account is in, what it was opened for, and by what papers
        "incorrectState"
        | "transactionTypeError"
        | "countryofOriginNotPermitted"
        | "nationalityNotPermitted"
        | "idDocumentNotSupported"
        | "issuingCountryNotSupported" => Failure::AccountNotUsable,
        _ => Failure::Unsaid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All of the OpenAPI's enumeration.
    #[test]
    fn every_code_of_the_document_says_what_the_payer_can_do_or_nothing() {
        let said: &[(Failure, &[&str])] = &[
            (Failure::NotConfirmed, &["requestDeclined"]),
            (Failure::NotEnoughMoney, &["insufficientFunds"]),
            (
                Failure::OverLimit,
                &[
                    "dailyVolumeLimitExceeded",
                    "dailyValueLimitExceeded",
                    "weeklyVolumeLimitExceeded",
                    "weeklyValueLimitExceeded",
                    "monthlyVolumeLimitExceeded",
                    "monthlyValueLimitExceeded",
                    "accountMaxTotalVolumeExceeded",
                    "accountMaxTotalValueExceeded",
                    "greaterThanTransactionMaxValue",
                ],
            ),
            (Failure::UnderLimit, &["lessThanTransactionMinValue"]),
            (Failure::NoAccount, &["identifierError"]),
            (
                Failure::AccountNotUsable,
                &[
                    "incorrectState",
                    "transactionTypeError",
                    "countryofOriginNotPermitted",
                    "nationalityNotPermitted",
                    "idDocumentNotSupported",
                    "issuingCountryNotSupported",
                ],
            ),
            (
                Failure::Unsaid,
                &[
                    "genericError",
                    "maxBalanceExceeded",
                    "samePartiesError",
                    "duplicateRequest",
                    "underPaymentNotAllowed",
                    "overPaymentNotAllowed",
                    "rateLimitError",
                    "noMandateAuthority",
                    "linkViolation",
                    "quoteHasExpired",
                    "lengthError",
                    "formatError",
                    "negativeValue",
                    "currencyNotSupported",
                    "mandatoryValueNotSupplied",
                    "invalidOffset",
                    "clientAuthorisationError",
                    "servicingPartyAuthorisationError",
                    "requestingPartyAuthorisationError",
                    // ours, for what came without a code that is one
                    "failed",
                    "ill-formed",
                    "",
                ],
            ),
        ];
        for (failure, codes) in said {
            for code in *codes {
                assert_eq!(why(code), *failure, "{code}");
            }
        }
        assert_eq!(said.iter().map(|(_, codes)| codes.len()).sum::<usize>(), 38 + 3);
    }
}
