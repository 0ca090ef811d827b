-- Opening and lines give closing, where the bank states both.
select s.statement_id as subject,
       format('opening %s and lines %s give no closing %s', s.opening, coalesce(l.total, 0), s.closing) as detail
from assurance.statement s
left join (select statement_id, sum(amount) as total from assurance.statement_line group by statement_id) l
    on l.statement_id = s.statement_id
where s.opening is not null and s.closing is not null and s.opening + coalesce(l.total, 0) <> s.closing
