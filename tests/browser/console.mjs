// The console in a real browser: an accountant and whoever approves sign in with password and code, work a case together, and
// close a day. Every page is held against axe, at the width of a desk and of a phone; SHOTS keeps a picture of each.
//
//   CHROMIUM=chromium node tests/browser/console.mjs .motlan/run.json      against what `motlan up` runs and has played
import puppeteer from 'puppeteer-core';
import { check, checks, code, follow, look, press, run, signIn } from './desk.mjs';

async function everyPage(page) {
  await look(page, 'today');
  for (const place of ['cases', 'approvals', 'days', 'statements', 'search', 'receipts', 'reports', 'exports', 'remittances']) {
    await page.goto(`${run.console_url}/${place}`);
    await look(page, place);
  }
}

const said = (page) => page.$eval('main', (main) => main.innerText);
const dong = (text) => Number(text.replace(/[^\d-]/g, ''));

/** What waits in suspense, as its report adds it up. */
async function suspense(page) {
  await page.goto(`${run.console_url}/reports/suspense`);
  const sums = await page.$$eval('.figures li', (all) => all.map((one) => [one.querySelector('span').innerText, one.querySelector('b').innerText]));
  const [, sum] = sums.find(([head]) => head.toLowerCase() === 'số tiền');
  return dong(sum);
}

/** What would be booked, as it is shown before anything is sent: each journal comes to nothing, and moves the case's đồng. */
async function previewed(page, form, amount) {
  await press(page, `form:has(${form}) button[name=preview]`);
  check((await said(page)).includes('Chưa có gì thay đổi'), await said(page));
  const entries = await page.$$eval('[aria-label="Bút toán"] tbody tr', (rows) => rows.map((row) => [...row.cells].slice(3).map((cell) => cell.innerText)));
  const side = (n) => entries.map((entry) => dong(entry[n])).reduce((sum, one) => sum + one, 0);
  check(side(0) === side(1), `debits of ${side(0)}, credits of ${side(1)}`);
  check(entries.length === 0 || side(0) === amount, `${side(0)} are moved, not ${amount}`);
  const states = await page.$$eval('[aria-label="Trạng thái"] tbody tr', (rows) => rows.map((row) => row.innerText));
  check(states.some((row) => row.includes('Chênh lệch') && row.includes('đã đóng')), `${states}`);
  return entries.length > 0;
}

/** Of a case that the demonstration has left one proposes what becomes of it, and the other agrees: until then nothing moves. */
async function caseByTwo(accountant, approver, logins) {
  const before = await suspense(accountant);
  await accountant.goto(`${run.console_url}/cases`);
  check(await follow(accountant, '/console/cases/cas_'), 'there is a case');
  await look(accountant, 'case');
  const address = accountant.url();
  const amount = dong(await accountant.$eval('h1', (head) => head.innerText.split(':').pop()));
  check(amount !== 0, 'the case is of some đồng');
  await accountant.$$eval('details', (all) => all.forEach((one) => one.setAttribute('open', '')));
  const refund = await accountant.$('#reason');
  const typed = refund
    ? { '#reason': 'nop_nham', '#bank': '970436', '#number': '0123456789', '#holder': 'NGUYEN VAN MAU' }
    : { '#note-4': 'đã đối chiếu với ngân hàng' };
  for (const [field, value] of Object.entries(typed)) await accountant.type(field, value);
  const moves = await previewed(accountant, Object.keys(typed)[0], Math.abs(amount));
  check(moves === Boolean(refund), 'a refund is booked, an accepted difference is not');
  check(await suspense(accountant) === before, 'a preview books nothing');
  await accountant.goto(address);
  await accountant.$$eval('details', (all) => all.forEach((one) => one.setAttribute('open', '')));
  for (const [field, value] of Object.entries(typed)) await accountant.type(field, value);
  await press(accountant, `form:has(${Object.keys(typed)[0]}) button`);
  check(accountant.url().startsWith(address), accountant.url());
  check((await said(accountant)).includes('chờ duyệt'), `not proposed: ${await said(accountant)}`);
  await look(accountant, 'case-proposed');
  check(await suspense(accountant) === before, 'a proposal books nothing');
  await approver.goto(`${run.console_url}/approvals`);
  check(await follow(approver, '/console/approvals/apr_'), 'something waits');
  await look(approver, 'approval');
  await approver.type('#code', await code(logins[1]));
  await press(approver, 'button[value=approve]');
  check((await said(approver)).includes('đã duyệt'), `not decided: ${await said(approver)}`);
  await look(approver, 'approval-decided');
  await accountant.goto(address);
  const closed = await said(accountant);
  check(closed.includes('đã đóng') && !closed.includes('Đề nghị xử lý'), `not closed: ${closed}`);
  check(await suspense(accountant) === before - (refund ? amount : 0), 'what waited has left, and nothing else');
}

