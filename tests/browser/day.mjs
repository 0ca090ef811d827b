// An accountant's day in a real browser, against the simulators: files of two banks and of two providers are brought (what does
// not add up is refused), what was planted there is found and named and nothing else is, two people work it, what ends with its
// cause is closed by itself, the days of both accounts are closed, what a bank books on them after that is pointed at, a receipt
// is checked at the address of its QR, the score is read, and every report is opened by a reader of the test's own, which writes
// down what it found. SHOTS keeps pictures.
//
//   node tests/browser/day.mjs <what the journey `a_day_in_a_browser` has prepared>
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';
import { DESK, PHONE, check, checks, code, follow, look, press, run, signIn, sleep } from './desk.mjs';
import { openedCsv, openedPdf, openedWorkbook, pdfReader } from './opened.mjs';
import { small } from './small.mjs';

const VIEWS = [['', DESK]];
const BOTH = [...VIEWS, ['-phone', PHONE]];
const text = (page) => page.$eval('main', (main) => main.innerText);
const opened = (page) => page.$$eval('details', (all) => all.forEach((one) => one.setAttribute('open', '')));

/** What the desk said of a file that was brought to it. */
async function brings(page, { field, scope, layout, path: file }) {
  await page.goto(`${run.console_url}/statements`);
  await opened(page);
  const select = field === 'statement' ? '#account' : '#profile';
  await page.select(select, scope);
  if (layout) await page.type('#layout', layout);
  await (await page.$(`#${field}`)).uploadFile(file);
  await press(page, `form:has(#${field}) button`);
  return text(page);
}

async function isTaken(page, file) {
  const said = await brings(page, file);
  check(!said.includes('Chưa nhập được tệp'), `${file.path}: ${said}`);
}

/** Nothing of a file that does not add up is taken. */
async function whatDoesNotAddUpIsRefused(page) {
  for (const file of run.damaged) {
    const said = await brings(page, file);
    check(said.includes('Chưa nhập được tệp'), `${file.path} is taken: ${said}`);
    if (file === run.damaged[0]) await look(page, 'statement-refused', VIEWS);
  }
  await page.goto(`${run.console_url}/statements`);
  const said = await text(page);
  for (const none of ['Chưa có sao kê nào được nhập.', 'Chưa có tệp quyết toán nào được nhập.']) check(said.includes(none), said);
}

/** Every row of the queue: what it is called, and its đồng. */
async function queue(page) {
  await page.goto(`${run.console_url}/cases?sort=amount`);
  const rows = await page.$$eval('tbody tr', (all) => all.map((row) => ({
    kind: row.querySelector('th').innerText.trim(), amount: row.querySelector('td').innerText.trim(), href: row.querySelector('a').href,
  })));
  check(!(await page.$('.more')), 'one page has them all');
  return rows;
}

let previews = 0;
async function sends(accountant, button) {
  await press(accountant, button);
  check((await text(accountant)).includes('Chưa có gì thay đổi'), `no preview: ${await text(accountant)}`);
  previews += 1;
  if (previews === 1) await look(accountant, 'preview', VIEWS);
  await press(accountant, 'form .actions button');
  check(accountant.url().includes('done=1'), `not proposed: ${await text(accountant)}`);
}

async function approves(approver, login) {
  await approver.goto(`${run.console_url}/approvals`);
  check(await follow(approver, '/console/approvals/apr_'), 'something waits');
  await approver.type('#code', await code(login));
  await press(approver, 'button[value=approve]');
  check(approver.url().includes('done=1'), `not decided: ${await text(approver)}`);
}

async function filesAreBrought(page) {
  for (const file of run.files) await isTaken(page, file);
  await page.goto(`${run.console_url}/statements`);
  await look(page, 'statements', BOTH);
  // what a page does not hold any more is on the next one
  const [newest, ...older] = await page.$$eval('a', (all) => all.map((a) => a.href).filter((href) => href.includes('/statements/stm_')));
  await page.goto(`${run.console_url}/statements?after=${newest.split('/').pop()}`);
  const next = await page.$$eval('a', (all) => all.map((a) => a.href).filter((href) => href.includes('/statements/stm_')));
  check(`${next}` === `${older}`, `${next} follows ${newest}, not ${older}`);
}

