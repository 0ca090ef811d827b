-- Each journal sums to zero.
select journal_id as subject, format('its legs sum to %s', sum(amount)) as detail
from assurance.ledger_entry group by journal_id having sum(amount) <> 0
