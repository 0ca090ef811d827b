-- What a day was closed with, as it was seen then: sums, control totals, open cases, late lines. It is kept word for word; its
-- digest stands in the audit trail, which is sealed.

create table closing_report (
    -- of closed_day; no reference, so that whoever removes a closing is named by verify
    closing_id  bigint primary key,
    report      text not null,
    sha256      text not null
);
grant select, insert on closing_report to motlan_app;

create view assurance.closing_report as
select c.name, r.report, r.sha256 from closing_report r join assurance.closing c on c.closing_id = r.closing_id;
grant select on assurance.closing_report to motlan_auditor, motlan_app;
