-- Money that names no intent concerns those on whose account, or for whom under whose contract, it came: its payment, its
-- refunds and its cases are seen by the same people. A scope that is nobody's yet, and what is on none, concerns all.

create function concerns(of_scope text, beneficiaries text[]) returns boolean language sql stable as
$$ select of_scope is null
       or not exists (select from scope_beneficiary b where b.scope = of_scope)
       or exists (select from scope_beneficiary b where b.scope = of_scope and b.beneficiary_code = any(beneficiaries)) $$;

grant execute on function concerns(text, text[]) to motlan_app;
