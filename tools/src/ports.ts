import { randomInt } from 'node:crypto';
import getPort, { portNumbers } from 'get-port';

/** Where the parts of a running platform are found when these ports are free; tests never use them. */
export const FRIENDLY_PORTS = {
  gateway: 8080,
  oidc: 8090,
  sink: 8025,
  smtp: 8026,
  postgres: 15432,
  kafka: 19092,
} as const;

/**
 * A free port of the loopback interface, below the range from which systems take the ports of outgoing connections, so
 * that a server which is stopped and started again finds its port still free.
 */
export function freePort(preferred?: number): Promise<number> {
  const from = randomInt(20_000, 31_000);
  const candidates = [...portNumbers(from, from + 500)];
  return getPort({ port: preferred ? [preferred, ...candidates] : candidates, host: '127.0.0.1', reserve: true });
}
