-- No home of a payment's money is ever overdrawn: what was moved away once cannot be moved away again, whoever asks.

create or replace function check_allocation() returns trigger language plpgsql as $$
declare
    given numeric;
    lowest numeric;
    owed bigint;
begin
    select sum(home.amount), min(home.amount) into given, lowest
    from (select sum(a.amount) as amount from allocation a where a.payment_id = new.payment_id
          group by a.obligation_id, a.suspense_reason, a.refund_id) home;
    if given is distinct from (select p.amount - p.reversed from payment p where p.id = new.payment_id) then
        raise exception 'payment %: allocations sum to %', new.payment_id, given
            using errcode = 'check_violation', constraint = 'payment_has_a_home';
    end if;
    if lowest < 0 then
        raise exception 'payment %: % in one of its homes', new.payment_id, lowest
            using errcode = 'check_violation', constraint = 'payment_home_not_overdrawn';
    end if;
    if new.obligation_id is not null then
        select sum(a.amount) into given from allocation a where a.obligation_id = new.obligation_id;
        select o.amount into owed from obligation o where o.id = new.obligation_id;
        if given <> 0 and given <> owed then
            raise exception 'obligation %: % given, % owed', new.obligation_id, given, owed
                using errcode = 'check_violation', constraint = 'obligation_whole_or_nothing';
        end if;
    end if;
    return null;
end $$;
