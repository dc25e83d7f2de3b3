/** What agents do all day: a task is what somebody asked for and the calls it takes. */
import { integerBetween, pick, type Random } from './random.ts';

/** One call of a tool. */
export interface Step {
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly reason: string;
  /** What the tool answers when it is run. */
  readonly result: unknown;
}

export interface Task {
  /** What the user, or whoever gave the work, wrote. */
  readonly userText: string;
  readonly steps: readonly Step[];
}

/** Makes the next task of a kind. */
export type TaskMaker = (random: Random) => Task;

const PEOPLE = [
  'ana',
  'ben',
  'chloe',
  'dev',
  'emma',
  'farid',
  'grace',
  'hugo',
  'ines',
  'jo',
] as const;
const COMPANIES = ['northwind', 'globex', 'initech', 'umbra', 'hooli', 'vandelay'] as const;

export function customerId(random: Random): string {
  return `c-${integerBetween(random, 1_000, 1_999)}`;
}

export function mailAddress(random: Random): string {
  return `${pick(random, PEOPLE)}@${pick(random, COMPANIES)}.example`;
}

export function answerCustomer(random: Random): Task {
  const id = customerId(random);
  const to = mailAddress(random);
  const order = integerBetween(random, 10_000, 99_999);
  return {
    userText: `${to} (customer ${id}) asks where order ${order} is. Please answer.`,
    steps: [
      read('crm.read', { id }, { id, email: to, orders: [order] }),
      {
        tool: 'mail.send',
        arguments: { to, subject: `Order ${order}`, body: 'It left our warehouse this morning.' },
        reason: `answers the question about order ${order}`,
        result: { sent: true },
      },
    ],
  };
}

export function updateCustomer(random: Random): Task {
  const id = customerId(random);
  const phone = `+49 30 ${integerBetween(random, 1_000_000, 9_999_999)}`;
  return {
    userText: `Customer ${id} has a new phone number: ${phone}.`,
    steps: [
      read('crm.read', { id }, { id, phone: 'old' }),
      {
        tool: 'crm.update',
        arguments: { id, fields: { phone } },
        reason: 'the customer told us',
        result: { updated: true },
      },
    ],
  };
}

export function sendInvoice(random: Random): Task {
  const to = mailAddress(random);
  const invoiceId = `inv-${integerBetween(random, 4_000, 4_999)}`;
  return {
    userText: `Send invoice ${invoiceId} to ${to}.`,
    steps: [
      read('invoices.read', { invoiceId }, { invoiceId, amountMicroUsd: 120_000_000 }),
      {
        tool: 'invoices.send',
        arguments: { invoiceId, to },
        reason: 'the month is over',
        result: { sent: true },
      },
    ],
  };
}

export function payRefund(random: Random): Task {
  const to = mailAddress(random);
  // Nobody answers at night: what waits for a person stays below what the agent may pay in a day.
  const amountMicroUsd = integerBetween(random, 1, 5) * 1_000_000;
  return {
    userText: `Refund ${amountMicroUsd} micro-dollars to ${to}, the parcel was lost.`,
    steps: [
      {
        tool: 'payments.send',
        arguments: { to, amountMicroUsd, memo: 'refund for a lost parcel' },
        reason: 'the user asked for the refund',
        result: { paid: true },
      },
    ],
  };
}

export function queryNumbers(random: Random): Task {
  const table = pick(random, ['orders', 'visits', 'refunds', 'tickets']);
  const path = `reports/${table}-${integerBetween(random, 1, 52)}.csv`;
  return {
    userText: `Put last week's ${table} into ${path}.`,
    steps: [
      read('db.query', { sql: `select * from ${table} where week = 1` }, { rows: 412 }),
      {
        tool: 'files.write',
        arguments: { path, content: 'week,count' },
        reason: 'the weekly report',
        result: { written: true },
      },
    ],
  };
}

export function readFiles(random: Random): Task {
  const path = `handbook/${pick(random, ['travel', 'security', 'holidays', 'expenses'])}.md`;
  return {
    userText: `What does ${path} say?`,
    steps: [read('files.read', { path }, { text: 'Ask your manager first.' })],
  };
}

export function planMeeting(random: Random): Task {
  const guest = mailAddress(random);
  const day = integerBetween(random, 10, 28);
  const start = `2030-03-${day}T09:00:00Z`;
  return {
    userText: `Find half an hour with ${guest} at ${start}.`,
    steps: [
      read('calendar.read', { day: `2030-03-${day}` }, { free: [start] }),
      {
        tool: 'calendar.create',
        arguments: { title: 'Catch up', start, guests: [guest] },
        reason: 'the slot is free',
        result: { created: true },
      },
    ],
  };
}

export function readMail(random: Random): Task {
  const folder = pick(random, ['inbox', 'support', 'sales']);
  return {
    userText: `Anything new in ${folder}?`,
    steps: [read('mail.read', { folder }, { unread: integerBetween(random, 0, 9) })],
  };
}

export function searchCustomers(random: Random): Task {
  const query = pick(random, COMPANIES);
  return {
    userText: `Who do we know at ${query}?`,
    steps: [read('crm.search', { query }, { ids: [customerId(random), customerId(random)] })],
  };
}

function read(tool: string, args: Step['arguments'], result: unknown): Step {
  return { tool, arguments: args, reason: 'needs to look first', result };
}
