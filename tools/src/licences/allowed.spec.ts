import { describe, expect, it } from '@jest/globals';
import { isAllowed } from './allowed.js';
import { installedPackages } from './packages.js';

const licensed = (licence: string, isShipped = true) => ({ name: 'x', version: '1.0.0', licence, isShipped });

describe('Licences of packages', () => {
  it.each(['MIT', '(MIT OR GPL-3.0-only)', 'Apache-2.0 AND MIT', '(Apache-2.0 AND BSD-3-Clause)'])(
    '[O4] allow %s',
    (licence) => {
      expect(isAllowed(licensed(licence))).toBe(true);
    },
  );

  it.each(['GPL-3.0-only', 'AGPL-3.0-or-later', 'MIT AND GPL-2.0-only', 'UNKNOWN', 'SEE LICENSE IN LICENSE', ''])(
    '[O4] refuse %s',
    (licence) => {
      expect(isAllowed(licensed(licence))).toBe(false);
    },
  );

  it('[O4] are looser for what only builds and tests', () => {
    expect([isAllowed(licensed('CC-BY-4.0')), isAllowed(licensed('CC-BY-4.0', false))]).toEqual([false, true]);
  });

  it('[O4] are allowed ones in every package that is installed', async () => {
    const packages = await installedPackages();
    expect(packages.length).toBeGreaterThan(300);
    expect(packages.filter((each) => !isAllowed(each))).toEqual([]);
  });
});
