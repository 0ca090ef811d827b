// Signing in by way of an identity provider on another site, in a real browser: what it sends along on the way back decides
// whether anybody is signed in (SameSite), and no other means can show that.
//
//   node tests/browser/outside.mjs <what the journey `outside_in_a_browser` has prepared>
import puppeteer from 'puppeteer-core';
import { DESK, PHONE, check, checks, look, run, sleep } from './desk.mjs';

/** Pages lead on by themselves: until the browser has come to one. */
async function arrives(page, what, isThere) {
  for (let left = 200; !isThere(page.url()); left -= 1) {
    if (left === 0) throw new Error(`never at ${what}: ${page.url()} ${await page.content()}`);
    await sleep(100);
  }
  await page.waitForSelector('body');
}

const atTheProvider = (url) => url.startsWith(`${run.provider_url}/authorize?`);

/** Sets out by this button, and presses the one there. */
async function goesThere(page, form) {
  await page.click(`form[action="${form}"] button`);
  await arrives(page, 'the provider', atTheProvider);
  await page.waitForSelector('a');
}

async function signsIn(page) {
  await page.goto(`${run.console_url}/sign-in`);
  await look(page, 'outside-sign-in', [['-desk', DESK], ['-phone', PHONE]]);
  await goesThere(page, '/console/outside');
  await page.click('a');
  await arrives(page, 'the desk', (url) => url === run.console_url);
}

/** The two are two sites to this browser, or nothing here would show anything. */
async function aLinkElsewhereFindsNobody(page) {
  const url = `${run.console_url}/approvals/${run.approval}`;
  await page.goto(`${run.provider_url}/jwks`);
  await page.evaluate((to) => { location.href = to; }, url);
  await arrives(page, 'signing in', (there) => there.endsWith('/console/sign-in'));
}

async function decidesShownAnew(page) {
  const url = `${run.console_url}/approvals/${run.approval}`;
  await page.goto(url);
  await look(page, 'outside-anew');
  await goesThere(page, '/console/outside/anew');
  await page.click('a');
  await arrives(page, 'the approval', (there) => there === url);
  await look(page, 'outside-fresh');
  await Promise.all([page.waitForNavigation(), page.click('button[value=reject]')]);
  const said = await page.$eval('main', (main) => main.innerText);
  check(said.includes('bị từ chối'), `not decided without a code: ${said}`);
}

const browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  const page = await (await browser.createBrowserContext()).newPage();
  await page.setViewport(DESK);
  await signsIn(page);
  await aLinkElsewhereFindsNobody(page);
  await decidesShownAnew(page);
  await page.click('.who button');
  await arrives(page, 'signing in', (url) => url.endsWith('/console/sign-in'));
  await page.goto(run.console_url);
  check(page.url().endsWith('/sign-in'), `signed in still: ${page.url()}`);
  console.log(`outside: ${checks} checks held`);
} finally {
  await browser.close();
}