async function dayClosed(accountant, logins) {
  await accountant.goto(`${run.console_url}/days`);
  const days = await accountant.$$eval('a', (all) => all.map((a) => a.href).filter((href) => href.includes('/console/day?')));
  check(days.length > 0, 'there are books');
  for (const day of days) {
    await accountant.goto(day);
    if (await accountant.$('#code')) {
      await look(accountant, 'day');
      await accountant.type('#code', await code(logins[0]));
      await press(accountant, 'form:has(#code) button');
      const done = await accountant.$eval('main', (main) => main.textContent);
      check(done.includes('đã khóa'), done);
      await look(accountant, 'day-closed');
      return;
    }
  }
  throw new Error('no day ties out');
}

const fill = (page, field, value) => page.$eval(field, (one, text) => { one.value = text; }, value);

/** What stands on an account when its books begin is seen before it is proposed, or refused beside what was typed. */
async function beginnings(page) {
  await page.goto(`${run.console_url}/openings`);
  await look(page, 'openings');
  check(await follow(page, '/console/openings/'), 'there is an account');
  await look(page, 'opening');
  await fill(page, '#day', '2026-01-01');
  await page.type('#amount', '900.000');
  await page.type('#note', 'Biên bản bàn giao (mẫu)');
  await press(page, 'form:has(#amount) button[name=preview]');
  const refused = await page.$('[role=alert]');
  check(refused ? (await page.$eval('#amount', (one) => one.value)) === '900.000' : (await said(page)).includes('Chưa có gì thay đổi'), await said(page));
  await look(page, 'opening-seen');
}

/** A period of which nothing is to be remitted is refused beside what was chosen. */
async function remittances(page) {
  await page.goto(`${run.console_url}/remittances`);
  await page.$$eval('details', (all) => all.forEach((one) => one.setAttribute('open', '')));
  await look(page, 'remittances-form');
  await fill(page, '#day', '2026-01-31');
  await press(page, 'form:has(#day) button[name=preview]');
  check((await said(page)).includes('Không có khoản nào phải nộp'), await said(page));
  check((await page.$eval('#day', (one) => one.value)) === '2026-01-31', 'the day is kept');
  await look(page, 'remittances-refused');
}

async function storyOf(page) {
  await page.goto(`${run.console_url}/cases?status=all`);
  const cases = await page.$$eval('a', (all) => all.map((a) => a.href).filter((href) => href.includes('/console/cases/cas_')));
  for (const one of cases) {
    await page.goto(one);
    if (await follow(page, '/console/payments/')) return look(page, 'payment');
  }
  return undefined;
}

const browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  const logins = run.console_logins;
  const stranger = await (await browser.createBrowserContext()).newPage();
  await stranger.goto(run.console_url);
  await look(stranger, 'sign-in');
  const accountant = await signIn(browser, logins[0]);
  const approver = await signIn(browser, logins[1]);
  await everyPage(accountant);
  await beginnings(accountant);
  await remittances(accountant);
  await storyOf(accountant);
  await caseByTwo(accountant, approver, logins);
  await dayClosed(accountant, logins);
  await accountant.goto(`${run.console_url}/statements`);
  if (await follow(accountant, '/console/statements/stm_')) await look(accountant, 'statement');
  await press(accountant, '.who button');
  check(accountant.url().endsWith('/sign-in'), 'signed out');
  console.log(`console: ${checks} checks held`);
} finally {
  await browser.close();
}
