import 'reflect-metadata';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Global, type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { eventually, readTopic } from '@regulars/testing';
import { register } from 'prom-client';
import { DataSource } from 'typeorm';
import { MessagingModule } from '../messaging.module.js';
import { Outbox } from '../outbox.js';
import { MessagingSettings } from '../settings.js';
import { aKey, clients, event, Installation, Listener, POINTS } from './installation.js';

@Injectable()
class PointsConsumer extends Listener {}

describe('The messaging module', () => {
  let installation: Installation;
  let app: INestApplicationContext;

  const boot = async (consumers = [PointsConsumer]) => {
    @Global()
    @Module({
      providers: [
        { provide: DataSource, useValue: installation.dataSource },
        { provide: MessagingSettings, useValue: installation.settings },
      ],
      exports: [DataSource, MessagingSettings],
    })
    class Surroundings {}

    @Module({
      imports: [
        Surroundings,
        MessagingModule.forRoot({ source: '/regulars/loyalty', topics: [{ name: POINTS }], consumers }),
      ],
      providers: [PointsConsumer],
    })
    class LoyaltyModule {}

    return NestFactory.createApplicationContext(LoyaltyModule, { logger: false });
  };

  beforeEach(async () => {
    register.resetMetrics();
    installation = await Installation.make(clients[0].connect);
  });
  afterEach(async () => {
    await app.close();
    await installation.close();
  });

  it('[O1] runs the relay and the consumers of a service from its start to its end', async () => {
    app = await boot();
    const outbox = app.get(Outbox);
    await installation.commit(event(aKey(), 1));
    outbox.wake();
    await eventually(async () => (await installation.heard()).length === 1);
    await app.close();
    await installation.commit(event(aKey(), 2));
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await readTopic(installation.nameOf(POINTS))).toHaveLength(1);
  });

  it('[O2] tells what waits, what lags and who leads', async () => {
    app = await boot();
    await installation.commit(event(aKey(), 1));
    await eventually(async () => (await installation.heard()).length === 1);
    await eventually(async () => (await register.getSingleMetricAsString('regulars_outbox_leads')).endsWith(' 1'));
    const metrics = await register.metrics();
    for (const name of [
      'regulars_outbox_published_total',
      'regulars_outbox_oldest_unpublished_seconds',
      'regulars_outbox_oldest_writer_seconds',
      'regulars_outbox_days_ahead 7',
      'regulars_consumer_applied_total{group="listeners",topic="regulars.loyalty.points.v1"} 1',
      'regulars_consumer_offset_resets_total{group="listeners",topic="regulars.loyalty.points.v1"} 0',
    ]) {
      expect(metrics).toContain(name);
    }
  });

  it('[O1] refuses two consumers that would each hear a part of a topic', async () => {
    await expect(
      (async () => {
        app = await boot([PointsConsumer, PointsConsumer]);
      })(),
    ).rejects.toThrow('Two consumers are listeners of regulars.loyalty.points.v1');
  });
});
