import { describe, expect, it } from '@jest/globals';
import { loggedStatements } from './profile-statements.js';

const log = [
  '2026-11-22 06:00:00.000 UTC [1] r_members LOG:  statement: BEGIN',
  '2026-11-22 06:00:00.001 UTC [1] r_members LOG:  execute <unnamed>: SELECT *',
  '\tFROM member WHERE member_id = $1 AND name = $2 AND gone_at IS NOT DISTINCT FROM $3',
  `2026-11-22 06:00:00.001 UTC [1] r_members DETAIL:  Parameters: $1 = 'a', $2 = 'O''Hara, $2 = ''x''', $3 = NULL`,
  '2026-11-22 06:00:00.002 UTC [2] r_loyalty LOG:  execute balance: SELECT $1',
  `2026-11-22 06:00:00.002 UTC [2] r_loyalty DETAIL:  Parameters: $1 = 'a'`,
  '',
].join('\n');

describe('The statements of a profile', () => {
  it('are read from the log of the server with their parameters', () => {
    expect(loggedStatements(log)).toEqual([
      {
        role: 'r_members',
        text: 'SELECT *\n FROM member WHERE member_id = $1 AND name = $2 AND gone_at IS NOT DISTINCT FROM $3',
        values: ['a', `O'Hara, $2 = 'x'`, null],
      },
      { role: 'r_loyalty', text: 'SELECT $1', values: ['a'] },
    ]);
  });
});
