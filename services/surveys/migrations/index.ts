import type { Migrations } from '@regulars/service';
import { FollowUps } from './0001-follow-ups.js';
import { MemberDataOrders } from './0010-member-data-orders.js';
import { Restrictions } from './0011-restrictions.js';
import { Merges } from './0012-merges.js';
import { OutboxOrder } from './0100-outbox-order.js';

export const migrations: Migrations = [FollowUps, MemberDataOrders, Restrictions, Merges, OutboxOrder];
