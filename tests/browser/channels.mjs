// Every channel by the same acts: it is paid, paid after it expired and was renewed, paid late, and paid when it was paid
// already. Somebody else looks on with another phone, which learns it by itself.
import {
  becomes, cash, check, choose, given, heard, intentOf, look, opens, orderOf, phone, press, reads, says, sim, sleep, text,
  until, visit,
} from './stage.mjs';

const PAY_THERE = 'button.pay';
const CANCEL_THERE = 'form:nth-of-type(2) button';
const OTHER = { agency_code: 'H38.18', beneficiary_code: 'H38.18-NH' };

/** A provider whose page the browser goes to. */
const redirect = (channel) => ({
  begins: async (page) => {
    await choose(page, channel);
    return page.url();
  },
  pays: async (page, intent, there) => {
    if (page.url() !== there) await visit(page, there);
    await press(page, PAY_THERE);
  },
  takesLate: (amount) => sim(channel, 'script', { match: { amount }, do: [{ late: true }] }),
});

const transfer = {
  isListed: true,
  begins: (page) => choose(page, 'vietqr'),
  pays: (page, intent) => sim('bank', 'bank/transfer', { account: given.account, amount: intent.amount, content: intent.reference }),
};

/** The application asks before it pays: what it was told is what it pays. */
const bills = (application) => ({
  begins: async (page, intent) => {
    const { bills: [bill] } = await sim(application, 'ask', { customer: intent.dossier });
    check(bill.amount === intent.amount, JSON.stringify(bill));
    return bill;
  },
  pays: (page, intent, { bill, amount }) => sim(application, 'pay', { customer: intent.dossier, bill, amount }),
  givesBack: true,
  knowsNoIntent: true,
});

const CHANNELS = {
  vnpay: redirect('vnpay'),
  // held until we take it: what is not needed is let go, and no money has moved
  momo: { ...redirect('momo'), letsGo: true },
  // the same wallet under a contract of the other beneficiary, which takes what is authorised by itself
  momoAutoCapture: { ...redirect('momo'), ofOther: true },
  zalopay: redirect('zalopay'),
  national: redirect('national'),
  vietqr: transfer,
  virtualAccount: {
    ofOther: true,
    isListed: true,
    begins: async (page, intent) => {
      await choose(page, 'vietqr');
      await reads(page, `${given.virtual}${intent.reference}`);
    },
    // no reference is typed: the number says whose money it is
    pays: (page, intent) => sim('bank', 'bank/transfer', {
      account: `${given.virtual}${intent.reference}`, amount: intent.amount, content: 'nop phi chung thuc',
    }),
  },
  mobileMoney: {
    begins: async (page, intent) => {
      await page.type('input[name="payer_phone"]', given.phone);
      await choose(page, 'mobile_money');
      return orderOf(intent);
    },
    pays: (page, intent, order) => sim('mobile_money', 'pay', { order_ref: order, outcome: 'approve' }),
    takesLate: (amount) => sim('mobile_money', 'script', { match: { amount }, do: [{ payment: { late: true } }] }),
  },
  bankBills: bills('bank_bills'),
  mobileMoneyBills: bills('mobile_money_bills'),
  counter: { begins: () => null, pays: (page, intent) => cash(intent), knowsNoIntent: true, isRefusedTwice: true },
};

let amount = 40_000;
const next = () => (amount += 1);
const openFor = (channel, seconds) => opens(next(), seconds, channel.ofOther ? OTHER : {});

/** Two phones on one page: the first acts without JavaScript, the second looks on with it. */
async function twoPhones(intent) {
  const [acts, looks] = [await phone({ js: false }), await phone()];
  await visit(acts, intent.checkout_url);
  await visit(looks, intent.checkout_url);
  return { acts, looks, bye: () => Promise.all([acts.bye(), looks.bye()]) };
}

/** Both say so in the end; who has JavaScript, untouched. */
async function bothSay({ acts, looks }, intent, sentence) {
  const address = looks.url();
  await says(looks, sentence, 40000);
  check(looks.url() === address, 'by itself');
  await visit(acts, intent.checkout_url);
  await says(acts, sentence, 40000);
}

