import { isGone, signal } from './processes.js';
import { endStack, stackOwner } from './stack.js';

const owner = await stackOwner();
if (owner) {
  signal(owner, 'SIGTERM');
  if (!(await isGone(owner, 60_000))) signal(owner, 'SIGKILL');
}
// What a killed launcher left is ended too.
await endStack();
console.log(owner ? 'The platform has ended.' : 'No platform was running.');
