// An accountant's day in a real browser, against the simulators: files of two accounts and of a provider are brought, what was
// planted there is found and named, two people work it, a day is closed, a receipt is checked at the address of its QR, the score
// is read and every report opened. SHOTS keeps pictures.
//
//   node tests/browser/day.mjs <what the journey `a_day_in_a_browser` has prepared>
import puppeteer from 'puppeteer-core';
import { DESK, check, checks, code, follow, look, press, run, signIn } from './desk.mjs';

const VIEWS = [['', DESK]];
const text = (page) => page.$eval('main', (main) => main.innerText);
const opened = (page) => page.$$eval('details', (all) => all.forEach((one) => one.setAttribute('open', '')));

async function brings(page, field, scope, file) {
  await page.goto(`${run.console_url}/statements`);
  await opened(page);
  const select = field === 'statement' ? '#account' : '#profile';
  await page.select(select, scope);
  await (await page.$(`#${field}`)).uploadFile(file);
  await press(page, `form:has(#${field}) button`);
  const said = await text(page);
  check(!said.includes('Chưa nhập được tệp'), `${file}: ${said}`);
}

/** Every row of the queue as text. */
async function queue(page) {
  await page.goto(`${run.console_url}/cases?sort=amount`);
  return page.$$eval('tbody tr', (rows) => rows.map((row) => ({ text: row.innerText, href: row.querySelector('a').href })));
}

async function sends(accountant, button) {
  await press(accountant, button);
  check((await text(accountant)).includes('Chưa có gì thay đổi'), `no preview: ${await text(accountant)}`);
  await look(accountant, 'preview', VIEWS);
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
  for (const { field, scope, path } of run.files) await brings(page, field, scope, path);
  await page.goto(`${run.console_url}/statements`);
  await look(page, 'statements', VIEWS);
}

async function whatWasPlantedIsNamed(page) {
  const rows = await queue(page);
  for (const { kind, amount } of run.planted) {
    const named = rows.some((row) => row.text.includes(kind) && row.text.includes(amount));
    check(named, `${kind} ${amount} is not in the queue:\n${rows.map((row) => row.text).join('\n')}`);
  }
  await look(page, 'cases', VIEWS);
  return rows;
}

async function twoWorkThem(accountant, approver, rows) {
  const of = (kind) => rows.filter((row) => row.text.includes(kind)).map((row) => row.href);
  for (const href of of('Chưa xác định').slice(0, 1)) {
    await accountant.goto(href);
    await opened(accountant);
    await accountant.click('input[name=obligation]');
    await sends(accountant, 'form:has(input[value=assign_to_obligations]) button[name=preview]');
    await approves(approver, run.logins[1]);
  }
  for (const href of of('Nộp trùng').slice(0, 1)) {
    await accountant.goto(href);
    await opened(accountant);
    await accountant.type('#reason', 'nop_trung');
    await accountant.type('#bank', '970436');
    await accountant.type('#number', '0123456789');
    await accountant.type('#holder', 'NGUYEN VAN MAU');
    await sends(accountant, 'form:has(#reason) button[name=preview]');
    await approves(approver, run.logins[1]);
  }
}

async function theDayIsClosed(page) {
  await page.goto(`${run.console_url}/day?scope=${run.closes}&date=${run.day}`);
  check(await page.$('#code'), `does not tie out: ${await text(page)}`);
  await page.type('#code', await code(run.logins[0]));
  await press(page, 'form:has(#code) button');
  check((await text(page)).includes('đã khóa'), await text(page));
  await look(page, 'day-closed', VIEWS);
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
  const bytes = Buffer.from(await answer.arrayBuffer());
  return { status: answer.status, begins: bytes.subarray(0, 4).toString('latin1'), size: bytes.length };
}

async function everyReportIsOpened(page) {
  await page.goto(`${run.console_url}/reports`);
  const reports = await page.$$eval('.list a', (all) => all.map((a) => a.href));
  check(reports.length === 8, `${reports}`);
  for (const report of reports) {
    await page.goto(report);
    const name = report.split('/').pop();
    await look(page, name === 'online-payment-score' ? 'score' : `report-${name}`, VIEWS);
    const files = await page.$$eval('a', (all) => all.map((a) => a.href).filter((href) => href.includes('/file?')));
    check(files.length >= 2, `${name}: ${files}`);
    for (const file of files) {
      const { status, begins, size } = await fetched(page, file);
      const begin = file.includes('xlsx') ? 'PK' : file.includes('pdf') ? '%PDF' : '';
      check(status === 200 && begins.startsWith(begin) && size > 100, `${file}: ${status} ${begins} ${size}`);
    }
  }
}

const browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  const accountant = await signIn(browser, run.logins[0]);
  const approver = await signIn(browser, run.logins[1]);
  await filesAreBrought(accountant);
  const rows = await whatWasPlantedIsNamed(accountant);
  await twoWorkThem(accountant, approver, rows);
  await theDayIsClosed(accountant);
  await everyReportIsOpened(accountant);
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
