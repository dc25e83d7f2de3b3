/** Who gets which partition number of a co-partitioned group. */

/** Name of the assignment protocol: all members of a group must speak it. */
export const PROTOCOL = 'estop-co-partition';

/**
 * Deals the partition numbers to the members in turn, in the order of their ids. A member gets a
 * number in every topic or in none, and every number has exactly one owner.
 */
export function assignCopartitioned(
  memberIds: readonly string[],
  partitions: number,
): ReadonlyMap<string, readonly number[]> {
  const sorted = [...memberIds].sort();
  return new Map(
    sorted.map((memberId, index) => {
      const count = Math.max(0, Math.ceil((partitions - index) / sorted.length));
      return [memberId, Array.from({ length: count }, (_, turn) => index + turn * sorted.length)];
    }),
  );
}
