import { createRequire } from 'node:module';

const CHECK_AFTER_MS = 10;

/** The part of kafkajs' request queue that is mended here. */
interface RequestQueue {
  readonly pending: readonly unknown[];
  readonly throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  checkPendingRequests(): void;
}

/**
 * Ends a timer that kafkajs 2.2.4 arms again every millisecond for each connection, also while no request waits (its
 * issues 1704 and 1751, open since 2024). Seven processes at rest used a quarter of a core for it. A queue is looked at
 * only while a request waits in it, which is also when kafkajs arms the timer anew.
 */
export function restWhileNothingWaits(): void {
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue/index.js') as {
    prototype: RequestQueue & { scheduleCheckPendingRequests: (this: RequestQueue) => void };
  };
  if (typeof prototype.scheduleCheckPendingRequests !== 'function') throw new Error('kafkajs has another queue by now');
  prototype.scheduleCheckPendingRequests = function scheduleCheckPendingRequests() {
    if (this.throttleCheckTimeoutId || this.pending.length === 0) return;
    const waitMs = Math.max(CHECK_AFTER_MS, this.throttledUntil - Date.now());
    this.throttleCheckTimeoutId = setTimeout(() => {
      this.throttleCheckTimeoutId = null;
      this.checkPendingRequests();
    }, waitMs);
  };
}
