-- A request under one key was answered the same each time.
select key, format('%s %s: %s answers: %s', method, path, count(distinct text), string_agg(distinct text, ' and ')) as difference
from truth.answer where key is not null
group by key, method, path having count(distinct text) > 1 or count(distinct status) > 1
union all
select path, format('%s things: %s', count(distinct answer->>'id'), string_agg(distinct answer->>'id', ' and '))
from truth.answer where method = 'PUT' group by path having count(distinct answer->>'id') > 1
