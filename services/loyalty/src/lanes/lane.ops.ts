import { Histogram } from 'prom-client';

/** How many items share a transaction (requirement O2). */
export const batchItems = new Histogram({
  name: 'loyalty_batch_items',
  help: 'Items booked by one transaction',
  labelNames: ['kind'],
  buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
});

/** How long a transaction takes from its first statement to the answer of COMMIT. */
export const batchSeconds = new Histogram({
  name: 'loyalty_batch_seconds',
  help: 'Time of one transaction of a lane, from hold to commit',
  labelNames: ['kind'],
  buckets: [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1, 2, 5],
});

/** How long the rules take for a batch. */
export const decideSeconds = new Histogram({
  name: 'loyalty_decide_seconds',
  help: 'Time of deciding one batch in memory',
  buckets: [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05],
});

/** How long recording and COMMIT take for a batch. */
export const commitSeconds = new Histogram({
  name: 'loyalty_commit_seconds',
  help: 'Time of recording and committing one batch',
  buckets: [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1, 2, 5],
});

/** How many items wait in a lane whenever it takes a batch. */
export const laneQueue = new Histogram({
  name: 'loyalty_lane_queue_items',
  help: 'Items waiting in a lane when it takes the next batch',
  buckets: [1, 4, 16, 64, 256, 512, 1_024, 2_048],
});
