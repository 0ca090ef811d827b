-- A corrected file took a credit back, and a later line with the same reference of the bank is a payment of its own: of another sum
-- or day, or the first was reversed whole. What had gone to the payer of the first, or was taken back of it and is nobody's, has left
-- of the same money: it is not had of the second again.

-- A payment, and those whose credit, of the same reference, a corrected file took back before its own was shown.
create function same_money(wanted uuid) returns setof uuid language sql stable as $$
    select wanted
    union
    select q.payment_id from movement_match n
    join movement s on s.id = n.movement_id join statement t on t.id = s.statement_id
    join movement_reference a on a.movement_id = s.id and a.direction = 'in'
    join movement_reference b on b.account_code = a.account_code and b.direction = 'in' and b.reference = a.reference
    join withdrawn_movement w on w.movement_id = b.movement_id and w.movement_id <> s.id
    join superseded_statement d on d.statement_id = w.statement_id
    join statement y on y.id = d.by_statement and y.imported_at <= t.imported_at
    join movement m on m.id = w.movement_id
    join movement_match q on q.movement_id = m.id and q.payment_id is not null
    where n.payment_id = wanted and n.amount > 0
      -- a reference may be of a batch: of others in it nothing is said
      and (m.amount = s.amount and m.booking_date = s.booking_date or m.codes = s.codes and m.codes <> '{}')
$$;

create or replace function unexplained_debits(wanted uuid) returns bigint language sql stable as $$
    select (coalesce((
        select -sum(m.amount) from movement m
        where m.direction = 'out' and m.fate = 'case' and m.id in (
            select k.movement_id from kase k
            where k.payment_id in (select same_money(wanted)) and k.movement_id is not null and says_left(k.id, k.status)
            union
            -- one with the codes of two refunds may be either
            select d.id from movement d join kase k on k.movement_id = d.id and says_left(k.id, k.status)
            where d.direction = 'out' and d.fate = 'case'
              and d.codes && array(select r.reference from refund r where r.payment_id in (select same_money(wanted)) and r.route = 'transfer'))), 0)
        + coalesce((
        select -sum(k.amount) from kase k
        where k.payment_id = wanted and k.kind = 'missing_in_books' and k.movement_id is null and k.sighting_id is null
          and k.amount < 0 and says_left(k.id, k.status)), 0)
        -- what a file gave back before its payment was known, or of one of several payments, until its case has found it
        + coalesce((
        select -sum(k.amount) from refund_may_be_of o
        join kase k on k.kind = 'refund_without_payment' and k.payment_id is null and says_left(k.id, k.status)
            and k.subject = o.provider_txn_id and k.scope = 'clearing:' || o.profile
        where o.payment_id = wanted), 0)
        + coalesce((
        select sum(p.amount - k.amount) from movement_match k join payment p on p.id = k.payment_id
        where k.payment_id = wanted and k.amount between 1 and p.amount - 1), 0)
        -- its own money that was given up beside such a debit has made it good
        + coalesce((
        select sum(w.amount) from write_off w
        where w.payment_id = wanted and w.undone_at is null and exists (
            select from write_off d where d.case_id = w.case_id and d.payment_id is null and d.undone_at is null)), 0))::bigint
$$;
