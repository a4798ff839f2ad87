import type { Migrations } from '@regulars/service';
import { Cases } from './0001-cases.js';

export const migrations: Migrations = [Cases];