/** MoMo heard that we do not take what it holds. */
async function isLetGo(intent) {
  const { attempts: [{ order_ref: ours }] } = await intentOf(intent);
  const find = async () => (await fetch(`${given.momo}/_sim/orders`).then((answer) => answer.json())).find((order) => order.order_ref === ours);
  await until('it is let go', async () => (await find()).status === 'cancelled', 120000);
}

const paid = (channel) => async () => {
  for (const js of [true, false]) {
    const page = await phone({ js });
    const intent = await openFor(channel);
    await visit(page, intent.checkout_url);
    await channel.pays(page, intent, await channel.begins(page, intent));
    // a page that shows buttons does not reload itself without JavaScript: there is a button for it
    if (!page.url().includes(new URL(intent.checkout_url).pathname)) await visit(page, intent.checkout_url);
    if (!js && (await page.$('.ways'))) await becomes(intent, 'paid').then(() => visit(page, intent.checkout_url));
    await says(page, 'Đã thanh toán', 40000);
    await heard(intent);
    await page.bye();
  }
};

const renewed = (channel) => async () => {
  const intent = await openFor(channel, 1);
  await sleep(1200);
  const phones = await twoPhones(intent);
  await reads(phones.acts, 'Đã hết hạn thanh toán');
  // by the clock it is over at once, and the dossier system hears it from whoever sweeps
  await becomes(intent, 'expired');
  await press(phones.acts, 'form.renew button');
  await reads(phones.acts, 'Nộp phí, lệ phí');
  await says(phones.looks, 'Nộp phí, lệ phí');
  await channel.pays(phones.acts, intent, await channel.begins(phones.acts, intent));
  await bothSay(phones, intent, 'Đã thanh toán');
  const after = await intentOf(intent);
  check(after.status === 'paid' && after.reference === intent.reference, JSON.stringify(after));
  await heard(intent, ['obligation.paid'], ['payment_intent.expired', 'payment_intent.paid']);
  await phones.bye();
};

const late = (channel) => async () => {
  const intent = await openFor(channel, 6);
  await channel.takesLate?.(intent.amount);
  const phones = await twoPhones(intent);
  const begun = await channel.begins(phones.acts, intent);
  await says(phones.looks, 'Đã hết hạn thanh toán', 30000);
  // an account is listed to the end of the window first: to its payer it is over all the same
  if (!channel.isListed) await becomes(intent, 'expired');
  const before = channel.isListed && (await intentOf(intent)).status === 'open' ? [] : ['payment_intent.expired'];
  await channel.pays(phones.acts, intent, begun);
  if (channel.letsGo) {
    await isLetGo(intent);
    await bothSay(phones, intent, 'Đã hết hạn thanh toán');
    await heard(intent, [], ['payment_intent.expired']);
  } else if (channel.knowsNoIntent) {
    // the fee is paid, and not by this payment, which was over
    await bothSay(phones, intent, 'Không còn khoản nào phải nộp');
    if (channel.isRefusedTwice) await look(phones.looks, 'paid-elsewhere');
    await heard(intent, ['obligation.paid'], ['payment_intent.expired']);
  } else {
    await bothSay(phones, intent, 'Đã thanh toán');
    await heard(intent, ['obligation.paid'], [...before, 'payment_intent.paid']);
  }
  await phones.bye();
};

/** Somebody else was first: at the counter, in a bank's application, by a transfer. */
const twice = (channel) => async () => {
  const intent = await openFor(channel);
  const phones = await twoPhones(intent);
  const begun = await channel.begins(phones.acts, intent);
  await settlesOtherwise(channel, intent);
  await says(phones.looks, 'Đã thanh toán', 30000);
  if (channel.givesBack) {
    const again = await channel.pays(phones.acts, intent, begun);
    check(again.state === 'returned', `the application gives it back: ${JSON.stringify(again)}`);
  } else if (channel.isRefusedTwice) {
    const refused = await channel.pays(phones.acts, intent, begun).then(() => null, (error) => error);
    check(refused?.message.includes('obligation_paid'), `${refused?.message}`);
  } else if (channel.letsGo) {
    await channel.pays(phones.acts, intent, begun);
    await isLetGo(intent);
    await bothSay(phones, intent, 'Đã thanh toán');
    check(!(await text(phones.looks)).includes('nộp thừa'), await text(phones.looks));
  } else {
    await channel.pays(phones.acts, intent, begun);
    await bothSay(phones, intent, 'có tiền nộp thừa');
  }
  await heard(intent);
  await phones.bye();
};

