// What the journeys stand on: a browser as a phone, calls of a portal, controls of the simulators, and what is looked at on
// every page: accessibility (axe), no outside host, nothing wider than the screen.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';
import { small } from './small.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
// the screens of a small phone and of the smallest that WCAG 2.2 (1.4.10) asks for
const PHONE = { width: 360, height: 740, deviceScaleFactor: 1, isMobile: true, hasTouch: true };
const NARROW = { ...PHONE, width: 320, height: 640 };
const SHOTS = process.env.SHOTS;
// a folder for the same pages on the smallest screen, on a desk and in English, which are looked at and not kept
const ALL = process.env.SHOTS_ALL;

export const given = JSON.parse(readFileSync(0, 'utf8'));
const BUDGET = 60 * 1024;
let checks = 0;
let heaviest = 0;

export function check(holds, text) {
  checks += 1;
  if (!holds) throw new Error(text);
}
export const counted = () => checks;
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export async function until(what, ask, atMost = 20000) {
  const end = Date.now() + atMost;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`never: ${what}`);
    await sleep(100);
  }
}

async function call(url, options) {
  const answer = await fetch(url, options);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

let last = 0;
const fresh = () => `browser-${process.pid}-${(last += 1)}`;
const bearer = () => ({ authorization: `Bearer ${given.key}`, 'content-type': 'application/json' });

/** What a portal posts. */
export const post = (path, body) =>
  call(given.base + path, {
    method: 'POST',
    headers: { ...bearer(), 'idempotency-key': fresh() },
    body: JSON.stringify(body),
  });
/** What staff ask, or post: a file as its bytes. */
export const staff = (path, body, key = given.staff_key) =>
  call(given.base + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': Buffer.isBuffer(body) ? 'application/octet-stream' : 'application/json', 'idempotency-key': fresh() },
    body: Buffer.isBuffer(body) || body === undefined ? body : JSON.stringify(body),
  });
