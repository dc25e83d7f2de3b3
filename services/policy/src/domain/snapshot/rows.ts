/** Objects of one kind as one row of their fields, which is half as long and read twice as fast. */
import type { ActivityBucket } from '../activity.ts';
import type { RateBucket } from '../rate-window.ts';

/** Number of the fields of one object, in the order of the row. */
const BUCKET_FIELDS = 5;
const RATE_FIELDS = 2;

export function bucketRow(buckets: readonly ActivityBucket[]): number[] {
  return buckets.flatMap((bucket) => {
    return [bucket.index, bucket.calls, bucket.denied, bucket.errors, bucket.microUsd];
  });
}

export function readBuckets(row: readonly number[]): ActivityBucket[] {
  const buckets: ActivityBucket[] = [];
  for (let at = 0; at < row.length; at += BUCKET_FIELDS) {
    const end = at + BUCKET_FIELDS;
    const [index = 0, calls = 0, denied = 0, errors = 0, microUsd = 0] = row.slice(at, end);
    buckets.push({ index, calls, denied, errors, microUsd });
  }
  return buckets;
}

export function rateRow(buckets: readonly RateBucket[]): number[] {
  return buckets.flatMap(({ index, calls }) => [index, calls]);
}

export function readRateRow(row: readonly number[]): RateBucket[] {
  const buckets: RateBucket[] = [];
  for (let at = 0; at < row.length; at += RATE_FIELDS) {
    const [index = 0, calls = 0] = row.slice(at, at + RATE_FIELDS);
    buckets.push({ index, calls });
  }
  return buckets;
}
