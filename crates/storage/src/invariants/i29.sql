-- A statement's bytes are imported once for their account.
select min(statement_id) as subject, format('%s statements of %s are the same bytes', count(*), account) as detail
from assurance.statement group by account, sha256 having count(*) > 1
