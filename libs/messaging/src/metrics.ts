import { Counter, Gauge, Histogram } from 'prom-client';

const delayBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300];

export const outboxMetrics = {
  published: new Counter({ name: 'regulars_outbox_published_total', help: 'Events acknowledged by Kafka' }),
  delay: new Histogram({
    name: 'regulars_outbox_publish_delay_seconds',
    help: 'From the writing of the oldest event of a batch to its acknowledgement by Kafka',
    buckets: delayBuckets,
  }),
  leads: new Gauge({ name: 'regulars_outbox_leads', help: '1 where this process is its service’s relay' }),
  failures: new Counter({ name: 'regulars_outbox_relay_failures_total', help: 'Times the relay had to begin anew' }),
  oldestUnpublished: new Gauge({
    name: 'regulars_outbox_oldest_unpublished_seconds',
    help: 'Age of the oldest event that is not yet published; 0 when there is none',
  }),
  oldestWriter: new Gauge({
    name: 'regulars_outbox_oldest_writer_seconds',
    help: 'How long the oldest writing transaction of the cluster has been seen open: it can hold back every relay',
  }),
  daysAhead: new Gauge({
    name: 'regulars_outbox_days_ahead',
    help: 'Days for which the outbox has partitions already',
  }),
};

const consumerLabels = ['group', 'topic'] as const;

export const consumerMetrics = {
  applied: new Counter({
    name: 'regulars_consumer_applied_total',
    help: 'Events whose effect was committed',
    labelNames: consumerLabels,
  }),
  delay: new Histogram({
    name: 'regulars_consumer_delay_seconds',
    help: 'From the writing of the oldest event of a batch by its owner to the commit of its effect',
    labelNames: consumerLabels,
    buckets: delayBuckets,
  }),
  lag: new Gauge({
    name: 'regulars_consumer_lag_records',
    help: 'Records of a partition of this process that are not yet applied',
    labelNames: [...consumerLabels, 'partition'],
  }),
  parked: new Counter({
    name: 'regulars_consumer_parked_total',
    help: 'Events put aside because they, or an earlier one of their key, could not be applied',
    labelNames: consumerLabels,
  }),
  parkedKeys: new Gauge({
    name: 'regulars_consumer_parked_keys',
    help: 'Keys that wait to be replayed or discarded',
    labelNames: consumerLabels,
  }),
  outages: new Counter({
    name: 'regulars_consumer_outages_total',
    help: 'Attempts that failed for a reason that is not the event’s and are tried again',
    labelNames: consumerLabels,
  }),
  lost: new Counter({
    name: 'regulars_consumer_lost_batches_total',
    help: 'Batches given up because another member of the group had moved the offset',
    labelNames: consumerLabels,
  }),
  resets: new Counter({
    name: 'regulars_consumer_offset_resets_total',
    help: 'Stored offsets that lay outside the topic and were moved to its beginning',
    labelNames: consumerLabels,
  }),
  restarts: new Counter({
    name: 'regulars_consumer_restarts_total',
    help: 'Clients replaced after a crash or by the watchdog',
    labelNames: [...consumerLabels, 'cause'],
  }),
};
