import { describe, expect, it } from '@jest/globals';
import { matchesOf } from './match.js';

const told = { name: '李娜', birthday: undefined, mobiles: [], emails: [] };

describe('What members are compared by', () => {
  it('[M5] compares a whole name with month and day of birth, not one without the other', () => {
    expect(matchesOf(told)).toEqual([]);
    const [match] = matchesOf({ ...told, birthday: '1996-02-29' });
    expect(match).toEqual({ kind: 'name-and-birthday', value: '李娜 02-29' });
    expect(matchesOf({ ...told, birthday: '--02-29' })).toEqual([match]);
    expect(matchesOf({ ...told, name: '李娜娜', birthday: '--02-29' })).not.toEqual([match]);
  });

  it('[M5] compares names whatever the order, marks and case of their words', () => {
    const values = ['Emma Müller', 'MULLER, emma'].map((name) => matchesOf({ ...told, name, birthday: '--05-01' }));
    expect(values[0]).toEqual(values[1]);
  });

  it('[M5] compares every mobile and e-mail that a member has or had, each once', () => {
    const contacts = {
      mobiles: ['+8613800138001', '+8613800138001'],
      emails: ['Li@guests.example', 'li@guests.example'],
    };
    expect(matchesOf({ ...told, ...contacts })).toEqual([
      { kind: 'mobile', value: '+8613800138001' },
      { kind: 'email', value: 'li@guests.example' },
    ]);
  });
});
