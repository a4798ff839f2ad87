import { jsonLogger, processCommands, runOps, runProcess, settingsOrExit } from '@regulars/service';
import { ChainConsumer } from './access/chain.consumer.js';
import { createServer, MOST_ARRIVING } from './edge/server.config.js';
import { gatewaySettings } from './gateway.config.js';
import { GatewayModule } from './gateway.module.js';
import { beginDrain } from './operation/drain.ops.js';
import { postTwiceCommand } from './operation/post-twice.ops.js';

if (process.argv[2] === 'ops') {
  const commands = [
    ...processCommands(Number(process.env.OPS_PORT), () => settingsOrExit(gatewaySettings)),
    postTwiceCommand,
  ];
  process.exit(await runOps('gateway', commands, process.argv.slice(3)));
}
const settings = settingsOrExit(gatewaySettings);
const log = jsonLogger('gateway', settings.LOG_LEVEL);

await runProcess(log, settings, 'gateway', async () => {
  const app = await createServer(GatewayModule.with(settings, log), log, settings.TRUSTED_PROXIES);
  const chain = app.get(ChainConsumer);
  return {
    app,
    listen: () => app.listen({ port: settings.HTTP_PORT, host: settings.HOST, backlog: MOST_ARRIVING }),
    checks: [() => chain.check()],
    drain: beginDrain,
  };
});
