/** The fleet: who is in it, what each one does, and how often. Names are those of infra/fleet. */
import {
  answerCustomer,
  payRefund,
  planMeeting,
  queryNumbers,
  readFiles,
  readMail,
  searchCustomers,
  sendInvoice,
  type TaskMaker,
  updateCustomer,
} from './work.ts';

export interface Member {
  readonly agent: string;
  /** One is picked at random for each piece of work. */
  readonly tasks: readonly [TaskMaker, ...TaskMaker[]];
  /** Mean time between pieces of work, ms. */
  readonly meanGapMs: number;
}

/** The agent that goes astray. */
export const STRAY_AGENT = 'billing-bot';

/** Who is on call, with the role operator. */
export const ON_CALL = 'priya@example.com';

export const ROSTER: readonly Member[] = [
  { agent: STRAY_AGENT, tasks: [searchCustomers, sendInvoice], meanGapMs: 9_000 },
  { agent: 'support-bot', tasks: [answerCustomer, updateCustomer], meanGapMs: 4_000 },
  { agent: 'support-bot-2', tasks: [answerCustomer], meanGapMs: 5_000 },
  { agent: 'refund-bot', tasks: [payRefund], meanGapMs: 45_000 },
  { agent: 'invoice-bot', tasks: [sendInvoice], meanGapMs: 12_000 },
  { agent: 'crm-bot', tasks: [updateCustomer, searchCustomers], meanGapMs: 4_000 },
  { agent: 'mail-bot', tasks: [readMail], meanGapMs: 3_000 },
  { agent: 'report-bot', tasks: [queryNumbers], meanGapMs: 8_000 },
  { agent: 'data-bot', tasks: [queryNumbers], meanGapMs: 6_000 },
  { agent: 'research-bot', tasks: [readFiles, searchCustomers], meanGapMs: 4_000 },
  { agent: 'hr-bot', tasks: [readFiles, planMeeting], meanGapMs: 10_000 },
  { agent: 'calendar-bot', tasks: [planMeeting], meanGapMs: 6_000 },
  { agent: 'sales-bot', tasks: [searchCustomers, answerCustomer], meanGapMs: 5_000 },
];
