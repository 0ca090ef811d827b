-- What a bank counted otherwise than a counter had deposited stood in transit for ever. It waits in suspense now, of its line, as that of a
-- payment does (0121); here what was left of it before.

with differing as (
    select k.movement_id, m.account_code, m.business_date, k.amount - d.amount as over
    from movement_match k join movement m on m.id = k.movement_id join deposit d on d.id = k.deposit_id
    where k.amount <> d.amount),
dated as materialized (
    select d.*, gen_random_uuid() as journal, open_day('bank:' || d.account_code, d.business_date) as day from differing d),
booked as (
    insert into journal (id, kind, cause, business_date, original_business_date, actor)
    select journal, 'other_amount', 'statement_says', day, case when day <> business_date then business_date end, 'system'
    from dated),
entries as (
    insert into ledger_entry (journal_id, account_code, amount, movement_id)
    select d.journal, side.account, side.sign * d.over, d.movement_id
    from dated d cross join lateral (values ('in_transit:' || d.account_code, 1), ('suspense:amount_differs', -1)) as side(account, sign)
    order by d.movement_id, side.sign desc)
insert into unsealed (kind, subject_id) select 'journal', assurance.text_id('jnl', journal) from dated;
