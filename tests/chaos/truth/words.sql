-- What the lines say.

create function truth.plain(reference text) returns text language sql immutable as
$$ select regexp_replace(reference, '[^A-Za-z0-9]', '', 'g') $$;
create function truth.digest(bytes text) returns text language sql immutable as
$$ select encode(sha256(convert_to(bytes, 'UTF8')), 'hex') $$;

-- Money that VNPAY took.
create table truth.capture as
select line->>'order_ref' as order_ref, line->>'transaction_no' as transaction_no, (line->>'amount')::bigint as amount
from truth.line where source = 'vnpay' and line->>'kind' = 'decided' and line->>'status' in ('paid', 'suspected');

-- Money that VNPAY gave back: the last line of a request holds.
create table truth.refund as
select distinct on (line->>'request_id') line->>'request_id' as request_id, line->>'order_ref' as order_ref,
       line->>'transaction_no' as transaction_no, (line->>'amount')::bigint as amount,
       not coalesce((line->>'refused')::bool, false) as sent
from truth.line where source = 'vnpay' and line->>'kind' = 'refund' order by line->>'request_id', n desc;

-- What the bank booked, credit +, debit -.
create table truth.movement as
select line->>'id' as id, line->>'account' as account, truth.plain(line->>'reference') as reference,
       case line->>'direction' when 'in' then 1 else -1 end * (line->>'amount')::bigint as amount,
       line->>'content' as content, line->>'content' like '%VNPAY TT%' as payout
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
where heard.source = 'bank' and heard.line->>'kind' = 'received' and heard.line->>'what' = 'notification_answer';

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

create table truth.expected as
select line->>'obligation' as obligation_id, line->>'status' as status
from truth.line where source = 'caller' and line->>'kind' = 'expect';

create table truth.session as
select (line->>'gross')::bigint as gross, (line->>'fee')::bigint as fee, (line->>'refunds')::bigint as refunds,
       (line->>'net')::bigint as net
from truth.line where source = 'caller' and line->>'kind' = 'session';

create index on truth.call (digest);
create index on truth.received (event_id);
create index on truth.movement (reference);
create index on truth.answer (key);
analyze;
