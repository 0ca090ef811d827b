// Each journey is one citizen with one dossier. The sentences are those that people read.
import {
  becomes, check, choose, given, heard, intentOf, look, looksAgain, opens, orderOf, owes, phone, post, press, reads, says, sim,
  sleep, text, title, until, visit,
} from './stage.mjs';

const PAY_THERE = 'button.pay';
const CANCEL_THERE = 'form:nth-of-type(2) button';
/** Whose transaction it is, by channel; of the others it is a bank's. */
const TRANSACTIONS = {
  vnpay: 'Mã giao dịch tại Cổng thanh toán VNPAY', momo: 'Giao dịch của ví điện tử', zalopay: 'Giao dịch của ví điện tử',
  mobile_money: 'Giao dịch của nhà mạng', mobile_money_bills: 'Giao dịch của nhà mạng', counter: 'Giao dịch của quầy thu',
  national: 'Giao dịch của Cổng Dịch vụ công Quốc gia',
};
const paid = (intent, channel) => ['Đã thanh toán', 'Bằng chứng đã nộp', TRANSACTIONS[channel] ?? 'Giao dịch của ngân hàng', intent.reference.slice(0, 2)];

/** The three proofs, the last of which arrives by itself. */
async function proven(page, intent, ofIntent = ['payment_intent.paid']) {
  await reads(page, ...paid(intent, (await intentOf(intent)).paid_channel));
  if (page.js) await says(page, 'Đã xác nhận nhận tin', 30000);
  await heard(intent, ['obligation.paid'], ofIntent);
}

export async function theFirstView() {
  const page = await phone();
  const intent = await opens(21_000);
  await visit(page, intent.checkout_url);
  await reads(page, 'Nộp phí, lệ phí', '21.000 ₫', 'Đơn vị thụ hưởng', 'Mã hồ sơ', 'Chuyển khoản bằng mã QR', 'Ví điện tử', 'Tiền di động', 'Thẻ và tài khoản ngân hàng');
  check(page.bytes > 3_000 && page.bytes < 60 * 1024, `${page.bytes} bytes on first view`);
  check(page.asked.every((url) => url.startsWith(given.base)), `asked ${page.asked}`);
  await look(page, 'open');
  await visit(page, `${intent.checkout_url}?lang=en`);
  await reads(page, 'Pay fees and charges', 'Bank transfer by QR code');
  await look(page, 'open-english');
  await page.bye();
}

export async function theKeyboard() {
  const page = await phone({ wide: true });
  const intent = await opens(22_000);
  await visit(page, intent.checkout_url);
  const at = () => page.evaluate(() => {
    const on = document.activeElement;
    const style = getComputedStyle(on);
    return { text: on.innerText?.trim(), tag: on.tagName, outline: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 };
  });
  const passed = [];
  for (let n = 0; n < 20; n += 1) {
    await page.keyboard.press('Tab');
    const here = await at();
    passed.push(here.text);
    check(here.outline, `no outline on ${here.tag} ${here.text}`);
    if (here.tag === 'BUTTON' && here.text.startsWith('Chuyển khoản')) break;
    if (here.tag === 'BUTTON' && /QR|VietQR/.test(here.text)) break;
  }
  check(passed[0] === 'Đến nội dung chính' && passed[1] === 'English', `the order is ${passed}`);
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  await reads(page, 'Quét mã để chuyển khoản');
  await page.bye();
}

export async function vnpayWithJavaScript() {
  const page = await phone();
  const intent = await opens(23_001);
  await sim('vnpay', 'script', { match: { amount: 23_001 }, do: [{ delay_ms: 4000 }] });
  await visit(page, intent.checkout_url);
  await choose(page, 'vnpay');
  await press(page, PAY_THERE);
  // back before the bank has told: nothing is guessed
  check((await title(page)) === 'Chúng tôi đang hỏi ngân hàng', await text(page));
  check((await page.$('form')) === null, 'nothing can be pressed while we ask');
  await look(page, 'asking');
  const address = page.url();
  await says(page, 'Đã thanh toán');
  check(page.url() === address, 'the state arrived by itself, on the page');
  await proven(page, intent);
  await look(page, 'paid');
  await page.bye();
}