export const get = (path) => call(given.base + path, { headers: bearer() });
export const sim = (who, what, body) =>
  call(`${given[who]}/_sim/${what}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

export const dossier = () => `H38.17-261126-${String((last += 1)).padStart(4, '0')}`;

/** A fee of a dossier. */
export async function owes(amount, change = {}) {
  return call(`${given.base}/v1/obligations/${fresh()}`, {
    method: 'PUT',
    headers: bearer(),
    body: JSON.stringify({
      dossier_code: dossier(), agency_code: 'H38.17', beneficiary_code: 'H38.17-KB', procedure_code: '2.000815',
      procedure_name: 'Chứng thực bản sao từ bản chính', kind: 'fee', fee_code: fresh().slice(0, 30),
      description: 'Phí chứng thực bản sao từ bản chính, 5 trang × 3 bản', gross_amount: amount, currency: 'VND',
      payer: { name: 'Nguyễn Thị Kín', identity_kind: 'citizen_id', identity_number: '010085000123', phone: '0987654321' },
      budget: { chapter: '820', sub_item: '2716' }, ...change,
    }),
  });
}

/** A payment for one fee of this amount; `amount` tells journeys apart at the simulators. */
export async function opens(amount, seconds = 3600, change = {}) {
  const fee = await owes(amount, change);
  const intent = await post('/v1/payment-intents', {
    obligation_ids: [fee.id], expires_in_s: seconds, return_url: `${given.base}/pay`,
  });
  return { ...intent, fee: fee.id, dossier: fee.dossier_code };
}

/** An officer takes cash for the whole of it. */
export const cash = (intent) =>
  call(`${given.base}/v1/counter-payments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${given.staff_key}`, 'content-type': 'application/json', 'idempotency-key': fresh() },
    body: JSON.stringify({
      obligation_ids: [intent.fee], tender: 'cash', counter_code: given.counter, amount: intent.amount, receipt_ref: fresh(),
    }),
  });

/** The dossier system has applied these of the dossier and of the payment, each once and in this order, and no others. */
export async function heard(intent, ofDossier = ['obligation.paid'], ofIntent = ['payment_intent.paid']) {
  for (const [stream, wanted] of [[`dossier:${intent.dossier}`, ofDossier], [`intent:${intent.id}`, ofIntent]]) {
    let last = [];
    const all = async () => {
      const every = await call(`${given.dossier}/_sim/received?name=default`);
      last = every.filter((event) => event.stream === stream || event.stream?.endsWith(`/${stream}`));
      return last.filter((event) => event.applied).length >= wanted.length;
    };
    await until(`${wanted} of ${stream}`, all, 30000).catch((error) => {
      throw new Error(`${error.message}: ${JSON.stringify(last.map((event) => [event.type, event.applied]))}`);
    });
    const told = last.map((event) => event.type);
    check(`${told}` === `${wanted}`, `${stream} heard ${told}, not ${wanted}`);
    check(last.every((event, n) => event.applied && !event.gap && (n === 0 || event.sequence > last[n - 1].sequence)), JSON.stringify(last));
  }
}

export const intentOf = (intent) => get(`/v1/payment-intents/${intent.id}`);
export const becomes = (intent, status) =>
  until(`${intent.reference} ${status}`, async () => (await intentOf(intent)).status === status);
export async function orderOf(intent) {
  const { attempts } = await intentOf(intent);
  return attempts[attempts.length - 1].order_ref;
}

let browser = null;
export async function openBrowser() {
  browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM,
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--lang=vi', '--force-color-profile=srgb', '--hide-scrollbars'],
  });
  for (const folder of [SHOTS, ALL]) if (folder) mkdirSync(folder, { recursive: true });
}
export const closeBrowser = () => browser?.close();

/** A phone of its own: no cookies, no cache of another's. */
export async function phone({ js = true, wide = false } = {}) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  await page.setViewport(wide ? { width: 1200, height: 800, deviceScaleFactor: 1 } : PHONE);
  await page.setJavaScriptEnabled(js);
  await page.setExtraHTTPHeaders({ 'accept-language': 'vi' });
  page.asked = [];
  page.bytes = 0;
  page.on('request', (request) => page.asked.push(request.url()));
  page.on('pageerror', (error) => { page.wrong = `${error}`; });
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of (4|5)\d\d/.test(message.text())) page.wrong = message.text();
  });
  const network = await page.createCDPSession();
  await network.send('Network.enable');
  network.on('Network.loadingFinished', (event) => { page.bytes += event.encodedDataLength; });
  page.js = js;
  page.bye = () => context.close();
  return page;
}

export const visit = (page, url) => page.goto(url, { waitUntil: 'load' });
export const text = (page) => page.evaluate(() => document.body.innerText);
export const title = (page) => page.evaluate(() => document.querySelector('h1').innerText);

export async function reads(page, ...sentences) {
  const body = await text(page);
  for (const sentence of sentences) check(body.includes(sentence), `"${sentence}" is missing in:\n${body}`);
  for (const secret of ['Kín', '010085000123', '0987654321']) check(!body.includes(secret), `${secret} is on the page`);
}

/** Until the page says so by itself: nobody touches it. */
export async function says(page, sentence, atMost) {
  let body = '';
  const there = async () => (body = await text(page).catch(() => body)).includes(sentence);
  await until(`"${sentence}" on the page`, there, atMost).catch((error) => {
    throw new Error(`${error.message}:\n${page.url()}\n${body}`);
  });
}

/** Presses and waits for the page that follows. */
export async function press(page, selector) {
  await page.waitForSelector(selector);
  await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), page.$eval(selector, (at) => at.scrollIntoView()).then(() => page.click(selector))]);
}
/** Without JavaScript a page with a field waits for its reader: who presses its button sees the latest state. */
export const looksAgain = (page, sentence) =>
  until(`"${sentence}" by pressing`, async () => {
    await press(page, 'noscript a.button');
    return (await text(page)).includes(sentence);
  });
export const choose = (page, channel) => press(page, `form:has(input[value="${channel}"]) button`);

/** What the same view weighs for who opens it for the first time, and whom it asks: us alone. */
async function weigh(page, name) {
  const fresh = await phone({ js: page.js });
  await visit(fresh, page.url());
  check(fresh.bytes > 3_000 && fresh.bytes < BUDGET, `${name}: ${fresh.bytes} bytes on first view`);
  check(fresh.asked.every((url) => url.startsWith(given.base)), `${name} asked ${fresh.asked}`);
  heaviest = Math.max(heaviest, fresh.bytes);
  await fresh.bye();
}
export const heaviestView = () => heaviest;

async function everywhere(page, name) {
  for (const viewport of [NARROW, { ...PHONE, width: 1200 }]) {
    await page.setViewport(viewport);
    writeFileSync(join(ALL, `${name}-${viewport.width}.png`), await page.screenshot({ fullPage: true }));
  }
  await page.setViewport(PHONE);
  const english = await phone({ js: page.js });
  const address = new URL(page.url());
  address.searchParams.set('lang', 'en');
  await visit(english, address.href);
  writeFileSync(join(ALL, `${name}-english.png`), await english.screenshot({ fullPage: true }));
  await english.bye();
}

/** Looks at the page as it is, and keeps a picture of it. */
export async function look(page, name) {
  check(!page.wrong, `${name}: ${page.wrong}`);
  const outside = page.asked.filter((url) => !url.startsWith(given.base) && !url.startsWith('data:'));
  page.asked = [];
  check(outside.every((url) => ['vnpay', 'momo', 'zalopay', 'national'].some((who) => url.startsWith(given[who]))), `${name} asked ${outside}`);
  for (const viewport of [NARROW, PHONE]) {
    await page.setViewport(viewport);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    check(width <= viewport.width, `${name}: ${width} wide on a screen of ${viewport.width}`);
  }
  if (ALL) await everywhere(page, name);
  if (SHOTS) writeFileSync(join(SHOTS, `${name}.png`), small(Buffer.from(await page.screenshot({ fullPage: true }))));
  if (page.js) {
    await page.evaluate(AXE);
    const found = await page.evaluate((tags) => axe.run(document, { runOnly: tags }), RULES);
    const told = found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' | ')}`);
    check(told.length === 0, `${name}, by axe: ${told.join('\n')}`);
    check(found.passes.length > 10, `${name}: axe found only ${found.passes.length} rules to ask`);
  }
  await weigh(page, name);
}
