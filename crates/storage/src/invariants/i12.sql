-- Each report is kept once: its source and the source's own key.
select min(sighting_id) as subject, format('%s sightings are %s of %s', count(*), source_key, source) as detail
from assurance.sighting group by source, source_key having count(*) > 1
