import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Takes the services' traces, so that telemetry costs them what it costs in production, and counts the exports. */
export class TraceSink {
  exports = 0;

  private constructor(private readonly server: Server) {
    server.on('request', (request, response) => {
      this.exports++;
      request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
    });
  }

  static async start(): Promise<TraceSink> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new TraceSink(server);
  }

  /** What `OTEL_EXPORTER_OTLP_ENDPOINT` is set to. */
  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
