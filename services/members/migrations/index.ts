import type { Migrations } from '@regulars/service';
import { Members } from './0001-members.js';

/** Oldest first. */
export const migrations: Migrations = [Members];
