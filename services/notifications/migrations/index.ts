import type { Migrations } from '@regulars/service';
import { Messages } from './0001-messages.js';
import { Recipients } from './0002-recipients.js';
import { MemberDataOrders } from './0010-member-data-orders.js';
import { Restrictions } from './0011-restrictions.js';
import { Merges } from './0012-merges.js';
import { OutboxOrder } from './0100-outbox-order.js';

export const migrations: Migrations = [Messages, Recipients, MemberDataOrders, Restrictions, Merges, OutboxOrder];
