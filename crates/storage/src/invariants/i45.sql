-- Numbers of receipts run from 1 without a gap per series and year, up to the last one that was taken; none is given twice, in
-- its series or under its name; a serial is of its year.
with numbered as (
    select series_code, year, count(*) as taken, count(distinct number) as distinct_numbers, min(number) as lowest,
           max(number) as highest
    from assurance.receipt group by series_code, year
)
select coalesce(n.series_code, c.series_code) || '/' || coalesce(n.year, c.year) as subject,
       format('%s receipts, %s numbers from %s to %s, the last taken is %s', coalesce(n.taken, 0),
              coalesce(n.distinct_numbers, 0), n.lowest, n.highest, c.last_number) as detail
from numbered n full join assurance.receipt_counter c on c.series_code = n.series_code and c.year = n.year
where n.lowest is distinct from 1 or n.highest is distinct from c.last_number or n.taken is distinct from c.last_number::bigint
   or n.distinct_numbers is distinct from c.last_number::bigint
union all
select min(receipt_id), format('%s receipts are number %s of %s %s of %s', count(*), number, template, serial, collector_tax_code)
from assurance.receipt group by collector_tax_code, template, serial, number having count(*) > 1
union all
select receipt_id, format('%s is issued on %s', serial, issued_on)
from assurance.receipt
where left(serial, 2) <> to_char(year % 100, 'FM00') or extract(year from issued_on) <> year
