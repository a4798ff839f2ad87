import { glob, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { workspaceDir } from './folders.js';

/** One thing the platform must do. */
interface Line {
  id: string;
  text: string;
}

/** A test that carries requirement ids in its title. */
export interface Proof {
  ids: readonly string[];
  title: string;
  /** Path from the root of the checkout. */
  file: string;
}

/** An `it` or `test` whose title begins with ids in brackets: `it('[L5] spends oldest expiry first'`, `[L1][L4]`, `[L1, L4]`. */
const TITLE = /\b(?:it|test)(?:\.each\([^)]*\))?\(\s*(['"`])((?:\[[A-Z]\d+(?:,\s*[A-Z]\d+)*\]\s*)+)((?:(?!\1).)*)\1/gs;

/** Finds the tests that name requirements in the text of a test file. */
export function proofsIn(text: string, file: string): Proof[] {
  return [...text.matchAll(TITLE)].map(([, , ids = '', title = '']) => ({
    ids: ids.match(/[A-Z]\d+/g) ?? [],
    title: title.replaceAll(/\s+/g, ' ').trim(),
    file,
  }));
}

/** The page: every line with the tests that prove it, so that a line without one shows. */
export function requirementsPage(areas: Readonly<Record<string, readonly Line[]>>, proofs: readonly Proof[]): string {
  const lines = Object.values(areas).flat();
  const known = new Set(lines.map(({ id }) => id));
  const unknown = proofs.flatMap(({ ids }) => ids).filter((id) => !known.has(id));
  if (unknown.length > 0) throw new Error(`Test titles name requirements that there are not: ${unknown.join(', ')}`);
  const proved = lines.filter(({ id }) => proofs.some(({ ids }) => ids.includes(id)));
  const sections = Object.entries(areas).map(
    ([area, own]) => `\n## ${area}\n\n${own.map((line) => entry(line, proofs)).join('')}`,
  );
  return `# Requirements and the tests that prove them

Generated from test titles by \`npm run requirements\`; do not edit. ${proved.length} of ${lines.length} lines have a test.
A line may be larger than what its tests prove so far: the titles say what holds.
${sections.join('')}`;
}

function entry({ id, text }: Line, proofs: readonly Proof[]): string {
  const own = proofs.filter(({ ids }) => ids.includes(id));
  if (own.length === 0) return `- **${id}** ${text} *No test yet.*\n`;
  const tests = own.map(({ title, file }) => `  - ${title} ([${file.split('/').at(-1)}](../${file}))\n`);
  return `- **${id}** ${text}\n${tests.join('')}`;
}

/** Writes `docs/requirements.md`, or with `--check` only tells whether it is up to date. */
async function main(): Promise<void> {
  const docs = join(workspaceDir, 'docs');
  const areas = JSON.parse(await readFile(join(docs, 'requirements-lines.json'), 'utf8')) as Record<string, Line[]>;
  const page = requirementsPage(areas, await readProofs());
  const file = join(docs, 'requirements.md');
  if (!process.argv.includes('--check')) {
    await writeFile(file, page);
  } else if ((await readFile(file, 'utf8').catch(() => '')) !== page) {
    console.error('docs/requirements.md is not what the test titles say: run `npm run requirements` and commit it.');
    process.exitCode = 1;
  }
}

async function readProofs(): Promise<Proof[]> {
  const files: string[] = [];
  for await (const file of glob('{libs,services,tools,bench,faults}/**/*.spec.ts', {
    cwd: workspaceDir,
    exclude: (path) => /(^|\/)(node_modules|dist)$/.test(path),
  })) {
    files.push(file);
  }
  const texts = files.sort().map(async (file) => proofsIn(await readFile(join(workspaceDir, file), 'utf8'), file));
  return (await Promise.all(texts)).flat();
}

if (import.meta.main) await main();