export async function vnpayWithoutJavaScript() {
  const page = await phone({ js: false });
  const intent = await opens(23_002);
  await sim('vnpay', 'script', { match: { amount: 23_002 }, do: [{ delay_ms: 2500 }] });
  await visit(page, intent.checkout_url);
  await choose(page, 'vnpay');
  await press(page, PAY_THERE);
  await reads(page, 'Chúng tôi đang hỏi ngân hàng');
  await look(page, 'asking-plain');
  // the page reloads itself
  await says(page, 'Đã thanh toán');
  await proven(page, intent);
  await look(page, 'paid-plain');
  await page.bye();
}

export async function cancelledThereAndPaidAnotherWay() {
  for (const js of [true, false]) {
    const page = await phone({ js });
    const intent = await opens(js ? 24_001 : 24_002);
    await visit(page, intent.checkout_url);
    await choose(page, 'vnpay');
    await press(page, CANCEL_THERE);
    await says(page, 'Lần thanh toán vừa rồi không thành công');
    await reads(page, 'Ngân hàng đã báo cho chúng tôi', 'đã được huỷ', 'Cách bạn chọn lần trước');
    const first = await page.$eval('.ways button', (button) => button.innerText);
    check(first.includes('VNPAY'), `last used first: ${first}`);
    if (js) await look(page, 'failed-cancelled');
    await choose(page, 'zalopay');
    await press(page, PAY_THERE);
    await says(page, 'Đã thanh toán');
    await proven(page, intent);
    await page.bye();
  }
}

export async function leftThereAndPaidAnotherWay() {
  const page = await phone();
  const intent = await opens(24_003);
  await visit(page, intent.checkout_url);
  await choose(page, 'vnpay');
  await visit(page, intent.checkout_url);
  await reads(page, 'Đang chờ bạn thanh toán', 'Trở lại');
  await look(page, 'elsewhere');
  await choose(page, 'vietqr');
  await sim('bank', 'bank/transfer', { account: given.account, amount: 24_003, content: intent.reference, mangle: 'vcb_app' });
  await says(page, 'Đã thanh toán');
  await proven(page, intent);
  await page.bye();
}

/** Paid at a wallet that was left for a code: who comes back is not shown the code. */
export async function backFromAPageThatWasLeft() {
  for (const js of [true, false]) {
    const page = await phone({ js });
    const intent = await opens(js ? 24_004 : 24_005);
    await visit(page, intent.checkout_url);
    await choose(page, 'momo');
    await visit(page, intent.checkout_url);
    await choose(page, 'vietqr');
    await reads(page, 'Quét mã để chuyển khoản');
    await visit(page, `${intent.checkout_url}?returned=1&attempt=1`);
    await reads(page, 'Chúng tôi đang hỏi ví điện tử', 'lần thanh toán trước', 'xin không thanh toán theo cách khác');
    check(!(await text(page)).includes('Quét mã'), 'the code would be paid beside it');
    if (js) await look(page, 'asking-left');
    await page.bye();
  }
}

export async function notEnoughMoney() {
  const page = await phone();
  const intent = await opens(25_000);
  await visit(page, intent.checkout_url);
  await choose(page, 'vnpay');
  await sim('vnpay', 'pay', { order_ref: await orderOf(intent), outcome: 'failed', response_code: '51' });
  await visit(page, intent.checkout_url);
  await says(page, 'không đủ số dư');
  await look(page, 'failed-no-money');
  await choose(page, 'vnpay');
  await press(page, PAY_THERE);
  await says(page, 'Đã thanh toán');
  await page.bye();
}

export async function vietqrWithJavaScript() {
  const page = await phone();
  await page.browserContext().overridePermissions(given.base, ['clipboard-read', 'clipboard-sanitized-write']);
  const intent = await opens(26_001);
  await visit(page, intent.checkout_url);
  await choose(page, 'vietqr');
  await reads(page, 'Quét mã để chuyển khoản', 'Người khác cũng có thể quét mã này và nộp thay', given.account, intent.reference);
  await look(page, 'transfer');
  check(page.bytes < 60 * 1024 * 3, `${page.bytes}`);
  const taken = await page.$$eval('.transfer button.take', (buttons) => buttons.length);
  check(taken === 4, `${taken} lines can be copied`);
  await page.$$eval('button.take', (buttons) => buttons[2].click());
  await says(page, 'Đã sao chép');
  const picture = await page.evaluate(async (at) => {
    const answer = await fetch(at);
    return { type: answer.headers.get('content-type'), as: answer.headers.get('content-disposition'), size: (await answer.arrayBuffer()).byteLength };
  }, await page.$eval('a[download]', (a) => a.href));
  check(picture.type === 'image/png' && picture.as.includes(intent.reference) && picture.size > 500, JSON.stringify(picture));
  const address = page.url();
  await sim('bank', 'bank/transfer', { account: given.account, amount: 26_001, content: intent.reference, mangle: 'random' });
  await says(page, 'Đã thanh toán');
  check(page.url() === address, 'by itself');
  await proven(page, intent);
  await page.bye();
}

