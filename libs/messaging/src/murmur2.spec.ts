import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Message, Partitioners, type PartitionMetadata } from 'kafkajs';
import { partitionOf } from './murmur2.js';

describe('The partition of a key', () => {
  it('[L4] is the one that Kafka’s own clients choose', () => {
    const reference = Partitioners.DefaultPartitioner();
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.integer({ min: 1, max: 64 }), (key, partitions) => {
        const partitionMetadata = Array.from({ length: partitions }, (_, partitionId): PartitionMetadata => {
          return { partitionId, leader: 1, partitionErrorCode: 0, replicas: [], isr: [], offlineReplicas: [] };
        });
        const message: Message = { key, value: null };
        expect(partitionOf(Buffer.from(key), partitions)).toBe(reference({ topic: 't', message, partitionMetadata }));
      }),
    );
  });
});
