-- What the lines say.

create function truth.plain(reference text) returns text language sql immutable as
$$ select regexp_replace(reference, '[^A-Za-z0-9]', '', 'g') $$;
create function truth.digest(bytes text) returns text language sql immutable as
$$ select encode(sha256(convert_to(bytes, 'UTF8')), 'hex') $$;

-- Each call of an application about a bill's money, with what it heard; the first of a number is the payment, the rest repeat it.
create table truth.bill_call as
select source as channel, line->>'transaction' as transaction_no, (line->>'amount')::bigint as amount, line->>'state' as state,
       line->>'code' as code, (line->>'forged')::bool as forged, truth.digest(line->>'body') as digest,
       row_number() over (partition by source, line->>'transaction', line->>'forged' order by n) as nth
from truth.line where source in ('bank_bills', 'mobile_money_bills') and line->>'kind' = 'told';

-- What the applications took of their customers, and where it is by their own word.
create table truth.bill as
select d.source as channel, d.line->>'transaction' as transaction_no, (d.line->>'amount')::bigint as amount,
       coalesce(c.paid, false) as paid, coalesce(c.returned, false) as returned
from truth.line d
left join (select channel, transaction_no, bool_or(state = 'paid') as paid, bool_or(state = 'returned') as returned
           from truth.bill_call where not forged group by 1, 2) c
    on c.channel = d.source and c.transaction_no = d.line->>'transaction'
where d.source in ('bank_bills', 'mobile_money_bills') and d.line->>'kind' = 'debited';

-- Money that a provider took, or an application of a bank for us.
create table truth.capture as
select 'vnpay' as channel, line->>'order_ref' as order_ref, line->>'transaction_no' as transaction_no,
       (line->>'amount')::bigint as amount
from truth.line where source = 'vnpay' and line->>'kind' = 'decided' and line->>'status' in ('paid', 'suspected')
union all
select source, line->>'order_ref', line->'outcome'->>'transaction_no', (line->'outcome'->>'amount')::bigint
from truth.line
where source in ('momo', 'zalopay', 'national') and line->>'kind' = 'decided' and line->'outcome'->>'status' = 'paid'
union all
select source, line->>'order_ref', line->>'transaction_reference', (line->>'amount')::bigint
from truth.line
where source = 'mobile_money' and line->>'kind' = 'decided' and line->>'kind_of' = 'merchantpay'
  and line->>'status' = 'completed'
union all
select channel, null, transaction_no, amount from truth.bill where paid;

-- Money that a provider gave back: the last line of a request holds. `original` is the payment's number.
create table truth.refund as
select distinct on (source, request_id) source as channel, request_id, original, amount, sent
from (
    select n, source, line->>'request_id' as request_id, coalesce(line->>'original', line->'of'->>'transaction_no') as original,
           (line->>'amount')::bigint as amount, not coalesce((line->>'refused')::bool, false) as sent
    from truth.line where source in ('vnpay', 'momo', 'zalopay') and line->>'kind' = 'refund'
    union all
    select n, source, replace(line->>'client_correlation_id', '-', ''), line->>'original', (line->>'amount')::bigint,
           line->>'status' = 'completed'
    from truth.line where source = 'mobile_money' and line->>'kind' = 'decided' and line->>'kind_of' = 'reversal'
) r
order by source, request_id, n desc;

-- What the bank booked, credit +, debit -.
create table truth.movement as
select line->>'id' as id, line->>'account' as account, truth.plain(line->>'reference') as reference,
       case line->>'direction' when 'in' then 1 else -1 end * (line->>'amount')::bigint as amount,
       line->>'content' as content, line->>'content' like '%VNPAY TT%' as payout,
       line->>'content' ~ '^PGN[0-9]+X[0-9]+$' as deposit
from truth.line where source = 'bank' and line->>'kind' = 'transfer';

-- Calls of providers and tellers, with what they heard.
create table truth.call as
select 'vnpay' as source, line->'ipn'->>'kind' as kind, line->>'order_ref' as subject,
       truth.digest(split_part(line->'ipn'->>'url', '?', 2)) as digest, line->'ipn'->>'verdict' as verdict,
       line->'ipn'->>'rsp_code' as said, line->'ipn'->>'why' as why, (line->'ipn'->>'http_status')::int as http_status
from truth.line where source = 'vnpay' and line->>'kind' = 'received' and line->>'what' = 'ipn_answer'
union all
select 'bank', heard.line->>'notification', heard.line->>'id', truth.digest(sent.line->>'body'), heard.line->>'verdict',
       heard.line->>'body', heard.line->>'why', (heard.line->>'http_status')::int
