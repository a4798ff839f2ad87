import type { Migrations } from '@regulars/service';
import { Messages } from './0001-messages.js';

export const migrations: Migrations = [Messages];