export async function vietqrWithoutJavaScript() {
  const page = await phone({ js: false });
  const intent = await opens(26_002);
  await visit(page, intent.checkout_url);
  await choose(page, 'vietqr');
  await reads(page, 'Quét mã để chuyển khoản', intent.reference, 'Lưu mã QR thành ảnh');
  check((await page.$('button.take')) === null, 'no button that would do nothing');
  await look(page, 'transfer-plain');
  // longer than a page without a field waits before it reloads itself
  await page.type('input[name="payer_phone"]', '0912');
  await sleep(12000);
  check(await page.$eval('input[name="payer_phone"]', (field) => field.value) === '0912', 'what is typed stays');
  await sim('bank', 'bank/transfer', { account: given.account, amount: 26_002, content: intent.reference });
  await becomes(intent, 'paid');
  await press(page, 'noscript a.button');
  await reads(page, 'Đã thanh toán');
  await page.bye();
}

export async function aPartAndTheRest() {
  const page = await phone();
  const intent = await opens(26_500);
  await visit(page, intent.checkout_url);
  await choose(page, 'vietqr');
  await sim('bank', 'bank/transfer', { account: given.account, amount: 20_000, content: intent.reference });
  await says(page, 'Nộp phần còn thiếu');
  await reads(page, '6.500 ₫', '20.000 ₫', 'Cách này chỉ nhận cả khoản phí');
  await look(page, 'rest');
  await choose(page, 'vietqr');
  await sim('bank', 'bank/transfer', { account: given.account, amount: 6_500, content: intent.reference });
  await says(page, 'Đã thanh toán');
  await proven(page, intent);
  await page.bye();
}

export async function momo() {
  for (const js of [true, false]) {
    const page = await phone({ js });
    const amount = js ? 27_001 : 27_002;
    const intent = await opens(amount);
    await visit(page, intent.checkout_url);
    await choose(page, 'momo');
    if (js) await sim('momo', 'script', { match: { order_ref: await orderOf(intent) }, do: [{ hang: 3000 }] });
    await press(page, PAY_THERE);
    if (js) {
      // the wallet holds the money until we take it: it is committed, and nothing else can be begun
      await says(page, 'Đang chờ ví điện tử');
      check((await page.$('.ways')) === null, 'a committed attempt cannot be left');
      await look(page, 'processing');
    }
    await says(page, 'Đã thanh toán', 40000);
    await proven(page, intent);
    await page.bye();
  }
}

export async function zalopay() {
  for (const js of [true, false]) {
    const page = await phone({ js });
    const intent = await opens(js ? 28_001 : 28_002);
    await visit(page, intent.checkout_url);
    await choose(page, 'zalopay');
    await press(page, PAY_THERE);
    await says(page, 'Đã thanh toán', 40000);
    await proven(page, intent);
    await page.bye();
  }
}

async function phoneNumber(page, number) {
  await page.type('input[name="payer_phone"]', number);
  await choose(page, 'mobile_money');
}

export async function mobileMoney() {
  for (const js of [true, false]) {
    const page = await phone({ js });
    const intent = await opens(js ? 29_001 : 29_002);
    await visit(page, intent.checkout_url);
    await phoneNumber(page, '12345');
    await reads(page, 'Số điện thoại chưa đúng');
    if (js) await look(page, 'phone-refused');
    await visit(page, intent.checkout_url);
    await phoneNumber(page, given.phone);
    await reads(page, 'Xác nhận trên điện thoại', 'xin từ chối yêu cầu trên điện thoại trước khi chọn cách khác');
    check(!(await text(page)).includes(given.phone), 'the number is not shown');
    if (js) await look(page, 'prompt');
    await sim('mobile_money', 'pay', { order_ref: await orderOf(intent), outcome: 'approve' });
    await (js ? says(page, 'Đã thanh toán', 40000) : looksAgain(page, 'Đã thanh toán'));
    await proven(page, intent);
    await page.bye();
  }
}

