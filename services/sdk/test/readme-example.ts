import { connect, DeniedError } from '@estop/sdk';

const estop = connect({ url: 'http://127.0.0.1:7070', key: process.env['ESTOP_KEY'] ?? '' });

// One session per conversation: what the user said and what tools returned stay in this process.
const session = estop.session({ task: 'close duplicate invoices' });
session.sawUser('Please refund 12 dollars to dana@example.com.');

// A guarded function asks, runs, and reports the outcome.
const sendPayment = session.guard('payments.send', pay, {
  reason: ({ to }) => `the user asked for a refund to ${to}`,
  estimate: ({ amountMicroUsd }) => ({ microUsd: amountMicroUsd }),
  approvalWaitMs: 60_000,
});

try {
  const receipt = await sendPayment({ to: 'dana@example.com', amountMicroUsd: 12_000_000 });
  console.log(receipt.id);
} catch (error) {
  if (!(error instanceof DeniedError)) throw error;
  console.log(error.decision.reason, error.decision.message);
}

// Without a guard: ask, act, report.
const decision = await estop.propose({
  tool: 'crm.delete',
  arguments: { id: 'c-17' },
  reason: 'duplicate of c-16',
});
switch (decision.decision) {
  case 'allow':
    await estop.outcome(decision.intentId, { status: 'ok', durationMs: 40 });
    break;
  case 'needs-approval':
    await estop.wait(decision.intentId, { waitMs: decision.approval.expiresAt - Date.now() });
    break;
  case 'deny':
    console.log(decision.reason, decision.retryAfterMs);
}

async function pay(payment: { to: string; amountMicroUsd: number }) {
  return { id: `receipt for ${payment.to}` };
}
