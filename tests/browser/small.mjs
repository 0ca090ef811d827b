// A screenshot as a small picture: the same dots, with at most 64 colours.
import { crc32, deflateSync, inflateSync } from 'node:zlib';

const COLOURS = 64;

/** The dots of a PNG as Chromium writes it: 8 bits, RGB or RGBA, not interlaced (PNG, third edition, 7 to 9). */
function dots(png) {
  const chunks = [];
  let size = null;
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    const length = png.readUInt32BE(at);
    const kind = png.toString('latin1', at + 4, at + 8);
    const data = png.subarray(at + 8, at + 8 + length);
    if (kind === 'IHDR') size = { width: data.readUInt32BE(0), height: data.readUInt32BE(4), each: data[9] === 6 ? 4 : 3 };
    if (kind === 'IDAT') chunks.push(data);
  }
  const { width, height, each } = size;
  const raw = inflateSync(Buffer.concat(chunks));
  const row = width * each;
  const rows = Buffer.alloc(row * height);
  for (let y = 0; y < height; y += 1) {
    const filter = raw[y * (row + 1)];
    for (let x = 0; x < row; x += 1) {
      const left = x >= each ? rows[y * row + x - each] : 0;
      const up = y > 0 ? rows[(y - 1) * row + x] : 0;
      const corner = x >= each && y > 0 ? rows[(y - 1) * row + x - each] : 0;
      const guess = left + up - corner;
      const [a, b, c] = [left, up, corner].map((value) => Math.abs(guess - value));
      const paeth = a <= b && a <= c ? left : b <= c ? up : corner;
      const base = [0, left, up, (left + up) >> 1, paeth][filter];
      rows[y * row + x] = (raw[y * (row + 1) + 1 + x] + base) & 255;
    }
  }
  return { width, height, each, rows };
}

function chunk(kind, data) {
  const body = Buffer.concat([Buffer.from(kind, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

export function small(png) {
  const { width, height, each, rows } = dots(png);
  const count = new Map();
  const colour = (at) => (rows[at] << 16) | (rows[at + 1] << 8) | rows[at + 2];
  for (let at = 0; at < rows.length; at += each) count.set(colour(at), (count.get(colour(at)) ?? 0) + 1);
  const used = [...count].sort((a, b) => b[1] - a[1]).map(([value]) => value);
  // the most used, and none that is nearly one of them already
  const palette = [];
  const apart = (a, b) => [16, 8, 0].reduce((sum, bits) => sum + (((a >> bits) & 255) - ((b >> bits) & 255)) ** 2, 0);
  for (const value of used) {
    if (palette.length < COLOURS && palette.every((other) => apart(value, other) > 300)) palette.push(value);
  }
  const nearest = new Map();
  for (const value of used) {
    let best = 0;
    palette.forEach((other, n) => { if (apart(value, other) < apart(value, palette[best])) best = n; });
    nearest.set(value, best);
  }
  const lines = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) lines[y * (width + 1) + 1 + x] = nearest.get(colour((y * width + x) * each));
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  const colours = Buffer.from(palette.flatMap((value) => [value >> 16, (value >> 8) & 255, value & 255]));
  return Buffer.concat([
    png.subarray(0, 8), chunk('IHDR', head), chunk('PLTE', colours),
    chunk('IDAT', deflateSync(lines, { level: 9 })), chunk('IEND', Buffer.alloc(0)),
  ]);
}
