import { describe, expect, it } from '@jest/globals';
import { CaseState } from '@regulars/contracts/complaints/v1/cases';
import { OpeningState } from '@regulars/contracts/loyalty/v1/openings';
import { RegistrationChannel } from '@regulars/contracts/members/v1/members';
import { wordsOf } from './words.js';

describe('Words for a generated enum', () => {
  const channels = wordsOf(RegistrationChannel);

  it('are lower case with dashes, all but the unspecified one', () => {
    expect(channels.schema.options).toEqual(['store-desk', 'pos', 'website', 'app', 'wechat', 'phone', 'import']);
  });

  it('turn into the number and back', () => {
    for (const word of channels.schema.options) expect(channels.word(channels.number(word))).toBe(word);
  });

  // Every name that began with UN was left out.
  it('have a word for what is undone', () => {
    expect(wordsOf(OpeningState).word(OpeningState.UNDONE)).toBe('undone');
    expect(wordsOf(OpeningState).schema.options).toContain('undoing');
  });

  it('have a word for a number that a newer owner answers', () => {
    expect(wordsOf(CaseState).word(77)).toBe('unspecified');
  });
});
