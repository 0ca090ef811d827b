// The notice to print: one page, its text can be read in Vietnamese, and nothing of the payer is in it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openedPdf, pdfReader } from './opened.mjs';
import { small } from './small.mjs';
import { check, choose, given, opens, owes, phone, post, visit } from './stage.mjs';

/** The words of a PDF, as another program reads and draws it. */
async function printed(reader, name, url) {
  const answer = await fetch(url);
  check(answer.status === 200 && answer.headers.get('content-type') === 'application/pdf', `${answer.status}`);
  const bytes = Buffer.from(await answer.arrayBuffer());
  check(bytes.length < 100_000, `${bytes.length} bytes`);
  const { pages, words, drawn } = await openedPdf(reader, bytes);
  check(pages === 1, `${pages} pages`);
  if (process.env.SHOTS) writeFileSync(join(process.env.SHOTS, `${name}.png`), small(drawn));
  for (const secret of ['Kín', '010085000123', '0987654321']) check(!words.includes(secret), `${secret} is printed`);
  return words;
}

export async function bills() {
  const reader = await pdfReader(await phone({ wide: true }));
  const intent = await opens(71_000);
  const notice = `${intent.checkout_url}/notice.pdf`;
  const has = (words, ...wanted) => wanted.forEach((word) => check(words.includes(word), `"${word}" is not printed: ${words}`));
  has(await printed(reader, 'notice', notice), 'THÔNG BÁO NỘP TIỀN', 'Mã tham chiếu', 'Phí chứng thực bản sao từ bản chính', '71.000 ₫', 'Quét để mở trang thanh toán');
  const page = await phone();
  await visit(page, intent.checkout_url);
  await choose(page, 'vietqr');
  has(await printed(reader, 'notice-transfer', notice), 'Quét bằng ứng dụng ngân hàng', given.account, intent.reference, 'Nội dung chuyển khoản');
  has(await printed(reader, 'notice-english', `${notice}?lang=en`), 'PAYMENT NOTICE');
  // fifty fees still fit on one page
  const fees = [];
  const description = 'Lệ phí của một hồ sơ có rất nhiều khoản phải nộp cùng một lúc, và một tên gọi rất dài nữa để phải xuống dòng';
  for (let n = 0; n < 50; n += 1) fees.push((await owes(1_000 + n, { description: `${n}. ${description}` })).id);
  const many = await post('/v1/payment-intents', { obligation_ids: fees, expires_in_s: 3600 });
  const words = await printed(reader, 'notice-long', `${many.checkout_url}/notice.pdf`);
  has(words, 'Tổng cộng', '51.225 ₫');
  check(/\+ \d+/.test(words), words);
  await page.bye();
  await reader.bye();
}
