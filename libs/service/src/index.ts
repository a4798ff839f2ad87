export { bootService, runProcess, type ServiceDescription, type Serving, settingsOrExit } from './boot.js';
export { chainBegins, chained } from './chain.js';
export { CLOCK, type Clock, systemClock } from './clock.js';
export { ConfigurationController } from './configuration.controller.js';
export {
  type ConfigurationChange,
  configurationTables,
  logConfiguration,
  verifyConfiguration,
} from './configuration-log.js';
export { dataSourceOptions, type Migrations, migrate, poolOf } from './database.js';
export { inTransaction, isDryRun, TakesDryRuns } from './dry-run.js';
export { DueWork, type DueWorkOptions } from './due-work.js';
export { CannotOpen, newDataKey, open, seal } from './encryption.js';
export { fingerprintOf, forgetKeys, idempotencyTable, type Once, once, type RepeatableWrite } from './idempotency.js';
export { forgetOldKeys } from './idempotency-care.js';
export { jsonLogger, NestLogger } from './logging.js';
export type { MemberData, Reader } from './member-data/member-data.js';
export { MemberDataModule } from './member-data/member-data.module.js';
export { memberDataConsumers } from './member-data/orders.consumer.js';
export { restrictedAmong, restrictionTables } from './member-data/restrictions.store.js';
export { erasureTopic, privacyTopics, restrictionTopic } from './member-data/tasks.js';
export { memberDataTables } from './member-data/tasks.store.js';
export { MergesConsumer, membersBehind, mergeTables, survivorsOf } from './merge.js';
export { exitCodes, Misused, type OpsAnswer, type OpsCall, type OpsCommand, runOps } from './ops.js';
export { OpsServer, type ReadinessCheck } from './ops-server.js';
export { isOutage } from './outage.js';
export { cutPage, type Page, pageOf } from './paging.js';
export { mayActFor, type Principal, PrincipalSigner, PrincipalVerifier, type Role, roles } from './principal.js';
export { processCommands } from './process-ops.js';
export { Refusal, type RefusalDetail, type RefusalStatus, refusal } from './refusal.js';
export { type CallOptions, type RpcClient, RpcFailure, rpcClient } from './rpc-client.js';
export {
  failureOf,
  ItemPrincipals,
  idempotencyKeyIn,
  principalOf,
  RpcController,
  type RpcHandlers,
} from './rpc-server.js';
export {
  InvalidSettings,
  type ProcessSettings,
  processSettings,
  readSettings,
  SETTINGS,
  type ServiceSettings,
  serviceSettings,
} from './settings.js';
export { inSpan, spanOf, traceIdOf, traceparentFrom, traceparentIn, traceparentOf } from './telemetry.js';
export { isTimeZone } from './time-zone.js';
