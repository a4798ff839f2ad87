export { isBrokerReady, LocalKafka } from './kafka.js';
export { LocalPostgres } from './postgres.js';
export { CannotStart } from './processes.js';
export { type Provisioned, provision, unprovision } from './provisioning.js';
export { type Servers, startServers, startTestServers } from './servers.js';
export { OWNERS, type OwnerName, SERVICES, type ServiceName } from './services.js';
