import type { Migrations } from '@regulars/service';
import { Chain } from './0001-chain.js';
import { RepeatableWrites } from './0002-repeatable-writes.js';

/** Oldest first. */
export const migrations: Migrations = [Chain, RepeatableWrites];