async function settlesOtherwise(channel, intent) {
  if (channel.ofOther) return sim('bank_bills', 'pay', { customer: intent.dossier });
  if (!channel.isRefusedTwice) return cash(intent);
  return sim('bank', 'bank/transfer', { account: given.account, amount: intent.amount, content: intent.reference });
}

export const everyChannel = {};
for (const [name, channel] of Object.entries(CHANNELS)) {
  for (const [what, act] of Object.entries({ paid, renewed, late, twice })) everyChannel[`${name}.${what}`] = act(channel);
}

/** The payer presses "cancel" there, or it fails there: why is said, and another way pays it. */
const cancelled = (channel, why, shot) => async () => {
  for (const js of [true, false]) {
    const page = await phone({ js });
    const intent = await opens(next());
    await visit(page, intent.checkout_url);
    await choose(page, channel);
    await press(page, CANCEL_THERE);
    // the national platform's pages lead to a page that is no payment's
    if (!page.url().includes(new URL(intent.checkout_url).pathname)) await visit(page, intent.checkout_url);
    await until(`${channel} told`, async () => (await intentOf(intent)).attempts[0].status === 'failed', 40000);
    if (!js) await visit(page, intent.checkout_url);
    await says(page, 'Lần thanh toán vừa rồi không thành công', 40000);
    await reads(page, why, 'Xem trạng thái mới nhất');
    if (js && shot) await look(page, shot);
    await cash(intent);
    if (js) await says(page, 'Cán bộ tại quầy đã nhận tiền', 30000);
    await heard(intent);
    await page.bye();
  }
};

Object.assign(everyChannel, {
  'momo.cancelled': cancelled('momo', 'đã được huỷ'),
  'zalopay.cancelled': cancelled('zalopay', 'ngân hàng nguồn tiền không thực hiện', 'failed-bank'),
  'national.cancelled': cancelled('national', 'không cho biết lý do', 'failed-unsaid'),
});

/** Each says it in another place: in the acknowledgement, and afterwards. */
everyChannel['mobileMoney.failed'] = async () => {
  for (const [how, category, code, why, shot] of [
    ['refuse', 'identification', 'identifierError', 'không tìm thấy tài khoản', 'failed-no-account'],
    ['fail', 'businessRule', 'insufficientFunds', 'không đủ số dư', null],
    ['fail', 'businessRule', 'monthlyValueLimitExceeded', 'vượt hạn mức', 'failed-over-limit'],
  ]) {
    const page = await phone();
    const intent = await opens(next());
    await sim('mobile_money', 'script', { match: { amount: intent.amount }, do: [{ payment: { [how]: { category, code } } }] });
    await visit(page, intent.checkout_url);
    await page.type('input[name="payer_phone"]', given.phone);
    await choose(page, 'mobile_money');
    await says(page, why, 40000);
    if (shot) await look(page, shot);
    await cash(intent);
    await heard(intent);
    await page.bye();
  }
};

/** What the page says of the ways that no press begins. */
export async function theWaysAside() {
  for (const js of [true, false]) {
    const page = await phone({ js });
    const intent = await opens(next());
    await visit(page, intent.checkout_url);
    await reads(page, 'Trong ứng dụng ngân hàng, Tiền di động', 'Thu hộ qua ngân hàng', 'nhập mã hồ sơ', 'Nộp tại quầy', 'Quầy một cửa (mẫu)');
    const code = await page.$eval('.aside .copy', (at) => at.textContent);
    check(code === intent.dossier, `${code} is typed there`);
    check(((await page.$('.aside button.take')) !== null) === js, 'a button to copy where it does something');
    // of the other beneficiary there are bills of the bank alone, and no counter
    const other = await opens(next(), 3600, OTHER);
    await visit(page, other.checkout_url);
    await reads(page, 'Thu hộ qua ngân hàng');
    const body = await text(page);
    check(!body.includes('Nộp tại quầy') && !body.includes('hoá đơn bằng tiền di động'), body);
    await page.bye();
  }
}

