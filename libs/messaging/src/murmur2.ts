const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/** Kafka's own hash of a key, so that every client sends a key to the same partition. */
export function murmur2(data: Uint8Array): number {
  const length = data.length;
  let hash = SEED ^ length;
  const words = length >> 2;
  for (let word = 0; word < words; word++) {
    const at = word << 2;
    let k =
      (data[at] as number) |
      ((data[at + 1] as number) << 8) |
      ((data[at + 2] as number) << 16) |
      ((data[at + 3] as number) << 24);
    k = Math.imul(k, M);
    k ^= k >>> 24;
    hash = Math.imul(hash, M) ^ Math.imul(k, M);
  }
  const tail = words << 2;
  const left = length & 3;
  if (left === 3) hash ^= (data[tail + 2] as number) << 16;
  if (left >= 2) hash ^= (data[tail + 1] as number) << 8;
  if (left >= 1) hash = Math.imul(hash ^ (data[tail] as number), M);
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return hash ^ (hash >>> 15);
}

/** The partition of a key. */
export function partitionOf(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions;
}
