-- A debt whose payer certainly paid it is paid, and one that its portal cancelled is cancelled.
select e.obligation_id as debt, format('its payer knows it as %s, here it is %s', e.status, coalesce(o.status, 'absent')) as difference
from truth.expected e left join assurance.obligation o using (obligation_id)
where o.status is distinct from e.status
