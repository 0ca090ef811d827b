// The journeys, one after the other; each ends its own phones. The last line says how many checks held.
import * as channels from './channels.mjs';
import { bills } from './printed.mjs';
import * as journeys from './journeys.mjs';
import { closeBrowser, counted, heaviestView, openBrowser } from './stage.mjs';

const only = process.env.ONLY;
const { everyChannel, ...aside } = channels;
const all = { ...journeys, ...aside, ...everyChannel, bills };
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
