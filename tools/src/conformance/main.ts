import { parseArgs } from 'node:util';
import pc from 'picocolors';
import { gatewayOf } from '../running.js';
import { putThrough, type Verdict } from './run.js';
import { type Command, steps } from './steps.js';
import { TillProgram } from './till-program.js';
import { Watch } from './watch.js';

const HELP = `Puts a till's software through what the network, the platform and the day will put it through.

The run listens on a port of its own and passes everything on to the gateway. Point the till at it instead of at the
gateway, with a key of the sandbox (npm run sandbox), and do what is asked, or let the till do it by itself.

  npm run conformance -- [--gateway URL] [--port 8089] [--till COMMAND] [--patience SECONDS] [--only RULE,RULE]

  --gateway   where the gateway answers; the platform of this checkout when left out
  --till      starts the till's software by this command; each thing to do is a line of JSON on its standard input,
              {"do":"purchase"} or {"do":"refund"}, and GATEWAY is the address to call. Without it a person is asked.
  --patience  how long to wait for the till in each step: 30, or 120 when a person is asked
  --only      some of the rules: ${steps.map(({ rule }) => rule).join(', ')}

It ends with 0 when every rule is kept, else with 1.`;

const asks: Readonly<Record<Command, string>> = {
  purchase: 'Ring up a purchase of a sandbox member · 请为沙箱会员记一笔消费',
  refund: 'Refund an earlier purchase in full · 请将之前的一笔消费全额退款',
  restart: 'Cut the power of the till and start it again · 请断电并重新启动收银机',
};

const { values: flags } = parseArgs({
  options: {
    help: { type: 'boolean' },
    gateway: { type: 'string' },
    port: { type: 'string', default: '8089' },
    till: { type: 'string' },
    patience: { type: 'string' },
    only: { type: 'string' },
  },
});

if (flags.help) console.log(HELP);
else process.exitCode = await main();

async function main(): Promise<number> {
  const gateway = flags.gateway ?? (await gatewayOf());
  const watch = await Watch.start(gateway, Number(flags.port));
  const program = flags.till === undefined ? undefined : new TillProgram(flags.till, { GATEWAY: watch.url });
  if (!program) console.log(`Point the till at ${pc.bold(watch.url)} · 请将收银机指向该地址\n`);
  try {
    const verdicts = await putThrough(program ?? { ask: tell }, watch, {
      patienceMs: Number(flags.patience ?? (program ? 30 : 120)) * 1_000,
      ...(flags.only !== undefined && { only: flags.only.split(',') }),
      onVerdict: say,
    });
    const broken = verdicts.filter(({ finding }) => finding !== undefined);
    console.log(`\n${verdicts.length - broken.length} of ${verdicts.length} rules are kept`);
    return broken.length === 0 ? 0 : 1;
  } finally {
    await program?.stop();
    watch.stop();
  }
}

async function tell(command: Command): Promise<void> {
  console.log(`→ ${asks[command]}`);
}

function say({ rule, title, finding }: Verdict): void {
  console.log(`${finding === undefined ? pc.green('✓') : pc.red('✗')} ${rule.padEnd(12)} ${title}`);
  if (finding !== undefined) console.log(`  ${finding}`);
}
