import { Injectable } from '@nestjs/common';
import type { StoreChanged, TillChanged } from '@regulars/contracts/stores/v1/stores_events';
import type { Principal } from '@regulars/service';
import { claimedTill, isOneOf, withoutDashes } from './till-keys.js';

/** A till that calls, as stores announced it. */
export interface Till {
  readonly tillId: string;
  readonly storeId: string;
  readonly keys: readonly Uint8Array[];
  readonly principal: Principal;
  /** The signed principal, kept here for as long as it may be used without asking the signer. */
  signed: { readonly token: string; readonly untilMs: number } | undefined;
}

/** The chain as stores announces it, in memory: which stores there are, and which till a key is of (requirement O4). */
@Injectable()
export class Chain {
  private readonly stores = new Set<string>();
  private readonly tills = new Map<string, Till>();

  /** The till that a key belongs to; undefined for a key that is wrong, revoked or not announced yet. */
  tillOf(key: string): Till | undefined {
    const till = this.tills.get(claimedTill(key) ?? '');
    return till && isOneOf(key, till.keys) ? till : undefined;
  }

  hasStore(storeId: string): boolean {
    return this.stores.has(storeId);
  }

  hasTill(storeId: string, tillId: string): boolean {
    return this.tills.get(withoutDashes(tillId))?.storeId === storeId;
  }

  storeChanged({ store }: StoreChanged): void {
    if (store) this.stores.add(store.storeId);
  }

  /** Only live keys are announced: one that is missing from now on is refused from now on. */
  tillChanged({ tillId, storeId, liveKeys }: TillChanged): void {
    const principal: Principal = { sub: tillId, kind: 'till', roles: [], stores: [storeId] };
    const keys = liveKeys.map((key) => key.sha256);
    this.tills.set(withoutDashes(tillId), { tillId, storeId, keys, principal, signed: undefined });
  }
}
