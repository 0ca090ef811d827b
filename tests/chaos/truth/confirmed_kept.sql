-- Every report that we confirmed is kept byte for byte.
select c.subject as report, format('%s, %s: confirmed (%s) and not kept', c.source, c.kind, c.said) as difference
from truth.call c
where c.verdict = 'confirmed' and not exists (
    select from assurance.sighting s where s.source like 'webhook:%' and s.payload_sha256 = c.digest)