/** What the simulators' logs say was planted is named, each once, and nothing else is. */
async function whatWasPlantedIsNamed(page) {
  const listed = (all) => all.map(({ kind, amount }) => `${kind} ${amount}`).sort();
  const planted = listed(run.planted);
  let rows = await queue(page);
  // what has no receipt is told after a while
  for (let tries = 0; tries < 20 && `${listed(rows)}` !== `${planted}`; tries += 1) {
    await sleep(500);
    rows = await queue(page);
  }
  const named = listed(rows);
  const only = (these, those) => these.filter((one) => these.filter((x) => x === one).length !== those.filter((x) => x === one).length);
  check(`${named}` === `${planted}`, `named and not planted: ${only(named, planted)}\nplanted and not named: ${only(planted, named)}`);
  await look(page, 'cases', BOTH);
  return rows;
}

/** One proposes by the form with this field, filled in; the other agrees, and the case is closed, with both in its history. */
async function worked([accountant, approver], href, form, fill) {
  await accountant.goto(href);
  await opened(accountant);
  await fill(accountant);
  await sends(accountant, `form:has(${form}) button[name=preview]`);
  await approves(approver, run.logins[1]);
  await accountant.goto(href);
  const said = await text(accountant);
  check(said.includes('đã đóng'), `not closed: ${said}`);
  for (const { person } of run.logins.slice(0, 2)) check(said.includes(person), `${person} is not in the history: ${said}`);
}

async function twoWorkThem(two, rows) {
  const one = (kind, amount) => {
    const found = rows.find((row) => row.kind === kind && (amount === undefined || row.amount === amount));
    check(found, `${kind} ${amount}`);
    return found.href;
  };
  const types = (fields) => async (page) => {
    for (const [field, value] of Object.entries(fields)) await page.type(field, value);
  };
  const back = { '#reason': 'nop_trung', '#bank': '970436', '#number': '0123456789', '#holder': 'NGUYEN VAN MAU' };
  await worked(two, one('Chưa xác định'), 'input[value=assign_to_obligations]', (page) => page.click('input[name=obligation]'));
  await worked(two, one('Nộp trùng'), '#reason', types(back));
  await worked(two, one('Lệch số tiền', '301 ₫'), '#note-4', types({ '#note-4': 'phụ lục hợp đồng tháng này' }));
  const given = { '#reason-5': 'khong_ro', '#note-5': 'cổng không giải thích được' };
  await worked(two, one('Hoàn không có khoản thu'), '#reason-5', types(given));
  // nobody can read it ever; the money itself was told of by the other one, and stands on the statement
  for (const { href } of rows.filter(({ kind }) => kind === 'Thông báo không đọc được')) {
    await worked(two, href, '#note-4', types({ '#note-4': 'ngân hàng báo nhầm số tiền, sao kê có dòng đúng' }));
  }
}

/** Kinds that end with their cause, without a word of anybody. */
const ENDS = [
  'Sao kê không liền mạch', 'Có thể là cùng một biến động', 'Lệch trạng thái', 'Sự kiện không gửi được', 'Chưa có biên lai',
];

/** Who administers lets the series of charges go on. */
async function theSeriesGoesOn() {
  const { url, key, body } = run.series;
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'PUT', headers, body: JSON.stringify(body) });
  check(answer.ok, `the series: ${answer.status} ${await answer.text()}`);
}

/** The dossier system takes events again, and what was given up is sent once more. */
async function whatWasGivenUpIsSent(admin) {
  const told = await fetch(run.dossier_script, { method: 'DELETE' });
  check(told.ok, `the dossier system: ${told.status}`);
  for (const { about } of run.planted.filter(({ about }) => about)) {
    await admin.goto(`${run.console_url}/admin/parked`);
    await opened(admin);
    const form = `form[action="/console/admin/parked/${about}/retry"]`;
    check(await admin.$(form), `${about} is not parked: ${await text(admin)}`);
    await admin.type(`${form} input[name=code]`, await code(run.logins[2]));
    await press(admin, `${form} button`);
    check(admin.url().includes('done=1'), `not sent: ${await text(admin)}`);
  }
}

