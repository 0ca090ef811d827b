// An accountant's day in a real browser, against the simulators: files of two banks and of two providers are brought, what was
// planted there is found and named and nothing else is, two people work it, the day of both accounts is closed, a receipt is
// checked at the address of its QR, the score is read, and every report is opened by a reader of the test's own, which writes
// down what it found. SHOTS keeps pictures.
//
//   node tests/browser/day.mjs <what the journey `a_day_in_a_browser` has prepared>
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';
import { DESK, PHONE, check, checks, code, follow, look, press, run, signIn } from './desk.mjs';
import { openedCsv, openedPdf, openedWorkbook, pdfReader } from './opened.mjs';
import { small } from './small.mjs';

const VIEWS = [['', DESK]];
const BOTH = [...VIEWS, ['-phone', PHONE]];
const text = (page) => page.$eval('main', (main) => main.innerText);
const opened = (page) => page.$$eval('details', (all) => all.forEach((one) => one.setAttribute('open', '')));

async function brings(page, { field, scope, layout, path: file }) {
  await page.goto(`${run.console_url}/statements`);
  await opened(page);
  const select = field === 'statement' ? '#account' : '#profile';
  await page.select(select, scope);
  if (layout) await page.type('#layout', layout);
  await (await page.$(`#${field}`)).uploadFile(file);
  await press(page, `form:has(#${field}) button`);
  const said = await text(page);
  check(!said.includes('Chưa nhập được tệp'), `${file}: ${said}`);
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
  for (const file of run.files) await brings(page, file);
  await page.goto(`${run.console_url}/statements`);
  await look(page, 'statements', BOTH);
}

/** What the simulators' logs say was planted is named, each once, and nothing else is. */
async function whatWasPlantedIsNamed(page) {
  const rows = await queue(page);
  const listed = (all) => all.map(({ kind, amount }) => `${kind} ${amount}`).sort();
  const [named, planted] = [listed(rows), listed(run.planted)];
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
}

async function theDayIsClosed(page, scope, views) {
  await page.goto(`${run.console_url}/day?scope=${scope}&date=${run.day}`);
  check(await page.$('#code'), `does not tie out: ${await text(page)}`);
  await page.type('#code', await code(run.logins[0]));
  await press(page, 'form:has(#code) button');
  check((await text(page)).includes('đã khóa'), await text(page));
  await look(page, 'day-closed', views);
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
    await page.goto(report);
    const name = report.split('/').pop();
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
  await filesAreBrought(accountant);
  const rows = await whatWasPlantedIsNamed(accountant);
  await twoWorkThem([accountant, approver], rows);
  const [treasury, ...others] = run.closes;
  for (const scope of others) await theDayIsClosed(accountant, scope, VIEWS);
  await theDayIsClosed(accountant, treasury, BOTH);
  await everyReportIsOpened(accountant, await pdfReader(await browser.newPage()));
  await aReceiptIsChecked(accountant);
  const admin = await signIn(browser, run.logins[2]);
  for (const place of ['admin', 'admin/channels', 'admin/people', 'admin/setup', 'admin/parked']) {
    await admin.goto(`${run.console_url}/${place}`);
    await look(admin, place.replace('/', '-'), VIEWS);
  }
  console.log(`day: ${checks} checks held`);
} finally {
  await browser.close();
}
