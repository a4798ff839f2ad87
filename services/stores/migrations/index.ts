import type { Migrations } from '@regulars/service';
import { Chain } from './0001-chain.js';

/** Oldest first. */
export const migrations: Migrations = [Chain];
