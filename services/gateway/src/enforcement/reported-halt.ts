/** A halt with what enforcement points have said to it. */
import { confirmationsBody } from '../domain/confirmations-body.ts';
import { type HaltBody, haltBody } from '../domain/halt-body.ts';
import type { KnownHalt } from '../read-models/halt-book.ts';
import type { EnforcementPoints } from './points.ts';

export function reportedHalt(points: EnforcementPoints, { halt, at }: KnownHalt): HaltBody {
  const body = haltBody(halt, at);
  const confirmations = points.confirmations(halt);
  if (confirmations === undefined) return body;
  return { ...body, confirmations: confirmationsBody(confirmations) };
}
