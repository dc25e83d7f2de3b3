/// <reference path="./kafkajs-internals.d.ts" />
/** Six faults of kafkajs 2.2.4 in methods that can be replaced from outside. */
import Connection from 'kafkajs/src/network/connection.js';
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';
import Encoder from 'kafkajs/src/protocol/encoder.js';

/** In front of every answer. */
const LENGTH_BYTES = 4;
/** How often kafkajs looks for requests that have waited too long. */
const REQUEST_CHECK_MS = 100;

/** Call once, before the first connection is made. */
export function repairKafkajs(): void {
  stopIdleTimers();
  shareConnecting();
  forgetDeadSockets();
  forgetHalfAnswers();
  timeByMonotonicClock();
  writeInFront();
}

/**
 * A timer of about 1 ms is armed again for ever on every connection, whether or not anything waits
 * (tulios/kafkajs#1704; on Node 24 it also warns of negative timeouts, #1751). The check is only of
 * use while requests are queued, and everything that queues one calls it.
 */
function stopIdleTimers(): void {
  const { scheduleCheckPendingRequests } = RequestQueue.prototype;
  RequestQueue.prototype.scheduleCheckPendingRequests = function schedule(): void {
    if (this.pending.length > 0) scheduleCheckPendingRequests.call(this);
  };
}

/** Requests that meet on an unconnected connection would each open a socket; all but one leak. */
function shareConnecting(): void {
  const { connect } = Connection.prototype;
  const connecting = new WeakMap<Connection, Promise<boolean>>();
  Connection.prototype.connect = function connectOnce(): Promise<boolean> {
    let underWay = connecting.get(this);
    if (underWay === undefined) {
      underWay = connect.call(this).finally(() => connecting.delete(this));
      connecting.set(this, underWay);
    }
    return underWay;
  };
}

/** Each failed attempt to connect hangs one more listener on the sockets of the last one. */
function forgetDeadSockets(): void {
  const { disconnect } = Connection.prototype;
  Connection.prototype.disconnect = function disconnectLiving(): Promise<boolean> {
    if (this.socket?.destroyed) this.socket = null;
    return disconnect.call(this);
  };
}

/**
 * What had arrived of an answer when its connection broke stays in front of what the next one
 * brings: its length is then read from the middle of a record, and nothing is an answer any more.
 */
function forgetHalfAnswers(): void {
  const { connect } = Connection.prototype;
  Connection.prototype.connect = function connectAfresh(): Promise<boolean> {
    if (!this.isConnected()) {
      this.chunks = [];
      this.bytesBuffered = 0;
      this.bytesNeeded = LENGTH_BYTES;
    }
    return connect.call(this);
  };
}

/**
 * Requests are timed by the wall clock: when it is set forward, all that wait have waited too long,
 * and when it is set back, what is never answered is waited for that much longer.
 */
function timeByMonotonicClock(): void {
  RequestQueue.prototype.scheduleRequestTimeoutCheck = function check(): void {
    this.destroy();
    const firstSeenMs = new WeakMap<object, number>();
    const everyMs = Math.min(this.requestTimeout, REQUEST_CHECK_MS);
    this.requestTimeoutIntervalId = setInterval(() => {
      const nowMs = performance.now();
      for (const request of [...this.inflight.values()]) {
        const sinceMs = firstSeenMs.get(request) ?? nowMs;
        firstSeenMs.set(request, sinceMs);
        if (nowMs - sinceMs > request.requestTimeout) request.timeoutRequest();
      }
      if (!this.isConnected()) this.destroy();
    }, everyMs);
  };
}

/**
 * A request is copied behind its header, and again behind its length, each time into new memory of up
 * to twice its size. Where there is room in front of it, they are written there.
 */
function writeInFront(): void {
  const { writeEncoder } = Encoder.prototype;
  Encoder.prototype.writeEncoder = function write(value: Encoder): Encoder {
    const { front, buf, offset } = value;
    if (front === undefined || front.length < this.offset || !isRightBefore(front, buf)) {
      return writeEncoder.call(this, value);
    }
    const at = front.length - this.offset;
    this.buf.copy(front, at, 0, this.offset);
    this.buf = Buffer.from(front.buffer, front.byteOffset + at, this.offset + offset);
    this.offset = this.buf.length;
    this.front = front.subarray(0, at);
    return this;
  };
}

function isRightBefore(front: Buffer, bytes: Buffer): boolean {
  const isSameMemory = front.buffer === bytes.buffer;
  return isSameMemory && front.byteOffset + front.length === bytes.byteOffset;
}
