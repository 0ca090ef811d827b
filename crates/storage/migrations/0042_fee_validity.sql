-- Of one fee, one entry holds on a day. Entries that overlap become one for each stretch of days, with all amounts that
-- any of them allowed.

create aggregate common_unit(bigint) (sfunc = gcd, stype = bigint);
create temporary table sliced on commit drop as
with edge as (
    select fee_code, coalesce(valid_from, '-infinity') as starts from fee_catalogue
    union
    select fee_code, valid_to + 1 from fee_catalogue where valid_to is not null
), slice as (
    select fee_code, starts, lead(starts) over (partition by fee_code order by starts) - 1 as ends from edge
)
select s.fee_code, (array_agg(f.name order by f.id))[1] as name,
       coalesce((select array_agg(distinct amount order by amount) from fee_catalogue g, unnest(g.amounts) as amount
                 where g.id = any (array_agg(f.id))), '{}') as amounts,
       common_unit(f.unit) filter (where f.unit is not null) as unit,
       (array_agg(f.legal_basis order by f.id))[1] as legal_basis,
       (array_agg(f.budget_sub_item order by f.id) filter (where f.budget_sub_item is not null))[1] as budget_sub_item,
       nullif(s.starts, '-infinity') as valid_from, s.ends as valid_to
from slice s
join fee_catalogue f on f.fee_code = s.fee_code and coalesce(f.valid_from, '-infinity') <= s.starts
    and (f.valid_to is null or f.valid_to >= s.starts)
group by s.fee_code, s.starts, s.ends;
delete from fee_catalogue;
insert into fee_catalogue (fee_code, name, amounts, unit, legal_basis, budget_sub_item, valid_from, valid_to)
select fee_code, name, amounts, unit, legal_basis, budget_sub_item, valid_from, valid_to from sliced
order by fee_code, valid_from nulls first;
drop aggregate common_unit(bigint);

alter table fee_catalogue add constraint fee_validity_in_order check (valid_from <= valid_to);
-- at the end of the statement: entries are replaced by one that deletes and inserts
alter table fee_catalogue add constraint fee_validity_overlaps exclude using gist
    (fee_code with =, daterange(valid_from, valid_to, '[]') with &&) deferrable initially immediate;
