import Fastify from 'fastify';
import pg from 'pg';
import { BARE_READS, type Subject } from './bare-queries.js';
import { READS } from './results.js';

/**
 * What the reads are compared with: a bare Fastify with the same statements on the same database, its rows as they are.
 * A process of its own; tells its address once it listens. `/balance/3` asks about the third subject.
 */
const subjects = JSON.parse(process.env.SUBJECTS ?? '[]') as Subject[];
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 6 });
const app = Fastify();
for (const name of READS) {
  app.get<{ Params: { subject: string } }>(`/${name}/:subject`, (request) => {
    return BARE_READS[name](pool, subjects[Number(request.params.subject)] as Subject);
  });
}
process.send?.(await app.listen({ host: '127.0.0.1', port: 0 }));
process.on('disconnect', () => process.exit(0));
