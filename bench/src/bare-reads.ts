import Fastify from 'fastify';
import pg from 'pg';
import { BARE_QUERIES } from './bare-queries.js';
import { READS } from './results.js';

/**
 * What the reads are compared with: a bare Fastify with the same query on the same database, its rows as they are. A
 * process of its own; prints its port once it listens.
 */
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 6 });
const app = Fastify();
for (const name of READS) {
  const { route, query, values } = BARE_QUERIES[name];
  app.get(route, async (request) => {
    const { rows } = await pool.query<object>({
      name,
      text: query,
      values: values(request.params as Record<string, string>),
    });
    return rows;
  });
}
const address = await app.listen({ host: '127.0.0.1', port: 0 });
process.send?.(address);
process.on('disconnect', () => process.exit(0));
