-- What every other side wrote down, line for line.
create schema truth;
create table truth.line (n bigint generated always as identity primary key, source text not null, line jsonb not null);
