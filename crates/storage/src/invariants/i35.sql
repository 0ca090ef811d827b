-- Where money goes was said by somebody: each account of a beneficiary reads as the sealed line of the audit trail that set it,
-- one that a second person approved is what was proposed to them, and payouts come to what was last agreed.
with told as (
    select distinct subject from assurance.audit where action = 'account_set'
),
agreed as (
    select distinct on (subject) subject as profile, payload -> 'new' ->> 'payout_account' as account,
           payload -> 'new' ->> 'payout_text' as text
    from assurance.approval where kind = 'profile_credentials' and status = 'approved' order by subject, decided_at desc
),
put as (
    select distinct split_part(subject, ' ', 1) as profile, subject from assurance.audit where action = 'profile_payouts_put'
)
select beneficiary_code as subject, format('it reads %s, and no line of the audit trail says so', text) as detail
from assurance.beneficiary_account a
where not exists (select from told t where t.subject = a.text)
union all
select subject, 'the audit trail says so, and no account reads so'
from told t
where not exists (select from assurance.beneficiary_account a where a.text = t.subject)
  and not exists (select from assurance.withdrawn_account w where w.text = t.subject)
union all
select beneficiary_code, format('%s is approved by %s, and no approval says so', account_number, approved_by)
from assurance.beneficiary_account a
where approved_by is not null
  and not exists (
    select from assurance.approval p
    where p.kind = 'beneficiary_account' and p.status = 'approved' and p.subject = a.beneficiary_code
      and p.proposer = a.proposed_by and p.decider = a.approved_by
      and p.payload -> 'new' = jsonb_build_object('kind', a.account_kind, 'bank_bin', a.bank_bin,
                                                  'account_number', a.account_number, 'account_name', a.account_name))
union all
select p.profile, format('payouts come to %s as "%s", agreed is %s as "%s"', p.payout_account, p.payout_text, g.account, g.text)
from assurance.payouts p join agreed g on g.profile = p.profile
where (p.payout_account, p.payout_text) is distinct from (g.account, g.text)
union all
select p.profile, format('payouts come to %s, and no line of the audit trail says so', p.payout_account)
from assurance.payouts p
where exists (select from put where put.profile = p.profile)
  and not exists (select from put where put.subject = p.profile || ' account=' || p.payout_account)
