// The journeys, one after the other; each ends its own phones. The last line says how many checks held.
import { bills } from './printed.mjs';
import * as journeys from './journeys.mjs';
import { closeBrowser, counted, openBrowser } from './stage.mjs';

const only = process.env.ONLY;
await openBrowser();
let failed = 0;
for (const [name, journey] of Object.entries({ ...journeys, bills })) {
  if (only && !name.includes(only)) continue;
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
console.log(`browser: ${counted()} checks held, ${failed} journeys failed`);
process.exit(failed === 0 ? 0 : 1);
