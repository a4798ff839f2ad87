import { describe, expect, it } from '@jest/globals';
import { Breaker } from './breaker.js';

/** A breaker whose last calls, one after the other, ended like this. */
function after(...found: boolean[]): Breaker {
  const breaker = new Breaker();
  for (const each of found) {
    breaker.ask(0);
    breaker.ended(0, each);
  }
  return breaker;
}

const nobody = [false, false, false, false, false];

describe('Calls to an owner', () => {
  it('[O4] go while it answers, whatever the answers are', () => {
    expect(after(true, true, true).ask(1)).toBe('go');
  });

  it('[O4] go on after single failures', () => {
    expect(after(...nobody.slice(1), true, ...nobody.slice(1)).ask(1)).toBe('go');
  });

  it('[O4] are told at once that it is out after five in a row that found nobody', () => {
    expect(after(...nobody).ask(999)).toBe('out');
  });

  it('[O4] try it one at a time while it is out', () => {
    const breaker = after(...nobody);
    expect([breaker.ask(1_000), breaker.ask(1_001), breaker.ask(1_999), breaker.ask(2_000)]).toEqual([
      'go',
      'out',
      'out',
      'go',
    ]);
  });

  it('[O4] leave it alone for a whole rest after the last of them found nobody', () => {
    const breaker = new Breaker();
    for (const _ of [...nobody, false]) breaker.ask(0);
    for (const _ of nobody) breaker.ended(2_000, false);
    breaker.ended(2_900, false);
    expect([breaker.ask(3_000), breaker.ask(3_899), breaker.ask(3_900)]).toEqual(['out', 'out', 'go']);
  });

  it('[O4] all go again once one found it back', () => {
    const breaker = after(...nobody);
    breaker.ask(1_000);
    breaker.ended(1_100, true);
    expect([breaker.ask(1_101), breaker.ask(1_101)]).toEqual(['go', 'go']);
  });

  it('[O4] never wait more than 128 at a time for a slow one', () => {
    const breaker = new Breaker();
    const asked = Array.from({ length: 130 }, () => breaker.ask(0));
    expect(asked.filter((each) => each === 'go')).toHaveLength(128);
    expect(asked.slice(128)).toEqual(['full', 'full']);
    breaker.ended(1, true);
    expect(breaker.ask(1)).toBe('go');
  });
});
