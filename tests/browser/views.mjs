// Views that need more than a payer: another person's payment, a decision of two, a bank that takes back, ways that are off.
import {
  becomes, cash, check, choose, given, intentOf, look, opens, owes, phone, post, reads, says, sim, staff, text, visit,
} from './stage.mjs';

const OTHER = { agency_code: 'H38.18', beneficiary_code: 'H38.18-NH' };
const ACCOUNT = { bank_bin: '970422', account_number: '0001234567', account_name: 'NGUYEN VAN A' };
const today = () => new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Ho_Chi_Minh' }).format(new Date());

const openFor = (fees) =>
  post('/v1/payment-intents', { obligation_ids: fees, expires_in_s: 3600, return_url: `${given.base}/pay` });
const transfers = (intent, amount, change = {}) =>
  sim('bank', 'bank/transfer', { account: given.account, amount, content: intent.reference, ...change });
const approves = (proposal) => staff(`/v1/approvals/${proposal.approval_id}/approve`, {}, given.approver_key);
const silent = async (page, ...sentences) => {
  const body = await text(page);
  for (const sentence of sentences) check(!body.includes(sentence), `"${sentence}" is said in:\n${body}`);
};

/** The bank's statement of today, so far. */
async function importsTheStatement() {
  const at = `${given.bank}/_sim/bank/statement?account=${given.account}&format=mt940&date=${today()}`;
  const bytes = await fetch(at).then((answer) => answer.arrayBuffer());
  await staff(`/v1/statements?account=${given.receiving}&format=auto`, Buffer.from(bytes));
}

const paymentOf = async (intent) => (await staff(`/v1/payments?intent_id=${intent.id}`)).data[0];

/** A provider's page was opened for two fees, and somebody paid one of them at the counter. */
export async function lessIsDueThanAPageAsksFor() {
  const page = await phone();
  const [one, two] = [await owes(18_000), await owes(19_000)];
  const intent = await openFor([one.id, two.id]);
  await visit(page, intent.checkout_url);
  await choose(page, 'momo');
  await cash({ fee: one.id, amount: 18_000 });
  await visit(page, intent.checkout_url);
  await reads(page, 'Nộp các khoản còn lại', '19.000 ₫', 'vẫn tính số tiền cũ là 37.000 ₫');
  await silent(page, 'Trở lại Ví');
  await look(page, 'fewer');
  await choose(page, 'vietqr');
  await transfers(intent, 19_000);
  await says(page, 'Đã thanh toán');
  await page.bye();
}

/** Expired requests that no press opens again: of one a fee was paid, the fee of the other is in a newer request. */
export async function whatHasExpiredAndIsNotRenewed() {
  const page = await phone();
  const expires = (fees) =>
    post('/v1/payment-intents', { obligation_ids: fees, expires_in_s: 1, return_url: `${given.base}/pay` });
  const [one, two, three] = [await owes(17_300), await owes(17_400), await owes(17_500)];
  const [part, older] = [await expires([one.id, two.id]), await expires([three.id])];
  for (const intent of [part, older]) await becomes(intent, 'expired');
  await cash({ fee: one.id, amount: 17_300 });
  const newer = await openFor([three.id]);
  for (const [intent, sentence, picture] of [
    [part, 'Một phần các khoản phí này đã được nộp hoặc đã thay đổi', 'expired-in-part'],
    [older, 'Khoản phí đang ở một yêu cầu thanh toán khác', 'expired-beside'],
  ]) {
    await visit(page, intent.checkout_url);
    await reads(page, sentence);
    check((await page.$('form.renew button')) === null, 'no button stands where no press is followed');
    await look(page, picture);
  }
  await visit(page, newer.checkout_url);
  await choose(page, 'vietqr');
  await transfers(newer, 17_500);
  await says(page, 'Đã thanh toán');
  await page.bye();
}

export async function aPhoneThatStillAsks() {
  const page = await phone();
  const intent = await opens(37_100);
  await visit(page, intent.checkout_url);
  await page.type('input[name="payer_phone"]', given.phone);
  await choose(page, 'mobile_money');
  await choose(page, 'vietqr');
  await reads(page, 'Quét mã để nộp tiền', 'xin từ chối yêu cầu đó trước khi nộp bằng cách khác');
  await look(page, 'phone-asks');
  await transfers(intent, 37_100);
  await says(page, 'Đã thanh toán');
  await reads(page, 'xin từ chối yêu cầu đó.');
  await silent(page, 'Không cần làm gì thêm');
  await look(page, 'paid-phone-asks');
  await page.bye();
}

export async function everyWayIsOff() {
  const page = await phone();
  const intent = await opens(37_200, 3600, OTHER);
  const ways = [...(await intentOf(intent)).channels.map((channel) => channel.code), 'bank_bills'];
  for (const way of ways) await staff(`/v1/channels/${way}/off`, { reason: 'bảo trì đường truyền' }, given.admin_key);
  try {
    await visit(page, intent.checkout_url);
    await reads(page, 'Chưa thanh toán được trên trang này', 'bảo trì đường truyền');
    check((await page.$('.ways button')) === null, 'no button leads to what is off');
    await look(page, 'all-off');
  } finally {
    for (const way of ways) await staff(`/v1/channels/${way}/on`, { reason: 'xong' }, given.admin_key);
  }
  await says(page, 'Chọn cách thanh toán', 40000);
  await page.bye();
}

