//! Forward migrations, run by the owner role. Two that start at once are safe: the second waits and finds nothing to do.

use crate::error::StorageError;
use refinery::{Migration, Runner};
use secrecy::{ExposeSecret, SecretString};
use tokio_postgres::NoTls;

const ROLES: &str = include_str!("roles.sql");
const MIGRATIONS: &[(&str, &str)] = &[
    ("V1__money_model", include_str!("../migrations/0001_money_model.sql")),
    ("V2__legal_transitions", include_str!("../migrations/0002_legal_transitions.sql")),
    ("V3__assurance", include_str!("../migrations/0003_assurance.sql")),
    ("V4__rights", include_str!("../migrations/0004_rights.sql")),
    ("V5__assurance_detail", include_str!("../migrations/0005_assurance_detail.sql")),
    ("V6__bank_accounts", include_str!("../migrations/0006_bank_accounts.sql")),
    ("V11__days_and_cases", include_str!("../migrations/0011_days_and_cases.sql")),
    ("V20__trace_context", include_str!("../migrations/0020_trace_context.sql")),
    ("V21__movement_codes", include_str!("../migrations/0021_movement_codes.sql")),
    ("V22__unplaced_payments", include_str!("../migrations/0022_unplaced_payments.sql")),
    ("V30__approvals_and_refunds", include_str!("../migrations/0030_approvals_and_refunds.sql")),
    ("V40__roles", include_str!("../migrations/0040_roles.sql")),
    ("V41__channels", include_str!("../migrations/0041_channels.sql")),
    ("V42__fee_validity", include_str!("../migrations/0042_fee_validity.sql")),
    ("V43__parked_calls", include_str!("../migrations/0043_parked_calls.sql")),
    ("V44__account_changes", include_str!("../migrations/0044_account_changes.sql")),
    ("V50__payer_erased", include_str!("../migrations/0050_payer_erased.sql")),
    ("V51__payer_erased_from_refunds", include_str!("../migrations/0051_payer_erased_from_refunds.sql")),
    ("V52__no_home_below_zero", include_str!("../migrations/0052_no_home_below_zero.sql")),
    ("V53__refund_calls", include_str!("../migrations/0053_refund_calls.sql")),
    ("V60__rights_by_two", include_str!("../migrations/0060_rights_by_two.sql")),
    ("V61__key_makers", include_str!("../migrations/0061_key_makers.sql")),
    ("V62__profile_credentials", include_str!("../migrations/0062_profile_credentials.sql")),
    ("V64__unexplained_debits", include_str!("../migrations/0064_unexplained_debits.sql")),
    ("V65__sent_refunds", include_str!("../migrations/0065_sent_refunds.sql")),
    ("V66__second_thoughts", include_str!("../migrations/0066_second_thoughts.sql")),
    ("V67__cases_of_waiting_money", include_str!("../migrations/0067_cases_of_waiting_money.sql")),
    ("V68__whom_money_concerns", include_str!("../migrations/0068_whom_money_concerns.sql")),
    ("V76__days_with_late_lines", include_str!("../migrations/0076_days_with_late_lines.sql")),
    ("V77__sealed_closings", include_str!("../migrations/0077_sealed_closings.sql")),
    ("V78__asked_by_handle", include_str!("../migrations/0078_asked_by_handle.sql")),
    ("V79__provider_health", include_str!("../migrations/0079_provider_health.sql")),
    ("V85__bills", include_str!("../migrations/0085_bills.sql")),
    ("V86__whom_bills_concern", include_str!("../migrations/0086_whom_bills_concern.sql")),
    ("V87__bill_views", include_str!("../migrations/0087_bill_views.sql")),
    ("V90__citizen_page", include_str!("../migrations/0090_citizen_page.sql")),
    ("V100__no_payouts", include_str!("../migrations/0100_no_payouts.sql")),
    ("V101__early_reversals", include_str!("../migrations/0101_early_reversals.sql")),
    ("V102__contract_fees", include_str!("../migrations/0102_contract_fees.sql")),
    ("V103__open_movements", include_str!("../migrations/0103_open_movements.sql")),
    ("V104__codes_of_holders", include_str!("../migrations/0104_codes_of_holders.sql")),
    ("V106__submitted_refunds", include_str!("../migrations/0106_submitted_refunds.sql")),
    ("V107__first_calls", include_str!("../migrations/0107_first_calls.sql")),
    ("V110__counters", include_str!("../migrations/0110_counters.sql")),
    ("V111__deposits_in_cases", include_str!("../migrations/0111_deposits_in_cases.sql")),
    ("V115__learned_reversals", include_str!("../migrations/0115_learned_reversals.sql")),
    ("V116__lines_of_batches", include_str!("../migrations/0116_lines_of_batches.sql")),
    ("V120__whose_it_is", include_str!("../migrations/0120_whose_it_is.sql")),
    ("V121__amounts_that_differ", include_str!("../migrations/0121_amounts_that_differ.sql")),
    ("V122__whose_bills_are", include_str!("../migrations/0122_whose_bills_are.sql")),
    ("V123__erased_everywhere", include_str!("../migrations/0123_erased_everywhere.sql")),
    ("V124__days_of_cases", include_str!("../migrations/0124_days_of_cases.sql")),
    ("V125__first_accounts", include_str!("../migrations/0125_first_accounts.sql")),
    ("V150__refunds_past_us", include_str!("../migrations/0150_refunds_past_us.sql")),
    ("V155__held_money", include_str!("../migrations/0155_held_money.sql")),
    ("V165__late_payouts", include_str!("../migrations/0165_late_payouts.sql")),
    ("V166__early_returns", include_str!("../migrations/0166_early_returns.sql")),
    ("V167__listings_in_turn", include_str!("../migrations/0167_listings_in_turn.sql")),
    ("V168__credits_of_deposits", include_str!("../migrations/0168_credits_of_deposits.sql")),
    ("V169__references_by_word", include_str!("../migrations/0169_references_by_word.sql")),
    ("V170__entries_of_batches", include_str!("../migrations/0170_entries_of_batches.sql")),
    ("V171__lines_of_several", include_str!("../migrations/0171_lines_of_several.sql")),
    ("V175__phone_prompts", include_str!("../migrations/0175_phone_prompts.sql")),
    ("V176__bill_callbacks", include_str!("../migrations/0176_bill_callbacks.sql")),
    ("V177__codes_in_any_case", include_str!("../migrations/0177_codes_in_any_case.sql")),
    ("V178__erased_for_good", include_str!("../migrations/0178_erased_for_good.sql")),
    ("V179__deposits_sought", include_str!("../migrations/0179_deposits_sought.sql")),
    ("V180__overtaken_pieces", include_str!("../migrations/0180_overtaken_pieces.sql")),
    ("V183__names_from_reports", include_str!("../migrations/0183_names_from_reports.sql")),
    ("V186__late_payouts_given_back", include_str!("../migrations/0186_late_payouts_given_back.sql")),
    ("V187__credits_of_deposits_that_wait", include_str!("../migrations/0187_credits_of_deposits_that_wait.sql")),
    ("V188__contract_fees_by_two", include_str!("../migrations/0188_contract_fees_by_two.sql")),
    ("V189__originals_of_refunds", include_str!("../migrations/0189_originals_of_refunds.sql")),
    ("V190__refunds_before_their_payment", include_str!("../migrations/0190_refunds_before_their_payment.sql")),
    ("V205__erased_when_nothing_waits", include_str!("../migrations/0205_erased_when_nothing_waits.sql")),
    ("V206__payouts_given_away_and_back", include_str!("../migrations/0206_payouts_given_away_and_back.sql")),
    ("V207__cases_of_decided_approvals", include_str!("../migrations/0207_cases_of_decided_approvals.sql")),
    ("V208__refunds_of_orders", include_str!("../migrations/0208_refunds_of_orders.sql")),
    ("V211__whole_accounts_and_contracts", include_str!("../migrations/0211_whole_accounts_and_contracts.sql")),
    ("V212__lines_of_several_persons", include_str!("../migrations/0212_lines_of_several_persons.sql")),
    ("V213__refunds_of_one_of_several", include_str!("../migrations/0213_refunds_of_one_of_several.sql")),
    ("V214__refunds_of_obligations", include_str!("../migrations/0214_refunds_of_obligations.sql")),
    ("V215__stale_approvals", include_str!("../migrations/0215_stale_approvals.sql")),
    ("V216__cases_about_payments_of_persons", include_str!("../migrations/0216_cases_about_payments_of_persons.sql")),
    ("V217__reports_of_whole_contracts", include_str!("../migrations/0217_reports_of_whole_contracts.sql")),
    ("V218__deposits_of_whole_counters", include_str!("../migrations/0218_deposits_of_whole_counters.sql")),
    (
        "V219__debts_by_age_and_reasons_of_cases",
        include_str!("../migrations/0219_debts_by_age_and_reasons_of_cases.sql"),
    ),
    ("V220__receipts", include_str!("../migrations/0220_receipts.sql")),
    ("V221__receipts_of_a_day", include_str!("../migrations/0221_receipts_of_a_day.sql")),
    ("V222__marked_credits", include_str!("../migrations/0222_marked_credits.sql")),
    ("V230__signing_in", include_str!("../migrations/0230_signing_in.sql")),
    ("V231__exports", include_str!("../migrations/0231_exports.sql")),
    ("V232__receipts_found", include_str!("../migrations/0232_receipts_found.sql")),
    ("V240__score", include_str!("../migrations/0240_score.sql")),
    ("V250__written_off", include_str!("../migrations/0250_written_off.sql")),
    ("V251__worked_cases", include_str!("../migrations/0251_worked_cases.sql")),
    ("V252__closing_reports", include_str!("../migrations/0252_closing_reports.sql")),
    ("V253__superseded_statements", include_str!("../migrations/0253_superseded_statements.sql")),
    ("V254__deposits_counted_otherwise", include_str!("../migrations/0254_deposits_counted_otherwise.sql")),
    ("V270__remittances", include_str!("../migrations/0270_remittances.sql")),
    ("V271__told_returns", include_str!("../migrations/0271_told_returns.sql")),
    ("V272__concerned_by", include_str!("../migrations/0272_concerned_by.sql")),
    ("V280__stated_openings", include_str!("../migrations/0280_stated_openings.sql")),
    ("V281__many_pieces", include_str!("../migrations/0281_many_pieces.sql")),
    ("V292__matching_at_scale", include_str!("../migrations/0292_matching_at_scale.sql")),
    ("V293__entries_checked_at_once", include_str!("../migrations/0293_entries_checked_at_once.sql")),
    ("V297__signing_in_outside", include_str!("../migrations/0297_signing_in_outside.sql")),
    ("V301__named_together", include_str!("../migrations/0301_named_together.sql")),
    ("V321__receipt_mail", include_str!("../migrations/0321_receipt_mail.sql")),
    ("V341__dropped_mails", include_str!("../migrations/0341_dropped_mails.sql")),
    ("V351__same_money", include_str!("../migrations/0351_same_money.sql")),
];
/// Any number that no other program uses on this database: refinery itself takes no lock.
const LOCK: i64 = 0x006d_6f74_6c61_6e31;

