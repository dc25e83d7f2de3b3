/** The rival of what goes over Kafka and back: plain kafkajs with the echo in another process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

const ROUND_TRIP = join(import.meta.dirname, 'kafka-round-trip.mjs');

export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface RoundTrips {
  readonly oneAtATime: Latency;
  readonly at500PerSecond: Latency;
}

export interface RoundTripOptions {
  readonly bootstrap: string;
  /** Bytes of a record that goes, and of one that comes back. */
  readonly there: number;
  readonly back: number;
  readonly seconds: number;
  readonly rate: number;
}

export async function rawRoundTrip(options: RoundTripOptions): Promise<RoundTrips> {
  const echo = roundTrip({ role: 'echo', ...options });
  try {
    await lineOf(echo);
    return JSON.parse(await lineOf(roundTrip({ role: 'client', ...options })));
  } finally {
    echo.kill();
  }
}

function roundTrip(options: object): ChildProcess {
  return spawn(process.execPath, [ROUND_TRIP, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function lineOf(child: ChildProcess): Promise<string> {
  let out = '';
  for await (const chunk of child.stdout ?? []) {
    out += String(chunk);
    if (out.includes('\n')) return out;
  }
  throw new Error('the round trip ended early');
}
