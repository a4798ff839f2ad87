import type { Migrations } from '@regulars/service';
import { FollowUps } from './0001-follow-ups.js';

export const migrations: Migrations = [FollowUps];