export async function mobileMoneyDeclined() {
  const page = await phone();
  const intent = await opens(29_500);
  await visit(page, intent.checkout_url);
  await phoneNumber(page, given.phone);
  await sim('mobile_money', 'pay', { order_ref: await orderOf(intent), outcome: 'decline' });
  await says(page, 'không thành công', 40000);
  await look(page, 'failed-declined');
  await page.bye();
}

export async function expiredAndRenewed() {
  for (const js of [true, false]) {
    const page = await phone({ js });
    const intent = await opens(js ? 30_001 : 30_002, 1);
    await sleep(1200);
    await visit(page, intent.checkout_url);
    await reads(page, 'Đã hết hạn thanh toán', 'Gia hạn thanh toán');
    if (js) await look(page, 'expired');
    await press(page, 'form.renew button');
    check(page.url() === intent.checkout_url, page.url());
    await reads(page, 'Nộp phí, lệ phí');
    const renewed = await intentOf(intent);
    check(renewed.status === 'open' && renewed.reference === intent.reference, JSON.stringify(renewed));
    await choose(page, 'vnpay');
    await press(page, PAY_THERE);
    await says(page, 'Đã thanh toán');
    await page.bye();
  }
}

export async function lateSuccess() {
  const page = await phone();
  const intent = await opens(31_000, 8);
  await sim('vnpay', 'script', { match: { amount: 31_000 }, do: [{ late: true }] });
  await visit(page, intent.checkout_url);
  await choose(page, 'vnpay');
  const there = page.url();
  const meanwhile = await phone();
  await visit(meanwhile, intent.checkout_url);
  await says(meanwhile, 'Đã hết hạn thanh toán', 30000);
  await becomes(intent, 'expired');
  await visit(page, there);
  await press(page, PAY_THERE);
  await says(page, 'Đã thanh toán');
  // the other page learns it too
  await says(meanwhile, 'Đã thanh toán', 30000);
  await proven(page, intent, ['payment_intent.expired', 'payment_intent.paid']);
  await page.bye();
  await meanwhile.bye();
}

export async function paidTwiceByTransfer() {
  const page = await phone();
  const intent = await opens(32_001);
  await visit(page, intent.checkout_url);
  await choose(page, 'vietqr');
  for (let n = 0; n < 2; n += 1) await sim('bank', 'bank/transfer', { account: given.account, amount: 32_001, content: intent.reference });
  await says(page, 'có tiền nộp thừa');
  await reads(page, 'Chưa tính vào phí', '32.001 ₫', 'đang được giữ lại', 'Hoàn trả vào tài khoản nào?');
  await says(page, 'Đã xác nhận nhận tin', 30000);
  await look(page, 'paid-twice');
  await page.select('select[name="bank_bin"]', '970436');
  await page.type('input[name="account_number"]', 'không đúng');
  await page.type('input[name="account_name"]', 'NGUYEN THI KIN');
  await press(page, 'form.account button[type="submit"]');
  await reads(page, 'Tài khoản chưa đúng');
  await page.select('select[name="bank_bin"]', '970436');
  await page.type('input[name="account_number"]', '0071001104999');
  await page.type('input[name="account_name"]', 'NGUYEN THI KIN');
  await press(page, 'form.account button[type="submit"]');
  await reads(page, 'Tài khoản nhận hoàn trả đã được ghi, số cuối 4999');
  const body = await page.content();
  check(!body.includes('0071001104999') && !body.includes('THI KIN'), 'the account is not shown again');
  await look(page, 'paid-twice-told');
  // it may be told otherwise, as long as nobody has proposed a refund
  await page.click('details.again summary');
  await page.select('select[name="bank_bin"]', '970436');
  await page.type('input[name="account_number"]', '0071001105111');
  await page.type('input[name="account_name"]', 'NGUYEN THI KIN');
  await press(page, 'form.account button[type="submit"]');
  await reads(page, 'số cuối 5111');
  await page.bye();
}

