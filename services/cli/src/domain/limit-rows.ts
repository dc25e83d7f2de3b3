/** Limits as rows of a table: what is used, held, free and granted in slices. */
import { formatAmount } from './amounts.ts';
import { type Fields, flagIn, numberIn, textIn } from './fields.ts';

export const LIMIT_HEADERS = ['LIMIT', 'USED', 'HELD', 'IN SLICES', 'FREE', 'CEILING', 'WINDOW'];

export function budgetRow(budget: Fields): readonly string[] {
  const unit = textIn(budget, 'unit') ?? '';
  const amount = (name: string) => formatAmount(numberIn(budget, name) ?? 0, unit);
  return [
    textIn(budget, 'budgetId') ?? '',
    amount('spent'),
    amount('reserved'),
    flagIn(budget, 'shared') ? amount('inSlices') : '',
    amount('free'),
    amount('ceiling'),
    textIn(budget, 'window') ?? '',
  ];
}

export function rateRow(rate: Fields): readonly string[] {
  const calls = (name: string) => `${numberIn(rate, name) ?? 0} calls`;
  const seconds = (numberIn(rate, 'windowMs') ?? 0) / 1_000;
  return [
    textIn(rate, 'rateId') ?? '',
    calls('used'),
    '',
    flagIn(rate, 'shared') ? calls('inSlices') : '',
    calls('free'),
    calls('limit'),
    `${seconds}s`,
  ];
}
