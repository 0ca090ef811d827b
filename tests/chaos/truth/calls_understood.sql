-- What a provider hears from us is what its document allows.
select subject as report, format('%s, %s: HTTP %s %s: %s', source, kind, http_status, said, why) as difference
from truth.call where verdict = 'bad_answer' or http_status = 500