/** By the program, when its cause has ended. */
async function isClosedByItself(page, { kind, href }) {
  let said = '';
  for (let tries = 0; tries < 40 && !said.includes('đã đóng'); tries += 1) {
    if (tries > 0) await sleep(250);
    await page.goto(href);
    said = await text(page);
  }
  check(said.includes('đã đóng') && said.includes('Hệ thống đã giải thích được'), `${kind} stays: ${said}`);
}

/** The missing day, the providers' next files, a dossier system that is at work again, a series that goes on. */
async function causesEnd(page, admin, rows) {
  const ends = rows.filter(({ kind }) => ENDS.includes(kind));
  check(ends.length >= 2 * ENDS.length, `${ends.length} end by themselves`);
  const unheard = run.planted.filter(({ about }) => about);
  const pages = [];
  for (const { href } of ends) {
    await page.goto(href);
    pages.push(await text(page));
  }
  for (const { about } of unheard) check(pages.some((said) => said.includes(about)), `no case is about ${about}`);
  for (const file of run.later) await isTaken(page, file);
  await whatWasGivenUpIsSent(admin);
  await theSeriesGoesOn();
  for (const row of ends) await isClosedByItself(page, row);
  const left = (await queue(page)).map(({ kind }) => kind).filter((kind) => ENDS.includes(kind));
  check(left.length === 0, `${left} opened anew`);
}

async function theDayIsClosed(page, [scope, day], views) {
  await page.goto(`${run.console_url}/day?scope=${scope}&date=${day}`);
  check(await page.$('#code'), `does not tie out: ${await text(page)}`);
  await page.type('#code', await code(run.logins[0]));
  await press(page, 'form:has(#code) button');
  check((await text(page)).includes('đã khóa'), await text(page));
  await look(page, 'day-closed', views);
}

/** They are closed in their order. */
async function everyDayIsClosed(page) {
  const [treasury, ...others] = run.closes;
  const last = run.days.at(-1);
  for (const scope of run.closes) for (const day of run.days.filter((day) => day !== last)) await theDayIsClosed(page, [scope, day], []);
  for (const scope of others) await theDayIsClosed(page, [scope, last], VIEWS);
  await theDayIsClosed(page, [treasury, last], BOTH);
}

const shown = (day) => day.split('-').reverse().join('/');

/** A line of a closed day is booked on the first open one, and both days say so. */
async function whatCameLateIsPointedAt(page) {
  for (const file of run.after_closing) await isTaken(page, file);
  for (const { scope, day, amount } of run.late) {
    for (const date of [day, run.today]) {
      await page.goto(`${run.console_url}/day?scope=${scope}&date=${date}`);
      const rows = await page.$$eval('[aria-label="Đến sau khi khóa sổ"] tbody tr', (all) => all.map((row) => [...row.children].map((cell) => cell.innerText.trim()).join(' ')));
      const expected = [shown(day), shown(run.today), shown(run.today), amount].join(' ');
      check(`${rows}` === expected, `${scope} ${date}: ${rows}, not ${expected}`);
    }
    await page.goto(`${run.console_url}/day?scope=${scope}&date=${day}`);
    check((await text(page)).includes('đã khóa'), `${scope} ${day} is not closed any more`);
  }
  await look(page, 'day-late', VIEWS);
}

async function aReceiptIsChecked(page) {
  await page.goto(`${run.console_url}/receipts`);
  check(await follow(page, '/console/receipts/rcp_'), `no receipt: ${await text(page)}`);
  await look(page, 'receipt', VIEWS);
  const places = await page.$$eval('a', (all) => all.map((a) => a.href));
  const address = places.find((href) => new URL(href).pathname.startsWith('/receipts/'));
  await page.goto(address);
  check((await page.$eval('body', (body) => body.innerText)).includes('Biên lai có giá trị'), address);
}