from truth.line heard
left join truth.line sent
    on sent.source = 'bank' and sent.line->>'kind' = 'sent' and sent.line->>'id' = heard.line->>'id'
   and sent.line->>'notifier' = heard.line->>'notifier' and sent.line->>'notification' = heard.line->>'notification'
   and sent.line->>'try' = heard.line->>'try'
where heard.source = 'bank' and heard.line->>'kind' = 'received' and heard.line->>'what' = 'notification_answer'
union all
select source, line->'report'->>'kind', line->>'order_ref', truth.digest(line->'report'->>'sent'), line->'report'->>'verdict',
       line->'report'->>'answer', line->'report'->>'why', (line->'report'->>'http_status')::int
from truth.line
where source in ('momo', 'zalopay', 'national') and line->>'kind' = 'received' and line->>'what' = 'answer_to_report'
union all
-- a callback of Mobile Money proves nothing and is not kept: it makes us ask. One that is forged is not even heard
select source, line->>'what', line->>'id', null,
       case when line->>'what' = 'lost' then 'dropped'
            -- whoever was called was killed
            when line->>'status' is null then 'no_answer'
            when (line->>'status')::int not between 200 and 299 then 'refused'
            when line->>'what' = 'forged' then 'confirmed' else 'heard' end,
       line->>'status', line->>'why', (line->>'status')::int
from truth.line where source = 'mobile_money' and line->>'kind' = 'callback'
union all
-- of a bill's payment only one call is kept, whichever came first
select channel, case when forged then 'forged' when nth > 1 then 'repeat' else 'call' end, transaction_no, digest,
       case when state = 'unknown' then 'no_answer' when not forged then 'heard' when state = 'paid' then 'confirmed'
            else 'refused' end,
       code, code, null
from truth.bill_call
union all
-- an answer that got lost on its way to the application
select source, 'call', line->>'transaction', null, 'dropped', line->>'code', null, null
from truth.line where source in ('bank_bills', 'mobile_money_bills') and line->>'kind' = 'lost';

-- Events that arrived at the dossier system well signed.
create table truth.received as
select decided.line->>'webhook_id' as event_id, (decided.line->>'applied')::bool as applied,
       (decided.line->>'gap')::bool as gap, (decided.line->>'same_bytes')::bool as same_bytes,
       (answered.line->>'status')::int as status
from truth.line decided
left join truth.line answered
    on answered.source = 'dossier' and answered.line->>'kind' = 'answered' and answered.line->>'n' = decided.line->>'n'
where decided.source = 'dossier' and decided.line->>'kind' = 'decided';

create table truth.event as
select line->>'webhook_id' as event_id, min(line->>'body')::jsonb as body
from truth.line where source = 'dossier' and line->>'kind' = 'received' group by 1;

-- What callers were told with 2xx.
create table truth.answer as
select n, line->>'method' as method, line->>'path' as path, line->>'key' as key, (line->>'status')::int as status,
       line->'answer' as answer, line->>'text' as text
from truth.line where source = 'caller' and line->>'kind' = 'answer';

-- What officers were told that they took, brought to the bank, and had undone by a second person.
create table truth.taken as
select answer->>'id' as payment_id, answer->>'counter_code' as counter, answer->>'tender' as tender,
       answer->>'receipt_ref' as receipt_ref, (answer->>'amount')::bigint as amount
from truth.answer where method = 'POST' and path = '/v1/counter-payments' group by 1, 2, 3, 4, 5;

create table truth.undone as
select distinct split_part(v.path, '/', 4) as payment_id
from truth.answer v
where v.path like '/v1/counter-payments/%/void' and exists (
    select from truth.answer a where a.path = '/v1/approvals/' || (v.answer->>'approval_id') || '/approve');

create table truth.deposit as
select answer->>'id' as deposit_id, answer->>'counter_code' as counter, answer->>'slip_ref' as slip_ref,
       (answer->>'amount')::bigint as amount
from truth.answer where path like '/v1/counters/%/deposits' group by 1, 2, 3, 4;

-- All money that came, by its way.
create table truth.money as
select channel from truth.capture
union all
select 'vietqr' from truth.movement where amount > 0 and not payout and not deposit
union all
select 'counter' from truth.taken;

create table truth.expected as
select line->>'obligation' as obligation_id, line->>'status' as status
from truth.line where source = 'caller' and line->>'kind' = 'expect';

create table truth.session as
select (line->>'gross')::bigint as gross, (line->>'fee')::bigint as fee, (line->>'refunds')::bigint as refunds,
       (line->>'net')::bigint as net
from truth.line where source = 'caller' and line->>'kind' = 'session';

create index on truth.call (digest);
create index on truth.capture (transaction_no);
create index on truth.bill_call (transaction_no);
create index on truth.received (event_id);
create index on truth.movement (reference);
create index on truth.answer (key);
analyze;
