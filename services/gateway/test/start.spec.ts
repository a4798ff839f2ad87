import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, type DynamicModule, Get } from '@nestjs/common';
import { jsonLogger } from '@regulars/service';
import { type TestTopics, testTopics } from '@regulars/testing';
import { createServer } from '../src/edge/server.config.js';
import { GatewayModule } from '../src/gateway.module.js';
import { edgeSettings, startEdge } from './edge.js';

@Controller('v1/secrets')
class SecretsController {
  @Get()
  list(): object {
    return { secrets: [] };
  }
}

const nowhere = 'http://127.0.0.1:9';
let topics: TestTopics;

beforeAll(() => {
  topics = testTopics();
});

afterAll(() => topics.drop());

describe('A gateway that starts', () => {
  it('[O4] does not start with a route that has no row in the permission table', async () => {
    const log = jsonLogger('gateway', 'fatal');
    const start = async (...more: readonly (new () => object)[]) => {
      const module: DynamicModule = GatewayModule.with(edgeSettings(topics, '127.0.0.1:9', nowhere), log);
      const app = await createServer({ ...module, controllers: [...(module.controllers ?? []), ...more] }, log);
      // Routes are registered here; connections to Kafka come after.
      return app.init().finally(() => app.close());
    };
    await expect(start(SecretsController)).rejects.toThrow('GET /v1/secrets has no row in the permission table');
    await expect(start()).resolves.toBeDefined();
  });

  it('[O4] answers reads at once, however late the start has made it', async () => {
    const edge = await startEdge();
    try {
      edge.owners.answer('listStores', () => ({ stores: [], nextCursor: '' }));
      const token = await edge.issuer.token({ sub: 'emma', roles: ['auditor'] });
      const until = performance.now() + 1_500;
      while (performance.now() < until);
      const asked = Array.from({ length: 20 }, () =>
        edge.app.inject({ method: 'GET', url: '/v1/stores', headers: { authorization: `Bearer ${token}` } }),
      );
      expect(new Set((await Promise.all(asked)).map(({ statusCode }) => statusCode))).toEqual(new Set([200]));
    } finally {
      await edge.stop();
    }
  });
});
