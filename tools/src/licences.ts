import { parseArgs } from 'node:util';
import { isAllowed } from './licences/allowed.js';
import { installedPackages } from './licences/packages.js';

/**
 * `npm run licences`: which licences the packages have that are installed, from their own metadata, and whether each is one
 * that may be shipped with the product. Fails on one that may not; `--all` names every package.
 */
const { values: flags } = parseArgs({ options: { all: { type: 'boolean', default: false } } });
const packages = await installedPackages();
const counted = [...new Set(packages.map(({ licence }) => licence))].map((licence) => ({
  licence,
  having: packages.filter((each) => each.licence === licence),
}));
for (const { licence, having } of counted.sort((a, b) => b.having.length - a.having.length)) {
  const shipped = having.filter(({ isShipped }) => isShipped).length;
  console.log(`${String(having.length).padStart(5)}  ${licence} (${shipped} shipped)`);
  if (flags.all) for (const each of having) console.log(`       ${each.name} ${each.version}`);
}
const refused = packages.filter((each) => !isAllowed(each));
for (const { name, version, licence } of refused) console.error(`not allowed: ${name} ${version} (${licence})`);
console.log(`licences: ${packages.length} packages, ${refused.length} not allowed`);
process.exitCode = refused.length === 0 && packages.length > 0 ? 0 : 1;
