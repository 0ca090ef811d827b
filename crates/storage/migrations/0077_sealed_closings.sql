-- What a day was closed with is the opening of each day after it, and a beneficiary's account is where money goes. The audit
-- trail says both, which is sealed, so that what somebody changes beside the program is named (I34, I35).

create view assurance.closing as
select id as closing_id, scope, day, opening, moved_in, moved_out, closing, last_entry, closed_by, closed_at, reopened_at,
       reopened_by, format('%s/%s#%s', scope, assurance.sealed_date(day), id) as name,
       -- as the audit trail has it, under `day_sums`
       format('%s/%s#%s opening=%s in=%s out=%s closing=%s last_entry=%s by=%s', scope, assurance.sealed_date(day), id,
              opening, moved_in, moved_out, closing, last_entry, closed_by) as sums
from closed_day;

create view assurance.day_entry as
select entry_id, scope as account_code, amount, day from day_entry where scope ~ '^(bank|clearing):';

-- An account of a beneficiary as the audit trail has it, under `account_set`.
create function assurance.account_text(a beneficiary_account) returns text language sql stable as $$
    select format('%s %s %s.%s from %s by %s and %s, %s', a.beneficiary_code, a.account_kind, a.bank_bin, a.account_number,
                  assurance.utc(a.in_force_from), a.proposed_by, coalesce(a.approved_by, 'nobody'), a.account_name)
$$;
create view assurance.beneficiary_account as
select a.*, assurance.account_text(a) as text from beneficiary_account a;
-- One that was to come and was withdrawn, as it was set.
create view assurance.withdrawn_account as
select w.beneficiary_code,
       format('%s %s %s.%s from %s by %s and %s, %s', w.beneficiary_code, w.account_kind, w.bank_bin, w.account_number,
              assurance.utc(w.in_force_from), w.proposed_by, coalesce(w.approved_by, 'nobody'), w.account_name) as text
from withdrawn_account w;
create view assurance.payouts as select code as profile, payout_account, payout_text from merchant_profile;
create or replace view assurance.approval as
select assurance.text_id('apr', id) as approval_id, kind, status, proposer, decider, subject, payload, decided_at from approval;

-- What is older than this is on record as it stands now.
with line as (
    insert into audit (actor, action, subject)
    select 'system', 'day_sums', sums from assurance.closing
    union all
    select 'system', 'closing_reopened', name from assurance.closing where reopened_at is not null
    union all
    select 'system', 'account_set', text from assurance.beneficiary_account
    returning id)
insert into unsealed (kind, subject_id) select 'audit', 'aud_' || id from line;

-- ---------------------------------------------------------------- rights

grant execute on function assurance.account_text(beneficiary_account) to motlan_app, motlan_auditor;
grant select on assurance.closing, assurance.day_entry, assurance.beneficiary_account, assurance.withdrawn_account, assurance.payouts, assurance.approval to motlan_app, motlan_auditor;
