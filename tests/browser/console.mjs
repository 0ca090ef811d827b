// The console in a real browser: an accountant and whoever approves sign in with password and code, work a case together, and
// close a day. Every page is held against axe, at the width of a desk and of a phone; SHOTS keeps a picture of each.
//
//   CHROMIUM=chromium node tests/browser/console.mjs .motlan/run.json      against what `motlan up` runs and has played
import puppeteer from 'puppeteer-core';
import { check, checks, code, follow, look, press, run, signIn } from './desk.mjs';

async function everyPage(page) {
  await look(page, 'today');
  for (const place of ['cases', 'approvals', 'days', 'statements', 'search', 'receipts', 'reports', 'exports']) {
    await page.goto(`${run.console_url}/${place}`);
    await look(page, place);
  }
}

/** Of a case that the demonstration has left one proposes what becomes of it, and the other agrees. */
async function caseByTwo(accountant, approver, logins) {
  await accountant.goto(`${run.console_url}/cases`);
  check(await follow(accountant, '/console/cases/cas_'), 'there is a case');
  await look(accountant, 'case');
  const address = accountant.url();
  await accountant.$$eval('details', (all) => all.forEach((one) => one.setAttribute('open', '')));
  const refund = await accountant.$('#reason');
  if (refund) {
    await accountant.type('#reason', 'nop_nham');
    await accountant.type('#bank', '970436');
    await accountant.type('#number', '0123456789');
    await accountant.type('#holder', 'NGUYEN VAN MAU');
    await press(accountant, 'form:has(#reason) button');
  } else {
    await accountant.type('#note-4', 'đã đối chiếu với ngân hàng');
    await press(accountant, 'form:has(#note-4) button');
  }
  check(accountant.url().startsWith(address), accountant.url());
  await look(accountant, 'case-proposed');
  await approver.goto(`${run.console_url}/approvals`);
  check(await follow(approver, '/console/approvals/apr_'), 'something waits');
  await look(approver, 'approval');
  await approver.type('#code', await code(logins[1]));
  await press(approver, 'button[value=approve]');
  await look(approver, 'approval-decided');
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
