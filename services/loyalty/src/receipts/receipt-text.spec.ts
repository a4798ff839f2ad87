import { describe, expect, it } from '@jest/globals';
import * as texts from './receipt-text.js';

const most = Number.MAX_SAFE_INTEGER;

describe('Lines to print', () => {
  it('[L1] fit the paper in both languages, whatever the points', () => {
    const all = [
      texts.creditedText(most, most),
      texts.takenBackText(most, -most),
      texts.anonymousText(),
      texts.pendingText(),
      texts.heldText(),
      texts.refundWaitingText(),
    ];
    for (const { zhCn, en } of all) {
      const width = Array.from(zhCn).reduce((sum, letter) => sum + (letter > '\u2e7f' ? 2 : 1), 0);
      expect(width).toBeLessThanOrEqual(80);
      expect(en.length).toBeLessThanOrEqual(80);
    }
  });

  it('[L1] counts one point in the singular', () => {
    expect(texts.creditedText(1, 5).en).toBe('You earned 1 point. Balance: 5');
    expect(texts.creditedText(2, 5).zhCn).toBe('本次获得 2 积分，当前积分 5');
  });
});
