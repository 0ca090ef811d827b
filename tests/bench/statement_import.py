"""Imports statements of many lines into a gateway of its own, beside COPY of the same lines into a bare table, a join in SQL
there, and DuckDB and polars that match the same lines with the same debts from file to file (neighbours.py).

Says of each format how long the file took, how long until each of its lines had its home, how much memory the gateway's process
took for it, how many statements the database ran, and what the machine was busy with beside it. Fails where a bound does not hold
that does not depend on the machine: a line without its movement, a named intent that is not paid, memory of three times a large
file, a statement for every tenth line, a neighbour that finds other pairs than were paid, books in which `motlan verify` finds
something.

usage: statement_import.py MOTLAN NEIGHBOURS_PYTHON DIRECTORY LINES [FORMAT …]
  NEIGHBOURS_PYTHON: "" where DuckDB and polars cannot be had; the table has no figures of theirs then
"""

import concurrent.futures
import http.client
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.parse
from datetime import date, timedelta

BENEFICIARY = "H38.17-KB"
# Each tenth line goes out, each 50th names what somebody owes; the others are somebody's, nobody knows whose.
OUT_EVERY = 10
NAMED_EVERY = 50
MOST_NAMED = 4_000
FEE = 20_000
CLIENTS = 8
PATIENCE_S = 3_600
# Statements of a paid fee's events and receipt, which come after its match.
OF_ONE_PAID = 50
# What an import of any size may take: batches, connections, the allocator's reserve.
SMALL_MIB = 48
FORMATS = {"mt940": "mt940", "camt": "camt053", "csv": "csv:synthetic-bank"}
# A trigger's own expressions count as statements where it fires at commit. They speak of rows as NEW and OLD.
SENT = r"select sum(calls) from pg_stat_statements where toplevel and query !~ '\m(new|old)\.'"
# of what is sent alone: to count what triggers and keys ask of each row takes longer than to answer it
COUNTED = "shared_preload_libraries = 'pg_stat_statements'\npg_stat_statements.track = top\n"
# as docker-compose.yml has it
COUNTED += "shared_buffers = 1GB\nmax_wal_size = 4GB\n"


class Instance:
    """A gateway with its database, started by `motlan up`, which counts what the database runs."""

    def __init__(self, motlan: str, directory: pathlib.Path):
        self.motlan, self.directory, self.process = motlan, directory, None
        self.environment = dict(os.environ, MOTLAN_LOG__FILTER="warn")
        for listener in ("HTTP", "STAFF", "OPS"):
            self.environment[f"MOTLAN_{listener}__LISTEN"] = "127.0.0.1:0"

    def start(self):
        log = open(self.directory.with_suffix(".log"), "ab")
        arguments = [self.motlan, "up", "--no-story", "--data", str(self.directory)]
        run_file = self.directory / "run.json"
        run_file.unlink(missing_ok=True)
        self.process = subprocess.Popen(arguments, stdout=log, stderr=log, env=self.environment)
        deadline = time.monotonic() + 120
        while not run_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"the gateway does not start: {log.name}")
            time.sleep(0.1)
        run = json.loads(run_file.read_text())
        self.base, self.ops = run["base_url"], run["ops_url"]
        self.portal, self.staff, self.pid = run["client_key"], run["staff_key"], run["pids"]["motlan"]

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(120)

    def counted(self):
        """Makes the database count: it must be told before it starts."""
        self.start()
        self.stop()
        with open(self.directory / "postgres/data/postgresql.conf", "a") as settings:
            settings.write(COUNTED)
        self.start()
        self.sql("create extension if not exists pg_stat_statements")

    def psql(self, *arguments: str, **more) -> subprocess.CompletedProcess:
        place = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", str(self.directory / "postgres/run"), "-U", "motlan_superuser"]
        return subprocess.run([*place, "-d", "motlan", *arguments], check=True, text=True, **more)

    def sql(self, text: str) -> str:
        return self.psql("-c", text, capture_output=True).stdout.strip()

    def peak_kib(self) -> int:
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))

    def forget_peak(self):
        """Linux: 5 resets the most that was resident to what is (proc(5), clear_refs)."""
        pathlib.Path(f"/proc/{self.pid}/clear_refs").write_text("5")


