-- A forged report is not confirmed and leaves nothing.
select c.subject as report, format('%s, %s: %s', c.source, c.kind, c.verdict) as difference
from truth.call c
where c.kind like 'forged%' and (c.verdict = 'confirmed' or (
    exists (select from assurance.sighting s where s.payload_sha256 = c.digest)
    -- one under a wrong key has the bytes of the true one
    and not exists (select from truth.call t where t.digest = c.digest and t.kind not like 'forged%')))