/// All migrations as one text, for a template database's name.
pub fn fingerprint() -> String {
    MIGRATIONS.iter().map(|(name, sql)| format!("{name}\n{sql}")).collect()
}

/// Brings the database of `owner_url` to the present schema; says how many migrations it ran.
///
/// # Errors
/// When the server is away, a role is missing and may not be created, or a migration fails.
pub async fn migrate(owner_url: &SecretString) -> Result<usize, StorageError> {
    let (mut client, connection) = tokio_postgres::connect(owner_url.expose_secret(), NoTls).await?;
    let driver = tokio::spawn(connection);
    let outcome = run(&mut client).await;
    drop(client);
    // a connection that ends in error after the work is done loses nothing
    drop(driver.await);
    outcome
}

async fn run(client: &mut tokio_postgres::Client) -> Result<usize, StorageError> {
    client.execute("select pg_advisory_lock($1)", &[&LOCK]).await?;
    client.batch_execute(ROLES).await?;
    let migrations: Vec<Migration> = MIGRATIONS
        .iter()
        .map(|(name, sql)| Migration::unapplied(name, sql))
        .collect::<Result<_, _>>()
        .map_err(|e| StorageError::Migration(Box::new(e)))?;
    let report = Runner::new(&migrations).run_async(client).await.map_err(|e| StorageError::Migration(Box::new(e)))?;
    client.execute("select pg_advisory_unlock($1)", &[&LOCK]).await?;
    Ok(report.applied_migrations().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_listed_in_the_order_in_which_a_database_takes_them() {
        let version = |name: &str| name[1..name.find("__").unwrap()].parse::<i32>().unwrap();
        let versions: Vec<i32> = MIGRATIONS.iter().map(|(name, _)| version(name)).collect();
        assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
    }
}
