import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import { openApiOf } from './document.config.js';

/** OpenAPI 3.1 at /openapi.json and a page to read it at /docs. */
export function serveReference(app: NestFastifyApplication): void {
  SwaggerModule.setup('docs', app, openApiOf(app), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Regulars API',
    swaggerOptions: { deepLinking: true, docExpansion: 'list', filter: true, displayRequestDuration: true },
  });
}