class Caller:
    """One connection to the API."""

    def __init__(self, url: str, key: str | None = None, patience_s: int = 60):
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=patience_s)
        self.key, self.calls = key, 0

    def ask(self, method: str, path: str, body=None, name: str = "") -> dict:
        self.calls += 1
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        if isinstance(body, pathlib.Path):
            headers |= {"Content-Type": "application/octet-stream", "Content-Length": str(body.stat().st_size)}
        elif body is not None:
            body, headers["Content-Type"] = json.dumps(body), "application/json"
        if method == "POST":
            headers["Idempotency-Key"] = f"{name}-{self.calls}"
        self.connection.request(method, path, open(body, "rb") if isinstance(body, pathlib.Path) else body, headers)
        answer = self.connection.getresponse()
        said = json.loads(answer.read())
        if answer.status not in (200, 201):
            sys.exit(f"{method} {path}: {answer.status} {said}")
        return said


def references(instance: Instance, file: str, count: int) -> list[str]:
    """Opens this many intents, and says how a transfer names each."""

    def some(part: int) -> list[str]:
        caller, found = Caller(instance.base, instance.portal), []
        for number in range(part, count, CLIENTS):
            name = f"bench-{file}-{number}"
            owed = {"agency_code": "H38.17", "beneficiary_code": BENEFICIARY, "kind": "fee", "fee_code": "CT-BANSAO",
                    "description": "Lệ phí", "gross_amount": FEE, "dossier_code": f"H38.17-{file}-{number}",
                    "payer": {"name": "NGUYEN VAN A", "identity_kind": "none"}}
            fee = caller.ask("PUT", f"/v1/obligations/{name}", owed)
            intent = caller.ask("POST", "/v1/payment-intents", {"obligation_ids": [fee["id"]]}, name)
            found.append(intent["reference"])
        return found

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        return [reference for part in pool.map(some, range(CLIENTS)) for reference in part]


def lines(count: int, named: list[str], day: date):
    """Amount, the bank's reference and the text of each line."""
    waiting = iter(named)
    for n in range(count):
        reference = f"FT{day:%y%j}{n:08}"
        if n % OUT_EVERY == 1:
            yield -(1_000 + n % 977), reference, "CHUYEN DI"
        elif n % NAMED_EVERY == 0 and (code := next(waiting, None)):
            yield FEE, reference, f"MBVCB.{n}.{code}.CT tu NGUYEN VAN A"
        else:
            yield 10_000 + n * 7 % 90_001, reference, f"LE THI {n} chuyen tien dich vu cong"


def write_mt940(out, number: str, day: date, opening: int, told):
    sign = lambda amount: "C" if amount >= 0 else "D"
    out.write(f":20:BENCH{day:%y%m%d}\r\n:25:{number}\r\n:28C:1/1\r\n:60F:{sign(opening)}{day:%y%m%d}VND{abs(opening)},\r\n")
    for amount, reference, text in told:
        opening += amount
        out.write(f":61:{day:%y%m%d}{day:%m%d}{sign(amount)}{abs(amount)},NTRFNONREF//{reference}\r\n:86:{text}\r\n")
    out.write(f":62F:{sign(opening)}{day:%y%m%d}VND{abs(opening)},\r\n")
    return opening


def write_camt(out, number: str, day: date, opening: int, told):
    sign = lambda amount: "CRDT" if amount >= 0 else "DBIT"
    balance = lambda code, amount: (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="VND">{abs(amount)}</Amt>'
        f"<CdtDbtInd>{sign(amount)}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>")
    told = list(told)
    closing = opening + sum(amount for amount, _, _ in told)
    out.write(
        '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>B{day}</MsgId><CreDtTm>{day}T23:00:00+07:00</CreDtTm></GrpHdr><Stmt><Id>B{day}</Id>"
        f"<CreDtTm>{day}T23:00:00+07:00</CreDtTm><Acct><Id><Othr><Id>{number}</Id></Othr></Id><Ccy>VND</Ccy></Acct>"
        + balance("OPBD", opening) + balance("CLBD", closing))
    for amount, reference, text in told:
        out.write(
            f'<Ntry><Amt Ccy="VND">{abs(amount)}</Amt><CdtDbtInd>{sign(amount)}</CdtDbtInd><Sts>BOOK</Sts>'
            f"<BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt><AcctSvcrRef>{reference}</AcctSvcrRef>"
            f"<BkTxCd><Prtry><Cd>X</Cd></Prtry></BkTxCd><NtryDtls><TxDtls><RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls>"
            "</NtryDtls></Ntry>\n")
    out.write("</Stmt></BkToCstmrStmt></Document>")
    return closing


