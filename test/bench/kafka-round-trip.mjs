/**
 * Two ends of a round trip over Kafka by plain kafkajs: the client produces to one topic and waits
 * for the answer on another, the echo consumes and produces. Options as JSON in the first argument.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';

const { role, bootstrap, there, back, seconds, rate } = JSON.parse(process.argv[2]);
const WARM_UP = 500;
const TOPICS = ['trip.there', 'trip.back'];
const kafka = new kafkajs.Kafka({ brokers: [bootstrap], logLevel: kafkajs.logLevel.NOTHING });
const producer = kafka.producer({ idempotent: true });
await producer.connect();
if (role === 'echo') await echo();
else await client();

async function echo() {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: TOPICS.map((topic) => ({ topic, numPartitions: 12 })) });
  await admin.disconnect();
  const value = Buffer.alloc(back, 1);
  await consume('trip.there', async ({ partition, messages }) => {
    const answers = messages.map(({ key }) => ({ key, value, partition }));
    await producer.send({ topic: 'trip.back', messages: answers, acks: -1 });
  });
  process.stdout.write('ready\n');
}

async function client() {
  const waiting = new Map();
  await consume('trip.back', async ({ messages }) => {
    for (const { key } of messages) waiting.get(key?.toString())?.();
  });
  let sent = 0;
  const value = Buffer.alloc(there, 1);
  const trip = async () => {
    sent += 1;
    const key = `trip-${sent}`;
    const answered = new Promise((resolve) => waiting.set(key, resolve));
    await producer.send({ topic: 'trip.there', messages: [{ key, value }], acks: -1 });
    await answered;
    waiting.delete(key);
  };
  for (let index = 0; index < WARM_UP; index += 1) await trip();
  const oneAtATime = await sequentially(trip);
  process.stdout.write(`${JSON.stringify({ oneAtATime, at500PerSecond: await evenly(trip) })}\n`);
  process.exit(0);
}

async function sequentially(trip) {
  const latenciesMs = [];
  const endMs = performance.now() + seconds * 1_000;
  while (performance.now() < endMs) {
    const startMs = performance.now();
    await trip();
    latenciesMs.push(performance.now() - startMs);
  }
  return quantiles(latenciesMs);
}

async function evenly(trip) {
  const latenciesMs = [];
  const trips = [];
  const startMs = performance.now();
  for (let index = 0; index < rate * seconds; index += 1) {
    const dueMs = startMs + (index * 1_000) / rate;
    while (performance.now() < dueMs) await sleep(1);
    trips.push(trip().then(() => latenciesMs.push(performance.now() - dueMs)));
  }
  await Promise.all(trips);
  return quantiles(latenciesMs);
}

async function consume(topic, onBatch) {
  const consumer = kafka.consumer({ groupId: `bench-${topic}`, maxWaitTimeInMs: 500, minBytes: 1 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
  await consumer.run({
    partitionsConsumedConcurrently: 12,
    eachBatch: ({ batch }) => onBatch(batch),
  });
  await joined;
}

function quantiles(latenciesMs) {
  latenciesMs.sort((one, other) => one - other);
  const at = (share) => latenciesMs[Math.floor(latenciesMs.length * share)];
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}