export async function paidTwiceByTwoWays() {
  const page = await phone();
  const intent = await opens(32_002);
  await visit(page, intent.checkout_url);
  await choose(page, 'vnpay');
  const there = page.url();
  await visit(page, intent.checkout_url);
  await choose(page, 'zalopay');
  await press(page, PAY_THERE);
  await says(page, 'Đã thanh toán');
  await visit(page, there);
  await press(page, PAY_THERE);
  await says(page, 'có tiền nộp thừa');
  await reads(page, 'hoàn trả qua chính cách đã nộp');
  check((await page.$('form.account')) === null, 'its provider gives it back: nobody is asked for an account');
  await look(page, 'paid-twice-provider');
  await page.bye();
}

export async function underReview() {
  const page = await phone();
  const intent = await opens(33_000);
  await visit(page, intent.checkout_url);
  await choose(page, 'vnpay');
  await sim('vnpay', 'pay', { order_ref: await orderOf(intent), amount: 30_000 });
  await visit(page, intent.checkout_url);
  await says(page, 'Có khoản tiền đang được kiểm tra');
  await look(page, 'unclear');
  await page.bye();
}

export async function cancelledByThePortal() {
  const page = await phone();
  const intent = await opens(34_000);
  await visit(page, intent.checkout_url);
  await post(`/v1/payment-intents/${intent.id}/cancel`, undefined);
  await says(page, 'Yêu cầu thanh toán đã bị huỷ');
  await look(page, 'cancelled');
  const address = page.url();
  await sim('bank', 'bank/transfer', { account: given.account, amount: 34_000, content: intent.reference });
  // the fee was still owed: the money pays it all the same, and the page learns it
  await says(page, 'Đã thanh toán');
  check(page.url() === address, 'by itself');
  await heard(intent, ['obligation.paid'], ['payment_intent.cancelled', 'payment_intent.paid']);
  await page.bye();
}

export async function theLookup() {
  const page = await phone();
  const fee = await owes(35_000, { dossier_code: 'H38.17-261126-7777' });
  await visit(page, `${given.base}/pay`);
  await reads(page, 'Tra cứu phí của hồ sơ');
  await look(page, 'lookup');
  await page.type('input[name="dossier"]', 'h38.17-261126-7777');
  await press(page, 'form.lookup button');
  await reads(page, '35.000 ₫', 'Phí chứng thực bản sao');
  check(!(await page.content()).includes('/pay/'.concat(fee.id)), 'no way to a page of payment');
  await look(page, 'lookup-found');
  await page.$eval('input[name="dossier"]', (field) => { field.value = 'H38.17-261126-9999'; });
  await press(page, 'form.lookup button');
  await reads(page, 'Không có khoản phí nào');
  check(!(await page.content()).includes('0 ₫'), 'nothing is known of it, and no sum is told');
  await look(page, 'lookup-nothing');
  const plain = await phone({ js: false });
  await visit(plain, `${given.base}/pay?dossier=H38.17-261126-7777`);
  await reads(plain, '35.000 ₫');
  // the same address asks too often
  const answers = [];
  for (let n = 0; n < 30; n += 1) answers.push((await fetch(`${given.base}/pay?dossier=X${n}`)).status);
  check(answers.includes(429) && answers[0] === 200, `${answers}`);
  await visit(page, `${given.base}/pay?dossier=H38.17-261126-7777`);
  await reads(page, 'Tra cứu quá nhiều lần');
  await look(page, 'lookup-too-many');
  await page.bye();
  await plain.bye();
}

export async function nothingThere() {
  const page = await phone();
  await visit(page, `${given.base}/pay/${'0'.repeat(48)}`);
  await reads(page, 'Không tìm thấy trang thanh toán');
  await look(page, 'absent');
  await page.bye();
}

/** A page of another site cannot press a button here, and cannot show the page in its own. */
export async function anotherSite() {
  const page = await phone();
  const intent = await opens(36_000);
  await page.goto(`${given.vnpay}/_sim/transactions`);
  const status = await page.evaluate(async (url) => {
    const form = document.createElement('form');
    form.method = 'post';
    form.action = url;
    form.innerHTML = '<input name="channel" value="vnpay"><input name="form_id" value="theirs">';
    document.body.appendChild(form);
    form.submit();
    return 'sent';
  }, `${intent.checkout_url}/attempts`);
  check(status === 'sent', status);
  await page.waitForNavigation({ waitUntil: 'load' }).catch(() => null);
  await until('refused', async () => (await text(page)).includes('Yêu cầu bị từ chối'));
  check((await intentOf(intent)).attempts.length === 0, 'nothing was begun');
  await page.bye();
}
