import { createServer, type Server } from 'node:http';
import { register } from 'prom-client';

/** What a probe asks: resolves when the process can serve. */
export type ReadinessCheck = () => Promise<void>;

/**
 * Liveness, readiness, start-up and metrics for the platform team (requirement O2), on a port of their own.
 *
 * `/livez` answers as long as the event loop turns; `/startupz` once the process has booted; `/readyz` while it has
 * booted, is not shutting down, and its checks pass; `/metrics` in Prometheus' text format.
 */
export class OpsServer {
  private state: 'starting' | 'serving' | 'stopping' = 'starting';
  private readonly server: Server;

  constructor(private readonly checks: readonly ReadinessCheck[]) {
    this.server = createServer((request, response) => {
      void this.answer(request.url ?? '/').then(([status, body, type]) => {
        response.writeHead(status, { 'content-type': type, connection: 'close' }).end(body);
      });
    });
  }

  listen(port: number, host: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject).listen(port, host, () => resolve());
    });
  }

  serving(): void {
    this.state = 'serving';
  }

  stopping(): void {
    this.state = 'stopping';
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private async answer(path: string): Promise<[number, string, string]> {
    switch (path) {
      case '/livez':
        return [200, 'ok\n', 'text/plain'];
      case '/startupz':
        return this.state === 'starting' ? [503, 'starting\n', 'text/plain'] : [200, 'ok\n', 'text/plain'];
      case '/readyz':
        return this.readiness();
      case '/metrics':
        return [200, await register.metrics(), register.contentType];
      default:
        return [404, 'livez, readyz, startupz or metrics\n', 'text/plain'];
    }
  }

  private async readiness(): Promise<[number, string, string]> {
    if (this.state !== 'serving') return [503, `${this.state}\n`, 'text/plain'];
    const results = await Promise.allSettled(this.checks.map((check) => check()));
    const failed = results.filter((result) => result.status === 'rejected');
    const reasons = failed.map((result) => (result.reason instanceof Error ? result.reason.message : 'failed'));
    return failed.length === 0 ? [200, 'ok\n', 'text/plain'] : [503, `${reasons.join('\n')}\n`, 'text/plain'];
  }
}
