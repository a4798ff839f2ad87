import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { pino } from 'pino';
import { openApiOf } from './edge/document.config.js';
import type { GatewaySettings } from './gateway.config.js';
import { GatewayModule } from './gateway.module.js';

/** The OpenAPI document without a running gateway: routes and schemas are read, nothing is made or connected (O6). */
export async function openApiDocument(): Promise<OpenAPIObject> {
  // In preview Nest makes no provider, so that nobody reads a setting.
  const module = GatewayModule.with({} as GatewaySettings, pino({ enabled: false }));
  const app = await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(), {
    preview: true,
    logger: false,
    abortOnError: false,
  });
  return openApiOf(app);
}
