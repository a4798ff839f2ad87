import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stackDir } from './folders.js';
import { CannotStart } from './processes.js';

/** As much of `.regulars/stack.json` as is needed to call the platform of this checkout. */
export interface Running {
  readonly gateway: { readonly url: string };
  readonly tokens: { readonly administrator: string };
}

/** The platform that `npm start` left running here. @throws CannotStart when there is none */
export async function runningStack(): Promise<Running> {
  try {
    return JSON.parse(await readFile(join(stackDir, 'stack.json'), 'utf8')) as Running;
  } catch {
    throw new CannotStart('No platform runs in this checkout: npm start, or name one by --gateway.');
  }
}

/** Where its gateway answers. @throws CannotStart as above */
export async function gatewayOf(): Promise<string> {
  return (await runningStack()).gateway.url;
}
