import { parseArgs } from 'node:util';
import { FRIENDLY_PORTS } from './ports.js';
import { CannotStart } from './processes.js';

/** Which part a port belongs to. */
type Part = keyof typeof FRIENDLY_PORTS;

/** How `npm start` was asked to start. */
export interface Flags {
  /** Tell the story and end. */
  once: boolean;
  /** Return when ready, and stay in the background. */
  detach: boolean;
  /** Forget what earlier starts have stored. */
  fresh: boolean;
  /** Where each part should listen when the port is free. */
  ports: Record<Part, number>;
}

/** Reads the flags of `npm start`. @throws CannotStart for one that there is not, or a port that is none. */
export function flagsIn(args: readonly string[]): Flags {
  const { once, detach, fresh, ...wished } = parsed(args);
  const ports: Record<Part, number> = { ...FRIENDLY_PORTS };
  for (const part of Object.keys(ports) as Part[]) {
    const text = wished[flagOf(part)];
    if (typeof text !== 'string') continue;
    const port = Number(text);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      throw new CannotStart(`--${flagOf(part)} is "${text}": a port is a whole number from 1 to 65535.`);
    }
    ports[part] = port;
  }
  return { once: once === true, detach: detach === true, fresh: fresh === true, ports };
}

/** The gateway's is `--port`, the others are `--postgres-port` and so on. */
function flagOf(part: Part): string {
  return part === 'gateway' ? 'port' : `${part}-port`;
}

function parsed(args: readonly string[]): Record<string, unknown> {
  const parts = Object.keys(FRIENDLY_PORTS) as Part[];
  try {
    return parseArgs({
      args: [...args],
      options: {
        once: { type: 'boolean' },
        detach: { type: 'boolean' },
        fresh: { type: 'boolean' },
        ...Object.fromEntries(parts.map((part) => [flagOf(part), { type: 'string' as const }])),
      },
    }).values;
  } catch (error) {
    throw new CannotStart(
      `${(error as Error).message} The flags are --once, --detach, --fresh, ${parts.map((part) => `--${flagOf(part)} N`).join(', ')}.`,
    );
  }
}
