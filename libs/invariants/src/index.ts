export {
  type Checked,
  checkEach,
  checkStored,
  type DatabaseClient,
  isWorthAMessage,
  type StoredInvariant,
  storedInvariants,
} from './invariants.js';
