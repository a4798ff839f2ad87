export { stopServersForTests as default } from './test-servers.js';
