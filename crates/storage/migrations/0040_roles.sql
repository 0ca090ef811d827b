-- What a person is for. Until now the scopes of a key alone said what it may do: whoever is there keeps that, until an
-- administrator names their roles. A person who is made without any may do nothing.

alter table person add column roles text[] not null default '{}';
update person set roles = array['viewer', 'clerk', 'accountant', 'approver', 'administrator'];
alter table person add constraint person_roles_known
    check (roles <@ array['viewer', 'clerk', 'accountant', 'approver', 'administrator']);
