import type { OpsCommand } from './ops.js';
import { signerOf } from './principal.js';
import type { ProcessSettings } from './settings.js';

/** The commands that every process has: an image holds no other program that could ask. */
export function processCommands(
  opsPort: number,
  settings: () => Pick<ProcessSettings, 'PRINCIPAL_KEYS' | 'PRINCIPAL_PRIVATE_KEY'>,
): OpsCommand[] {
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
    {
      name: 'principals',
      says: 'Whose principals this container is given keys for, by their ids, and the key it signs with; 1 while a signer has two keys, or its own is not among them.',
      run: async () => {
        const { PRINCIPAL_KEYS, PRINCIPAL_PRIVATE_KEY } = settings();
        const { keys } = JSON.parse(PRINCIPAL_KEYS) as { keys: { kid: string }[] };
        const believes = keys.map(({ kid }) => kid).sort();
        const signers = believes.map(signerOf);
        const replaced = [...new Set(signers.filter((signer, index) => signers.indexOf(signer) !== index))];
        const own = PRINCIPAL_PRIVATE_KEY ? (JSON.parse(PRINCIPAL_PRIVATE_KEY) as { kid: string }).kid : undefined;
        const ok = replaced.length === 0 && (own === undefined || believes.includes(own));
        return { ok, answer: { believes, signsWith: own ?? null, replaced } };
      },
    },
  ];
}