def write_csv(out, number: str, day: date, opening: int, told):
    row = lambda *cells: out.write(",".join(f'"{cell}"' for cell in cells) + "\r\n")
    out.write("\ufeff")
    row("STT", "Ngày giao dịch", "Ngày hiệu lực", "Số tham chiếu", "Ghi nợ", "Ghi có", "Số dư", "Nội dung")
    credits = debits = 0
    for n, (amount, reference, text) in enumerate(told):
        opening += amount
        credits, debits = credits + max(amount, 0), debits + max(-amount, 0)
        row(n + 1, f"{day:%d/%m/%Y} 10:00:00", f"{day:%d/%m/%Y}", reference, f"{-amount:,}" if amount < 0 else "",
            f"{amount:,}" if amount > 0 else "", f"{opening:,}", text)
    row("", "", "", "Cộng", f"{debits:,}", f"{credits:,}", f"{opening:,}", "")
    return opening


WRITERS = {"mt940": write_mt940, "camt": write_camt, "csv": write_csv}


def floor(instance: Instance, lines: pathlib.Path, owed: pathlib.Path) -> tuple[float, float, int]:
    """COPY into a table with a key and nothing else, of the same server, as durable as the books; then the join there, as the
    neighbours make it (neighbours.py): how long each took, and how many pairs there are."""
    instance.sql("create table bench_line (n bigint primary key, amount bigint, reference text, told text);"
                 "create table bench_owed (code text primary key, amount bigint); create table bench_pair (n bigint, code text)")
    begun = time.monotonic()
    with open(lines) as file:
        instance.psql("-c", "copy bench_line from stdin", stdin=file)
    copied = time.monotonic()
    with open(owed) as file:
        instance.psql("-c", "copy bench_owed from stdin", stdin=file)
    instance.sql(r"""insert into bench_pair select min(l.n), o.code from bench_line l
        join bench_owed o on o.code = substring(l.told from '\yL[TC][0-9A-Z]{9}\y') and o.amount = l.amount
        where l.amount > 0 group by o.code""")
    joined = time.monotonic()
    pairs = int(instance.sql("select count(*) from bench_pair; drop table bench_line, bench_owed, bench_pair"))
    return copied - begun, joined - copied, pairs


def beside(python: str, whose: str, lines: pathlib.Path, owed: pathlib.Path) -> tuple[float, int]:
    """How long a neighbour takes in a process of its own, its start apart, and how many pairs it finds."""
    pairs = lines.with_suffix(f".{whose}")
    program = pathlib.Path(__file__).with_name("neighbours.py")
    ran = subprocess.run([python, program, whose, lines, owed, pairs], check=True, text=True, capture_output=True)
    pairs.unlink()
    took, found = ran.stdout.split()
    return float(took), int(found)


def settled(instance: Instance) -> float:
    """Waits until no line waits for its match."""
    caller, begun = Caller(instance.ops), time.monotonic()
    while caller.ask("GET", "/backlog")["waiting"]["movements"]:
        if time.monotonic() - begun > PATIENCE_S:
            sys.exit("lines still wait for their match")
        time.sleep(0.2)
    return time.monotonic() - begun


