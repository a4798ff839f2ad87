import type { Migrations } from '@regulars/service';
import { Chain } from './0001-chain.js';
import { RepeatableWrites } from './0002-repeatable-writes.js';
import { CallCounts } from './0003-call-counts.js';
import { ConfigurationChain } from './0004-configuration-chain.js';
import { SigningKeys } from './0005-signing-keys.js';
import { OutboxOrder } from './0100-outbox-order.js';

/** Oldest first. */
export const migrations: Migrations = [
  Chain,
  RepeatableWrites,
  CallCounts,
  ConfigurationChain,
  SigningKeys,
  OutboxOrder,
];
