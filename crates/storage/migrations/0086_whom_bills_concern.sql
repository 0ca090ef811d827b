-- Money of a contract under which bills are collected names obligations and no intent: it concerns those to whom they are
-- owed. Other money without an intent, and what has no obligation, concerns as before those on whose account or contract it
-- is.

create function payment_concerns(wanted uuid, of_scope text, beneficiaries text[]) returns boolean language sql stable as
$$ select case
       when exists (select from payment p join bill_quote q on q.profile = p.profile where p.id = wanted)
            and exists (select from allocation a where a.payment_id = wanted and a.obligation_id is not null)
       then exists (select from allocation a join obligation o on o.id = a.obligation_id
                    where a.payment_id = wanted and o.beneficiary_code = any(beneficiaries))
       else concerns(of_scope, beneficiaries) end $$;

grant execute on function payment_concerns(uuid, text, text[]) to motlan_app;