/** What a person would open in a spreadsheet or a viewer; with their cookies, since no page of ours may fetch. */
async function fetched(page, href) {
  const cookies = await page.cookies(href);
  const answer = await fetch(href, { headers: { cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; ') } });
  check(answer.status === 200, `${href}: ${answer.status}`);
  return Buffer.from(await answer.arrayBuffer());
}

const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, '.');

/** The files of a report say the same, among themselves and as the page. */
async function fileIsOpened(reader, name, form, bytes, page) {
  if (form === 'pdf') {
    const pdf = await openedPdf(reader, bytes, 2);
    if (process.env.SHOTS) writeFileSync(join(process.env.SHOTS, `console-report-${name}-printed.png`), small(pdf.drawn));
    return { words: pdf.words, pages: pdf.pages };
  }
  const read = form === 'csv' ? openedCsv(bytes) : openedWorkbook(bytes, name !== 'online-payment-score');
  for (const [head, sum] of Object.entries(read.totals ?? {})) {
    check(read.sums[head] === sum, `${name}: ${head} adds up to ${read.sums[head]}, not ${sum}`);
    check(page.includes(grouped(sum)), `${name}: the page does not say ${head} ${grouped(sum)}`);
  }
  return read;
}

async function everyReportIsOpened(page, reader) {
  await page.goto(`${run.console_url}/reports`);
  const reports = await page.$$eval('.list a', (all) => all.map((a) => a.href));
  check(reports.length === 8, `${reports}`);
  const read = {};
  for (const report of reports) {
    const name = report.split('/').pop();
    // unasked it is of this month, and the first days may be of the one before
    await page.goto(name === 'online-payment-score' ? report : `${report}?from=${run.days[0]}&to=${run.today}`);
    await look(page, name === 'online-payment-score' ? 'score' : `report-${name}`, VIEWS);
    const files = await page.$$eval('a', (all) => all.map((a) => a.href).filter((href) => href.includes('/file?')));
    const forms = files.map((file) => new URL(file).searchParams.get('format'));
    check(`${forms}` === (name === 'transactions' ? 'xlsx,csv,pdf' : 'xlsx,csv'), `${name}: ${forms}`);
    const said = await text(page);
    read[name] = {};
    for (const [n, form] of forms.entries()) {
      read[name][form] = await fileIsOpened(reader, name, form, await fetched(page, files[n]), said);
    }
    const { csv, xlsx } = read[name];
    check(`${csv.heads}` === `${xlsx.heads}` && csv.rows === xlsx.rows, `${name}: ${csv.rows} and ${xlsx.rows} rows`);
    for (const [head, sum] of Object.entries(xlsx.totals)) check(csv.sums[head] === sum, `${name}: ${head} is another in CSV`);
  }
  writeFileSync(run.read, JSON.stringify(read));
}

const browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  const accountant = await signIn(browser, run.logins[0]);
  const approver = await signIn(browser, run.logins[1]);
  await whatDoesNotAddUpIsRefused(accountant);
  await filesAreBrought(accountant);
  const rows = await whatWasPlantedIsNamed(accountant);
  await twoWorkThem([accountant, approver], rows);
  const admin = await signIn(browser, run.logins[2]);
  await causesEnd(accountant, admin, rows);
  await everyDayIsClosed(accountant);
  await whatCameLateIsPointedAt(accountant);
  await everyReportIsOpened(accountant, await pdfReader(await browser.newPage()));
  await aReceiptIsChecked(accountant);
  for (const place of ['admin', 'admin/channels', 'admin/people', 'admin/setup', 'admin/parked']) {
    await admin.goto(`${run.console_url}/${place}`);
    await look(admin, place.replace('/', '-'), VIEWS);
  }
  console.log(`day: ${checks} checks held`);
} finally {
  await browser.close();
}
