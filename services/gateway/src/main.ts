import { jsonLogger, runProcess, settingsOrExit } from '@regulars/service';
import { ChainConsumer } from './access/chain.consumer.js';
import { createServer, MOST_ARRIVING } from './edge/server.config.js';
import { gatewaySettings } from './gateway.config.js';
import { GatewayModule } from './gateway.module.js';

const settings = settingsOrExit(gatewaySettings);
const log = jsonLogger('gateway', settings.LOG_LEVEL);

await runProcess(log, settings, 'gateway', async () => {
  const app = await createServer(GatewayModule.with(settings, log), log);
  const chain = app.get(ChainConsumer);
  return {
    app,
    listen: () => app.listen({ port: settings.HTTP_PORT, host: settings.HOST, backlog: MOST_ARRIVING }),
    checks: [() => chain.check()],
  };
});
