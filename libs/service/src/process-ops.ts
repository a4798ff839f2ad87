import type { OpsCommand } from './ops.js';

/** The commands that every process has: an image holds no other program that could ask. */
export function processCommands(opsPort: number): OpsCommand[] {
  const ask = (path: string) => fetch(`http://127.0.0.1:${opsPort}${path}`, { signal: AbortSignal.timeout(5_000) });
  return [
    {
      name: 'health',
      says: 'What the probes answer in this container.',
      run: async () => {
        const paths = ['/livez', '/startupz', '/readyz'];
        const answers = await Promise.all(
          paths.map(async (path) => {
            const response = await ask(path).catch(() => undefined);
            return [path, response ? (await response.text()).trim() : 'no answer', response?.ok ?? false] as const;
          }),
        );
        return { ok: answers.every(([, , ok]) => ok), answer: Object.fromEntries(answers) };
      },
    },
    {
      name: 'metrics',
      takes: '<prefix>',
      says: 'The metrics of this container whose names begin so, such as regulars_outbox.',
      run: async ({ words: [prefix = ''] }) => {
        const lines = (await (await ask('/metrics')).text()).split('\n').filter((line) => line.startsWith(prefix));
        return { ok: lines.length > 0, answer: lines };
      },
    },
  ];
}
