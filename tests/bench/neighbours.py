"""What others take to match the same lines with the same debts, from file to file: DuckDB and polars.

They read the lines and what is owed, look for our reference in each text, take one line for each reference whose amount is what is
owed, and write the pairs. Nothing of it is durable, unique across files or told to anybody: it is the least that matching can
cost, not the same work.

usage: neighbours.py duckdb|polars LINES.tsv OWED.tsv PAIRS.csv        prints the seconds and the number of pairs
"""

import sys
import time

REFERENCE = r"\bL[TC][0-9A-Z]{9}\b"


def by_duckdb(lines: str, owed: str, pairs: str) -> int:
    import duckdb

    begun = time.monotonic()
    columns = "delim='\t', header=false, quote='', columns="
    duckdb.sql(f"""copy (
        with told as (
            select n, amount, regexp_extract(text, '{REFERENCE}') as code
            from read_csv('{lines}', {columns}{{'n': 'bigint', 'amount': 'bigint', 'reference': 'varchar', 'text': 'varchar'}})
            where amount > 0)
        select min(told.n) as n, owed.code from told
        join read_csv('{owed}', {columns}{{'code': 'varchar', 'amount': 'bigint'}}) owed
          on owed.code = told.code and owed.amount = told.amount
        group by owed.code) to '{pairs}' (header false)""")
    return begun


def by_polars(lines: str, owed: str, pairs: str) -> int:
    import polars as pl

    begun = time.monotonic()
    read = lambda path, names: pl.scan_csv(path, separator="\t", has_header=False, quote_char=None, new_columns=names)
    told = (
        read(lines, ["n", "amount", "reference", "text"])
        .filter(pl.col("amount") > 0)
        .select("n", "amount", pl.col("text").str.extract(f"({REFERENCE})").alias("code"))
    )
    found = told.join(read(owed, ["code", "amount"]), on=["code", "amount"]).group_by("code").agg(pl.col("n").min())
    found.select("n", "code").sink_csv(pairs, include_header=False)
    return begun


def main(whose: str, lines: str, owed: str, pairs: str):
    begun = {"duckdb": by_duckdb, "polars": by_polars}[whose](lines, owed, pairs)
    took = time.monotonic() - begun
    with open(pairs) as out:
        print(f"{took:.3f} {sum(1 for _ in out)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
