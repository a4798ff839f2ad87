import type { Scenario } from './scenario.js';
import { cutCommit } from './scenarios/cut-commit.js';
import { downstreamStopped } from './scenarios/downstream-stopped.js';
import { failover } from './scenarios/failover.js';
import { hotMember } from './scenarios/hot-member.js';
import { kafkaStopped } from './scenarios/kafka-stopped.js';
import { killExpiry } from './scenarios/kill-expiry.js';
import { killLoyalty } from './scenarios/kill-loyalty.js';
import { killNotifications } from './scenarios/kill-notifications.js';
import { killPostgres } from './scenarios/kill-postgres.js';
import { killRelay } from './scenarios/kill-relay.js';
import { offlineBatches } from './scenarios/offline-batches.js';
import { openTransaction } from './scenarios/open-transaction.js';
import { overload } from './scenarios/overload.js';
import { poisonItem } from './scenarios/poison-item.js';
import { tillKilled } from './scenarios/till-killed.js';
import { twins } from './scenarios/twins.js';
import { twoRelays } from './scenarios/two-relays.js';

/** Every scenario, in the order in which they are played. */
export const scenarios: readonly Scenario[] = [
  killLoyalty,
  killPostgres,
  failover,
  cutCommit,
  kafkaStopped,
  killRelay,
  twoRelays,
  killNotifications,
  twins,
  poisonItem,
  hotMember,
  overload,
  downstreamStopped,
  openTransaction,
  offlineBatches,
  tillKilled,
  killExpiry,
];
