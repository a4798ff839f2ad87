import type { EntityManager } from 'typeorm';
import type { Principal } from '../principal.js';

/** Who reads a member's data, in which trace. */
export interface Reader {
  readonly principal: Principal;
  readonly traceparent: string | undefined;
}

/** What a service has of members, and how it lets go of it (requirement M6). */
export interface MemberData {
  /** Everything, also of whom was merged into her, as JSON objects with a `kind`, in an order that does not change by itself. */
  recordsOf(tx: EntityManager, memberId: string): Promise<readonly object[]>;
  /** Before it is told: where reads of clear personal data are written down. */
  beforeTold?(reader: Reader, memberId: string): Promise<void>;
  /**
   * Erases what is personal and binds what has to stay to nobody; safe to repeat. `done` writes that it is done, in the
   * same transaction: it is called with how many records were touched.
   */
  erase(memberId: string, orderedAt: Date, done: (tx: EntityManager, records: number) => Promise<void>): Promise<void>;
  /**
   * Stops what is under way and no longer allowed once a member's data is restricted; safe to repeat. What begins later
   * asks `restrictedAmong`. @returns how many records it touched
   */
  restrict?(tx: EntityManager, memberId: string): Promise<number>;
}

/** The provider of the service's own module, which is there once everything is wired. */
export type FindsMemberData = () => MemberData;
export const DATA = Symbol('member data');
export const SERVICE = Symbol('service of member data');