export async function aPartUnderARequestThatIsOver() {
  const page = await phone();
  const first = await opens(37_300);
  await visit(page, first.checkout_url);
  await choose(page, 'vietqr');
  await transfers(first, 10_000);
  await says(page, 'Nộp phần còn thiếu');
  await post(`/v1/payment-intents/${first.id}/cancel`, undefined);
  await says(page, 'đang được giữ lại');
  await look(page, 'cancelled-held');
  const intent = await openFor([first.fee]);
  await visit(page, intent.checkout_url);
  await reads(page, 'theo một yêu cầu thanh toán trước', '10.000 ₫', '37.300 ₫');
  await look(page, 'earlier');
  await choose(page, 'vietqr');
  await transfers(intent, 37_300);
  await says(page, 'Có khoản tiền khác đang được giữ lại và kiểm tra');
  await look(page, 'paid-and-checked');
  await page.bye();
}

export async function whatIsAskedAboutUnderARequestThatIsOver() {
  const page = await phone();
  const first = await opens(37_400);
  await visit(page, first.checkout_url);
  await choose(page, 'vnpay');
  await post(`/v1/payment-intents/${first.id}/cancel`, undefined);
  await visit(page, first.checkout_url);
  await reads(page, 'Yêu cầu thanh toán đã bị huỷ', 'chúng tôi vẫn đang hỏi');
  await look(page, 'cancelled-asked');
  const intent = await openFor([first.fee]);
  await visit(page, intent.checkout_url);
  await reads(page, 'theo yêu cầu trước', 'chưa có kết quả', 'nộp hai lần');
  await look(page, 'earlier-asked');
  await page.bye();
}

/** Cash and a transfer came for one fee, and the cash was given back across the counter. */
export async function whatWaitsIsEnough() {
  const page = await phone();
  const intent = await opens(37_500);
  await visit(page, intent.checkout_url);
  await choose(page, 'vietqr');
  const taken = await cash(intent);
  await says(page, 'Cán bộ tại quầy đã nhận tiền');
  await transfers(intent, 37_500);
  await says(page, 'có tiền nộp thừa');
  await approves(await staff(`/v1/counter-payments/${taken.id}/void`, {}));
  await says(page, 'Phí chưa được ghi nhận là đã nộp', 30000);
  await look(page, 'covered');
  await page.bye();
}

export async function takenBackByTheBank() {
  const page = await phone();
  const intent = await opens(37_600);
  await visit(page, intent.checkout_url);
  await choose(page, 'vietqr');
  const { transaction } = await transfers(intent, 37_600);
  await says(page, 'Đã thanh toán');
  await sim('bank', 'bank/reverse', { account: given.account, reference: transaction.reference });
  await importsTheStatement();
  await becomes(intent, 'open');
  await visit(page, intent.checkout_url);
  await reads(page, 'Ngân hàng đã thu hồi khoản tiền đã nộp', 'Ngân hàng đã thu hồi khoản này ngày', '37.600 ₫');
  await look(page, 'taken-back');
  await page.bye();
}

/** A refund by transfer from its proposal to its way back. */
export async function givenBack() {
  const page = await phone();
  const intent = await opens(37_700);
  await visit(page, intent.checkout_url);
  await choose(page, 'vietqr');
  await transfers(intent, 37_700);
  await says(page, 'Đã thanh toán');
  await importsTheStatement();
  const payment = await paymentOf(intent);
  const proposal = await staff(`/v1/payments/${payment.id}/refunds`, {
    lines: [{ obligation_id: intent.fee, amount: 37_700 }], then: 'close', reason_code: 'nop_nham', note: 'Nộp nhầm hồ sơ',
    refundable_amount: payment.refundable_amount, payer_account: ACCOUNT,
  });
  await visit(page, intent.checkout_url);
  await reads(page, 'Đã đề nghị hoàn trả, đang chờ người thứ hai quyết định');
  await look(page, 'refund-proposed');
  await approves(proposal);
  await says(page, 'Đang hoàn trả', 70000);
  await look(page, 'giving-back');
  let item = null;
  for (let n = 0; n < 300 && !item; n += 1) {
    const refund = await staff(`/v1/refunds/${proposal.id}`);
    item = refund.status === 'awaiting_statement' && refund.work_item;
    await new Promise((done) => { setTimeout(done, 100); });
  }
  check(item, 'the transfer is given out');
  await transfers(intent, 37_700, { content: item.text, direction: 'out' });
  await importsTheStatement();
  await says(page, 'Đã hoàn trả', 70000);
  await reads(page, '37.700 ₫', '4567');
  await silent(page, 'Bằng chứng đã nộp');
  await look(page, 'given-back');
  await transfers(intent, 37_700, { content: `${item.text} tra lai` });
  await importsTheStatement();
  await says(page, 'Khoản hoàn trả đã quay trở lại', 70000);
  await look(page, 'came-back');
  await page.bye();
}
