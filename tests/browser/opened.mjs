// Files of a report as another program opens them: columns of a CSV and of a workbook, added up, and the words of a PDF. It
// knows nothing of how they were written: RFC 4180, the ZIP file format (APPNOTE 4.3), ECMA-376 (18.3.1), and pdf.js.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { inflateRawSync } from 'node:zlib';

/** Rows of texts. */
function csv(text) {
  const rows = [[]];
  const cell = /(?:"((?:[^"]|"")*)"|([^,\r\n"]*))(,|\r\n|$)/y;
  while (cell.lastIndex < text.length) {
    const [, quoted, plain, end] = cell.exec(text);
    rows.at(-1).push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '\r\n') rows.push([]);
  }
  return rows.filter((row) => row.length > 0);
}

/** The parts of a package by their names; the directory at its end says where each begins. */
function unzipped(bytes) {
  const end = bytes.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  const parts = new Map();
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [packed, name, extra, comment] = [bytes.readUInt32LE(at + 20), ...[28, 30, 32].map((n) => bytes.readUInt16LE(at + n))];
    const header = bytes.readUInt32LE(at + 42);
    const begins = header + 30 + bytes.readUInt16LE(header + 26) + bytes.readUInt16LE(header + 28);
    const content = bytes.subarray(begins, begins + packed);
    const plain = bytes.readUInt16LE(at + 10) === 0 ? content : inflateRawSync(content);
    parts.set(bytes.toString('utf8', at + 46, at + 46 + name), plain);
    at += 46 + name + extra + comment;
  }
  return parts;
}

const plain = (xml) => xml.replace(/&(amp|lt|gt|quot|apos);/g, (_, name) => ({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" })[name]);
const texts = (xml) => [...xml.matchAll(/<t(?: [^>]*)?>([^<]*)<\/t>/g)].map((found) => plain(found[1])).join('');
const column = (name) => [...name].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1;

/** Rows of texts and numbers of a sheet; a cell that is not there is empty. */
function sheet(xml, shared) {
  const rows = [];
  for (const [, inside] of xml.matchAll(/<row [^>]*>(.*?)<\/row>/gs)) {
    const row = [];
    for (const [, name, marks, content] of inside.matchAll(/<c r="([A-Z]+)\d+"([^>]*?)(?:\/>|>(.*?)<\/c>)/gs)) {
      const value = /<v>([^<]*)<\/v>/.exec(content ?? '')?.[1];
      const kind = /t="(\w+)"/.exec(marks)?.[1];
      if (kind === 's') row[column(name)] = shared[Number(value)];
      else if (kind === 'inlineStr') row[column(name)] = texts(content);
      else if (value !== undefined) row[column(name)] = Number(value);
    }
    rows.push(row);
  }
  return rows;
}

function workbook(bytes) {
  const parts = unzipped(bytes);
  const strings = parts.get('xl/sharedStrings.xml')?.toString('utf8') ?? '';
  const shared = [...strings.matchAll(/<si>(.*?)<\/si>/gs)].map((found) => texts(found[1]));
  return sheet(parts.get('xl/worksheets/sheet1.xml').toString('utf8'), shared);
}

const whole = (value) => (typeof value === 'number' ? Number.isSafeInteger(value) : /^-?\d+$/.test(value ?? ''));

/** The sum of each column of whole numbers by its head. */
function sums(heads, rows) {
  const added = heads.map((head, n) => [head, rows.map((row) => row[n]).filter((value) => value !== undefined && value !== '')]);
  const numbers = added.filter(([, values]) => values.every(whole));
  return Object.fromEntries(numbers.map(([head, values]) => [head, values.reduce((sum, value) => sum + Number(value), 0)]));
}

export function openedCsv(bytes) {
  const [heads, ...rows] = csv(bytes.toString('utf8').replace(/^\ufeff/, ''));
  return { rows: rows.length, heads, sums: sums(heads, rows) };
}

/** Of a workbook with totals the last row is these. */
export function openedWorkbook(bytes, hasTotals) {
  const [heads, ...rows] = workbook(bytes);
  const last = hasTotals ? rows.pop() : [];
  const totals = Object.fromEntries(heads.map((head, n) => [head, last[n]]).filter(([, value]) => typeof value === 'number'));
  return { rows: rows.length, heads, sums: sums(heads, rows), totals };
}

const source = (name) => readFileSync(createRequire(import.meta.url).resolve(`pdfjs-dist/build/${name}`), 'utf8');

/** A page that reads PDFs. */
export async function pdfReader(reader) {
  await reader.goto('about:blank');
  for (const name of ['pdf.worker.min.mjs', 'pdf.min.mjs']) await reader.addScriptTag({ content: source(name), type: 'module' });
  await reader.waitForFunction(() => globalThis.pdfjsLib && globalThis.pdfjsWorker);
  return reader;
}

/** The words of all pages, and the first one as it is drawn. */
export async function openedPdf(reader, bytes, scale = 1.2) {
  const read = await reader.evaluate(async (base64, size) => {
    const data = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const pdf = await globalThis.pdfjsLib.getDocument({ data }).promise;
    const words = [];
    for (let number = 1; number <= pdf.numPages; number += 1) {
      const content = await (await pdf.getPage(number)).getTextContent();
      words.push(...content.items.map((item) => item.str));
    }
    const page = await pdf.getPage(1);
    const viewport = page.getViewport({ scale: size });
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [viewport.width, viewport.height];
    await page.render({ canvas, canvasContext: canvas.getContext('2d'), viewport }).promise;
    return { pages: pdf.numPages, words: words.join(' '), drawn: canvas.toDataURL('image/png') };
  }, bytes.toString('base64'), scale);
  const words = read.words.normalize('NFC').replace(/\s+/g, ' ');
  return { pages: read.pages, words, drawn: Buffer.from(read.drawn.split(',')[1], 'base64') };
}
