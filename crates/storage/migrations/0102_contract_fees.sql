-- What a provider keeps, by its contract, from a day on; and what it should have kept of the payments of a settlement.
-- merchant_profile.fee_rate and .fee_fixed stay for the release before this one.

create table contract_fee (
    profile_code  text not null references merchant_profile,
    starts_on     date not null,
    -- millionths of an amount
    rate_ppm      integer not null check (rate_ppm between 0 and 999999),
    rounding      text not null check (rounding in ('half_up', 'up', 'down')),
    fixed         bigint not null check (fixed >= 0),
    primary key (profile_code, starts_on)
);
insert into contract_fee (profile_code, starts_on, rate_ppm, rounding, fixed)
select code, (updated_at at time zone 'Asia/Ho_Chi_Minh')::date, (fee_rate * 1000000)::int, 'half_up', fee_fixed
from merchant_profile where fee_rate > 0 or fee_fixed > 0;

-- null: the contract's fee was not known
alter table settlement add column expected_fee bigint;

grant select, insert, update on contract_fee to motlan_app;
