import type { Migrations } from '@regulars/service';
import { Members } from './0001-members.js';
import { KeyRotation } from './0002-key-rotation.js';
import { Particulars } from './0003-particulars.js';
import { Find } from './0004-find.js';
import { Verification } from './0005-verification.js';
import { PrivacyRequests } from './0006-privacy-requests.js';
import { Duplicates } from './0010-duplicates.js';
import { Merges } from './0011-merges.js';
import { Visits } from './0020-visits.js';
import { Imports } from './0021-imports.js';
import { Tiers } from './0022-tiers.js';
import { AccessSeals } from './0030-access-seals.js';
import { Restrictions } from './0031-restrictions.js';
import { Confirmations } from './0032-confirmations.js';
import { TagVersions } from './0033-tag-versions.js';
import { OutboxOrder } from './0100-outbox-order.js';

/** Oldest first. */
export const migrations: Migrations = [
  Members,
  KeyRotation,
  Particulars,
  Find,
  Verification,
  PrivacyRequests,
  Duplicates,
  Merges,
  Visits,
  Imports,
  Tiers,
  AccessSeals,
  Restrictions,
  Confirmations,
  TagVersions,
  OutboxOrder,
];
