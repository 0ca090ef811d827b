// npm `@payos/node` reads the webhooks of the simulated payOS: {key, bodies} on standard input, the number of checks out.
import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { PayOS } from '@payos/node';

const { key, bodies } = JSON.parse(await text(process.stdin));
const client = (checksumKey) => new PayOS({ clientId: 'client', apiKey: 'api', checksumKey });
const [right, wrong] = [client(key), client(`${key}x`)];
let held = 0;
const refuses = async (by, body, what) => {
    await assert.rejects(by.webhooks.verify(body), what);
    held += 1;
};
for (const raw of bodies) {
    const body = JSON.parse(raw);
    const data = await right.webhooks.verify(body);
    assert.equal(data.amount, body.data.amount);
    held += 1;
    await refuses(wrong, body, 'another key');
    await refuses(right, { ...body, signature: '' }, 'no signature');
    for (const [name, value] of Object.entries(body.data)) {
        const other = typeof value === 'number' ? value + 1 : `${value ?? ''}x`;
        await refuses(right, { ...body, data: { ...body.data, [name]: other } }, `${name} altered`);
    }
}
console.log(held);