/** An officer takes cash while the page is open. */
export async function cashWhileThePageIsOpen() {
  const page = await phone();
  const intent = await opens(next());
  await visit(page, intent.checkout_url);
  const address = page.url();
  await cash(intent);
  await says(page, 'Cán bộ tại quầy đã nhận tiền');
  check(page.url() === address, 'by itself');
  await says(page, 'Đã xác nhận nhận tin', 30000);
  await reads(page, 'Quầy thu');
  await look(page, 'paid-counter');
  await page.bye();
}

/** What came while somebody typed is shown as soon as the field is left. */
export async function cashWhileSomebodyTypes() {
  const page = await phone();
  const intent = await opens(next());
  await visit(page, intent.checkout_url);
  await page.type('input[name="payer_phone"]', '0912');
  await cash(intent);
  await new Promise((resolve) => { setTimeout(resolve, 3000); });
  check(await page.$eval('input[name="payer_phone"]', (field) => field.value) === '0912', 'nothing is taken from under the fingers');
  await page.$eval('input[name="payer_phone"]', (field) => field.blur());
  await says(page, 'Cán bộ tại quầy đã nhận tiền');
  await page.bye();
}

/** The customer of a bank pays in its application while the page is open. */
export async function billsWhileThePageIsOpen() {
  const page = await phone();
  const intent = await opens(next());
  await visit(page, intent.checkout_url);
  await sim('bank_bills', 'pay', { customer: intent.dossier });
  await says(page, 'Đã thanh toán');
  await says(page, 'Đã xác nhận nhận tin', 30000);
  await reads(page, 'Thu hộ qua ngân hàng');
  await look(page, 'paid-bills');
  await page.bye();
}

/** Back from the national platform the payer is on our look-up, which shows the dossier's fees as they are. */
export async function backFromTheNationalPlatform() {
  for (const js of [true, false]) {
    const page = await phone({ js });
    const intent = await opens(next());
    await visit(page, intent.checkout_url);
    await choose(page, 'national');
    await press(page, PAY_THERE);
    check(page.url() === `${given.base}/pay`, page.url());
    await becomes(intent, 'paid');
    await page.type('input[name="dossier"]', intent.dossier);
    await press(page, 'form.lookup button');
    await reads(page, 'Đã nộp');
    await visit(page, intent.checkout_url);
    await says(page, 'Đã thanh toán', 40000);
    await heard(intent);
    await page.bye();
  }
}

/** A provider that keeps failing is offered to nobody, which is said, and is back by itself. */
export async function theProviderIsAway() {
  const intent = await opens(next());
  const rule = { match: { amount: intent.amount }, do: [{ payment: { lose_request: true } }] };
  await sim('mobile_money', 'script', rule);
  const [page, looks] = [await phone(), await phone()];
  await visit(page, intent.checkout_url);
  await visit(looks, intent.checkout_url);
  const button = 'form:has(input[value="mobile_money"]) button';
  for (let n = 0; n < 5; n += 1) {
    check((await page.$(button)) !== null, `it is offered until the fifth failure, not ${n}: ${await text(page)}`);
    // what was typed is still there when it is pressed again
    if (n === 0) await page.type('input[name="payer_phone"]', given.phone);
    await press(page, button);
    await reads(page, 'Chưa nhận được kết quả từ đơn vị thanh toán');
    if (n === 0) await look(page, 'provider-away');
  }
  check((await page.$(button)) === null, 'it is not offered any more');
  await says(looks, 'Đang gián đoạn', 20000);
  check((await looks.$(button)) === null, 'nor to anybody else');
  await look(looks, 'closed');
  const address = looks.url();
  await until('it is offered again', () => looks.$(button), 40000);
  check(looks.url() === address && !(await text(looks)).includes('Đang gián đoạn'), 'by itself');
  await choose(looks, 'vietqr');
  await sim('bank', 'bank/transfer', { account: given.account, amount: intent.amount, content: intent.reference });
  await says(looks, 'Đã thanh toán');
  await heard(intent);
  await page.bye();
  await looks.bye();
}
