// The console in a real browser: an accountant and whoever approves sign in with password and code, work a case together, and
// close a day. Every page is held against axe, at the width of a desk and of a phone; SHOTS keeps a picture of each.
//
//   CHROMIUM=chromium node tests/browser/console.mjs .motlan/run.json      against what `motlan up` runs and has played
import { createHmac } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const DESK = { width: 1280, height: 900, deviceScaleFactor: 1 };
const PHONE = { width: 390, height: 844, deviceScaleFactor: 1 };
const SHOTS = process.env.SHOTS;
const run = JSON.parse(readFileSync(process.argv[2], 'utf8'));
if (SHOTS) mkdirSync(SHOTS, { recursive: true });

let checks = 0;
function check(holds, text) {
  checks += 1;
  if (!holds) throw new Error(text);
}
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** RFC 4648, section 6. */
function base32(text) {
  const bits = [...text].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}

/** RFC 6238: what an application shows in a step of thirty seconds. */
function totp(secret, step) {
  const counter = Buffer.alloc(8);
  counter.writeBigInt64BE(BigInt(step));
  const digest = createHmac('sha1', base32(secret)).update(counter).digest();
  const at = digest[19] & 15;
  return String((digest.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

const stepOf = () => Math.floor(Date.now() / 30_000);
/** A code is used once: the next one, as soon as it is taken. */
async function code(login) {
  login.last = Math.max((login.last ?? stepOf()) + 1, stepOf());
  while (login.last > stepOf() + 1) await sleep(500);
  return totp(login.totp_secret, login.last);
}

async function look(page, name) {
  for (const [width, view] of [['desk', DESK], ['phone', PHONE]]) {
    await page.setViewport(view);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    check(wide <= view.width, `${name} is ${wide} wide on a ${width}`);
    check(!(await page.content()).includes('<script'), `${name} has a script`);
    await page.evaluate(AXE);
    const found = await page.evaluate((tags) => axe.run({ runOnly: { type: 'tag', values: tags } }), RULES);
    const said = found.violations.map((v) => `${v.id}: ${v.nodes.map((node) => node.target + ' ' + node.failureSummary).join('; ')}`);
    check(said.length === 0, `${name} on a ${width}:\n${said.join('\n')}`);
    if (SHOTS) await page.screenshot({ path: join(SHOTS, `console-${name}-${width}.png`), fullPage: true });
  }
  await page.setViewport(DESK);
}

async function press(page, selector) {
  await Promise.all([page.waitForNavigation(), page.click(selector)]);
}

/** A window of its own for each person. */
async function signIn(browser, login) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  await page.goto(run.console_url);
  await page.type('#person', login.person);
  await page.type('#password', login.password);
  await page.type('#code', await code(login));
  await press(page, 'main button');
  check(page.url() === run.console_url, `not signed in: ${page.url()} ${await page.content()}`);
  return page;
}

async function everyPage(page) {
  await look(page, 'today');
  for (const place of ['cases', 'approvals', 'days', 'statements', 'search']) {
    await page.goto(`${run.console_url}/${place}`);
    await look(page, place);
  }
}

/** The first link to one of these, followed. */
async function follow(page, to) {
  const found = await page.$$eval('a', (all, part) => all.map((a) => a.href).filter((href) => href.includes(part)), to);
  if (found.length > 0) await page.goto(found[0]);
  return found.length > 0;
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
