-- Each journal has at least two legs, none of zero; each leg has its journal.
select j.journal_id as subject, format('it has %s legs', count(e.entry_id)) as detail
from assurance.journal j left join assurance.ledger_entry e on e.journal_id = j.journal_id
group by j.journal_id having count(e.entry_id) < 2
union all
select journal_id, format('entry %s is of zero', entry_id) from assurance.ledger_entry where amount = 0
union all
select e.journal_id, format('entry %s has no journal', e.entry_id)
from assurance.ledger_entry e
where not exists (select from assurance.journal j where j.journal_id = e.journal_id)
