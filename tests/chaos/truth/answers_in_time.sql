-- No provider waited for an answer in vain, the process that it asked being there.
select subject as report, format('%s, %s: %s', source, kind, why) as difference
from truth.call where why like '%timed out%'