def measure(instance: Instance, name: str, day: date, opening: int, count: int, account: dict, directory: pathlib.Path,
            python: str):
    """One file: the row of the table, what the account stands at, and what does not hold."""
    named = references(instance, name, min(MOST_NAMED, count // NAMED_EVERY))
    file, bare = directory / f"{name}.statement", directory / f"{name}.tsv"
    with open(file, "w", encoding="utf-8", newline="") as out:
        closing = WRITERS[name](out, account["account_number"], day, opening, lines(count, named, day))
    with open(bare, "w") as out:
        for n, told in enumerate(lines(count, named, day)):
            out.write("\t".join(map(str, (n, *told))) + "\n")
    owed = directory / f"{name}.owed"
    owed.write_text("".join(f"{code}\t{FEE}\n" for code in named))
    bare_s, joined_s, joined = floor(instance, bare, owed)
    others = {whose: beside(python, whose, bare, owed) for whose in NEIGHBOURS if python}

    settled(instance)
    instance.sql("select pg_stat_statements_reset()")
    instance.forget_peak()
    before, begun = instance.peak_kib(), time.monotonic()
    path = f"/v1/statements?account={account['code']}&format={FORMATS[name]}"
    answer = Caller(instance.base, instance.staff, PATIENCE_S).ask("POST", path, file, name)
    import_s = time.monotonic() - begun
    match_s = settled(instance)
    grown_mib, size_mib = (instance.peak_kib() - before) / 1024, file.stat().st_size / 2**20
    ran = int(instance.sql(SENT))
    codes = ",".join(f"'{reference}'" for reference in named)
    paid = int(instance.sql(f"select count(*) from intent where reference in ({codes}) and status = 'paid'")) if named else 0

    wrong = [
        f"{name}: {said}"
        for holds, said in (
            (answer["new_movements"] == count, f"{answer['new_movements']} of {count} lines are movements"),
            (paid == len(named), f"{paid} of {len(named)} intents are paid"),
            (grown_mib < max(3 * size_mib, SMALL_MIB), f"{grown_mib:.0f} MiB of memory for a file of {size_mib:.0f} MiB"),
            (ran < count / 10 + OF_ONE_PAID * paid, f"{ran} statements for {count} lines"),
            (joined == paid, f"SQL finds {joined} pairs, {paid} are paid"),
            *((found == paid, f"{whose} finds {found} pairs, {paid} are paid") for whose, (_, found) in others.items()),
        )
        if not holds
    ]
    others_s = [f"{others[whose][0]:.2f}" if whose in others else "–" for whose in NEIGHBOURS]
    row = (name, f"{count:,}", f"{size_mib:.0f}", f"{bare_s:.1f}", f"{joined_s:.1f}", *others_s, f"{import_s:.1f}", f"{match_s:.1f}",
           f"{count / (import_s + match_s):,.0f}", f"{(import_s + match_s) / bare_s:.1f}", f"{grown_mib:.0f}", f"{ran:,}", f"{paid:,}",
           f"{os.getloadavg()[0]:.1f}")
    for path in (file, bare, owed):
        path.unlink()
    return row, closing, wrong


NEIGHBOURS = {"duckdb": "DuckDB", "polars": "polars"}
HEAD = ("format", "lines", "file MiB", "COPY s", "SQL s", "DuckDB s", "polars s", "import s", "match s", "lines/s", "× COPY",
        "memory MiB", "statements", "paid", "load")
MEANING = """
COPY: the lines into a table with one key, durable. SQL: the join of these lines with what is owed, its pairs kept beside them.
DuckDB, polars: the same join from file to file, nothing durable. None of them knows a line again when it comes in another file,
says whose money the other lines are, books anything, opens a case, tells a portal or can prove afterwards what it did.
import: the file read, each line known or new, booked, matched and told, as the gateway answers; match: what it had left to match."""


def verified(instance: Instance) -> list[str]:
    """What `motlan verify` finds in the books once all is sealed."""
    while int(instance.sql("select count(*) from unsealed")):
        time.sleep(0.5)
    place = f"postgresql:///motlan?host={instance.directory / 'postgres/run'}&user=motlan_superuser"
    begun = time.monotonic()
    ran = subprocess.run([instance.motlan, "verify"], env=os.environ | {"MOTLAN_DATABASE__URL": place}, text=True, capture_output=True)
    print(f"motlan verify: {time.monotonic() - begun:.1f} s, {'all holds' if ran.returncode == 0 else 'BROKEN'}", flush=True)
    return [] if ran.returncode == 0 else (ran.stdout + ran.stderr).splitlines()


def versions(instance: Instance, python: str) -> str:
    asked = "from importlib.metadata import version; import sys; print(*map(version, sys.argv[1:]))"
    named = [f"PostgreSQL {instance.sql('show server_version').split()[0]}"]
    if python:
        found = subprocess.run([python, "-c", asked, *NEIGHBOURS], check=True, text=True, capture_output=True).stdout.split()
        named += [f"{name} {version}" for name, version in zip(NEIGHBOURS.values(), found)]
    else:
        named.append("DuckDB and polars cannot be installed here: no figures of theirs")
    return f"{date.today()}, {os.cpu_count()} cores, {', '.join(named)}"


def main(motlan: str, python: str, directory: str, count: str, *formats: str):
    place = pathlib.Path(directory).resolve()
    place.mkdir(parents=True, exist_ok=True)
    instance = Instance(motlan, place / "instance")
    subprocess.run([motlan, "up", "--reset", "--data", str(instance.directory)], check=True, stdout=subprocess.DEVNULL)
    rows, wrong, opening = [HEAD], [], 0
    try:
        instance.counted()
        found = Caller(instance.base, instance.staff).ask("GET", "/v1/accounts")["data"]
        account = next(account for account in found if BENEFICIARY in account["beneficiaries"])
        for n, name in enumerate(formats or WRITERS):
            day = date.today() - timedelta(days=len(WRITERS) + 1 - n)
            row, opening, found = measure(instance, name, day, opening, int(count), account, place, python)
            rows.append(row)
            wrong += found
            print("  ".join(f"{head} {cell}" for head, cell in zip(HEAD, row)), flush=True)
        wrong += verified(instance)
        measured = versions(instance, python)
    finally:
        instance.stop()
        subprocess.run([motlan, "up", "--reset", "--data", str(instance.directory)], check=True, stdout=subprocess.DEVNULL)
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
    print()
    for row in rows:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths)))
    print(MEANING)
    print(measured)
    for line in wrong:
        print(f"does not hold: {line}", file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
