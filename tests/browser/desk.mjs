// What the journeys of the console share: people who sign in with password and code, pages held against axe, pictures.
import { createHmac } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
export const DESK = { width: 1280, height: 900, deviceScaleFactor: 1 };
export const PHONE = { width: 390, height: 844, deviceScaleFactor: 1 };
const SHOTS = process.env.SHOTS;
export const run = JSON.parse(readFileSync(process.argv[2], 'utf8'));
if (SHOTS) mkdirSync(SHOTS, { recursive: true });

export let checks = 0;
export function check(holds, text) {
  checks += 1;
  if (!holds) throw new Error(text);
}
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

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
/** A code is used once: the next one, as soon as it is taken. Where used codes are forgotten meanwhile, the present one. */
export async function code(login) {
  if (run.forgets_codes) {
    await sleep(1000);
    return totp(login.totp_secret, stepOf());
  }
  login.last = Math.max((login.last ?? stepOf()) + 1, stepOf());
  while (login.last > stepOf() + 1) await sleep(500);
  return totp(login.totp_secret, login.last);
}

export async function look(page, name, views = [['-desk', DESK], ['-phone', PHONE]]) {
  for (const [suffix, view] of views) {
    await page.setViewport(view);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    check(wide <= view.width, `${name} is ${wide} wide, of ${view.width}`);
    check(!(await page.content()).includes('<script'), `${name} has a script`);
    await page.evaluate(AXE);
    const found = await page.evaluate((tags) => axe.run({ runOnly: { type: 'tag', values: tags } }), RULES);
    const said = found.violations.map((v) => `${v.id}: ${v.nodes.map((node) => node.target + ' ' + node.failureSummary).join('; ')}`);
    check(said.length === 0, `${name}${suffix}:\n${said.join('\n')}`);
    if (SHOTS) await page.screenshot({ path: join(SHOTS, `console-${name}${suffix}.png`), fullPage: true });
  }
  await page.setViewport(DESK);
}

export async function press(page, selector) {
  await Promise.all([page.waitForNavigation(), page.click(selector)]);
}

/** A window of its own for each person. */
export async function signIn(browser, login) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  await page.setViewport(DESK);
  await page.goto(run.console_url);
  await page.type('#person', login.person);
  await page.type('#password', login.password);
  await page.type('#code', await code(login));
  await press(page, 'main button');
  check(page.url() === run.console_url, `not signed in: ${page.url()} ${await page.content()}`);
  return page;
}

/** The first link to one of these, followed. */
export async function follow(page, to) {
  const found = await page.$$eval('a', (all, part) => all.map((a) => a.href).filter((href) => href.includes(part)), to);
  if (found.length > 0) await page.goto(found[0]);
  return found.length > 0;
}
