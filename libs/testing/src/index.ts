export { TestClock } from './clock.js';
export { type TestDatabase, testDatabase } from './database.js';
export { eventually } from './eventually.js';
export { hashesOf, type Place, placesThatTell, tracesOf } from './personal.js';
export { type PrincipalClaims, principalKeys, privateKeyOf, signedPrincipal } from './principals.js';
export { type PublishedEvent, publish } from './publish.js';
export { type ProgramEnd, type RunningService, runService, startService } from './running-service.js';
export { readTopic, type TestTopics, type TopicRecord, testTopics, topicEnd, topicsWith } from './topics.js';
export { type OnAnswer, WireConnection } from './wire-connection.js';
