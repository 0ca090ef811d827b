-- The payer's page asks what was given back of a fee that a bill or a counter's money had paid.

create index refund_line_by_obligation on refund_line (obligation_id) where obligation_id is not null;
