/** A data key as it is stored: useless without the key-encryption key. */
export interface WrappedKey {
  readonly memberId: string;
  /** Names the key-encryption key without telling it. */
  readonly keyEncryptionKeyId: string;
  readonly wrapped: Buffer;
}

/** Where indexes under one key are kept. There are two places, so that a key can be replaced while members are found. */
export type Slot = 0 | 1;
export const allSlots: readonly Slot[] = [0, 1];

/** Names of the index keys that a process has, by their part in a rotation. */
export interface IndexKeys {
  readonly current: string;
  readonly next: string | undefined;
  readonly retired: string | undefined;
}

/** An index key as the database knows it. */
export interface PlacedIndexKey {
  readonly keyId: string;
  readonly slot: Slot;
  readonly state: 'next' | 'current' | 'retired';
}

export type Placing =
  | { readonly outcome: 'placed'; readonly keys: readonly PlacedIndexKey[] }
  | { readonly outcome: 'refused'; readonly reason: string };

/**
 * Where the index keys of a process belong (requirement M6). The first key of a database gets the first place, one that is
 * announced as next the other place. A process whose current key the database does not know would find nobody, and let
 * every mobile be registered a second time.
 *
 * @param isComplete whether every member is indexed in a place
 */
export function placeIndexKeys(
  mine: IndexKeys,
  known: readonly PlacedIndexKey[],
  isComplete: (slot: Slot) => boolean,
): Placing {
  if (known.length === 0) known = [{ keyId: mine.current, slot: 0, state: 'current' }];
  const current = known.find(({ keyId }) => keyId === mine.current);
  if (!current) return { outcome: 'refused', reason: 'the blind indexes were made with another BLIND_INDEX_KEY' };
  if (!isComplete(current.slot)) {
    return { outcome: 'refused', reason: 'not every member is indexed under BLIND_INDEX_KEY: leave it the next one' };
  }
  const keys = known.map((key) => ({ ...key, state: stateOf(key, mine) }));
  if (mine.next === undefined || keys.some(({ keyId }) => keyId === mine.next)) return { outcome: 'placed', keys };
  const slot = allSlots.find((each) => keys.every((key) => key.slot !== each));
  if (slot === undefined) return { outcome: 'refused', reason: 'another rotation of BLIND_INDEX_KEY has not ended' };
  return { outcome: 'placed', keys: [...keys, { keyId: mine.next, slot, state: 'next' }] };
}

/** A process that still has the key that was does not take the place of the key that is. */
function stateOf({ keyId, state }: PlacedIndexKey, mine: IndexKeys): PlacedIndexKey['state'] {
  if (keyId === mine.retired) return 'retired';
  return keyId === mine.current && mine.retired !== undefined ? 'current' : state;
}
