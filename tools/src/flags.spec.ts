import { describe, expect, it } from '@jest/globals';
import { flagsIn } from './flags.js';

describe('The flags of npm start', () => {
  it('are all optional', () => {
    expect(flagsIn([])).toMatchObject({ once: false, detach: false, fresh: false, ports: { gateway: 8080 } });
  });

  it('choose a port for each part', () => {
    const { once, ports } = flagsIn(['--once', '--port', '9000', '--kafka-port=9001']);
    expect(once).toBe(true);
    expect(ports).toMatchObject({ gateway: 9000, kafka: 9001, postgres: 15432 });
  });

  it.each(['abc', '0', '65536', '80.5', ''])('refuse %p as a port, and say what one is', (text) => {
    expect(() => flagsIn(['--port', text])).toThrow('a port is a whole number from 1 to 65535');
  });

  it('refuse a flag that there is not, and name those that there are', () => {
    expect(() => flagsIn(['--twice'])).toThrow('--once, --detach, --fresh, --port N');
  });
});
