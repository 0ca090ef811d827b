// The journeys, one after the other; each ends its own phones. The last line says how many checks held.
import { readFileSync } from 'node:fs';
import * as channels from './channels.mjs';
import { bills } from './printed.mjs';
import * as journeys from './journeys.mjs';
import * as views from './views.mjs';
import { closeBrowser, counted, heaviestView, openBrowser } from './stage.mjs';

const only = process.env.ONLY;
const { everyChannel, ...aside } = channels;
const all = { ...journeys, ...aside, ...everyChannel, bills, ...views };

/** Names in docs/page.md of journeys that are not there, and journeys by channel that it does not name. */
function misnamed() {
  const page = readFileSync(new URL('../../docs/page.md', import.meta.url), 'utf8');
  const section = page.split('## Which journey shows what')[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  const named = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map((found) => found[1]));
  const [absent, untold] = [named.filter((name) => !(name in all)), Object.keys(everyChannel).filter((name) => !named.includes(name))];
  return [...absent.map((name) => `docs/page.md names ${name}, which is not there`), ...untold.map((name) => `docs/page.md does not name ${name}`)];
}

const wrong = misnamed();
if (wrong.length > 0) {
  console.log(wrong.join('\n'));
  process.exit(1);
}
await openBrowser();
let failed = 0;
for (const [name, journey] of Object.entries(all)) {
  if (only && !new RegExp(only).test(name)) continue;
  const begun = Date.now();
  try {
    await journey();
    console.log(`browser: ${name} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed += 1;
    console.log(`browser: ${name} FAILED: ${error.stack}`);
  }
}
await closeBrowser();
console.log(`browser: ${counted()} checks held, ${failed} journeys failed; the heaviest view has ${heaviestView()} bytes`);
process.exit(failed === 0 ? 0 : 1);
