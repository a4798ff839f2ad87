import { describe, expect, it } from '@jest/globals';
import { faultsOf, type Reader, type Rendering, render } from './render.js';
import { type Template, templates } from './templates.js';

const bund = { nameZh: '外滩店', nameEn: 'The Bund', timeZone: 'Asia/Shanghai' };
const wang: Reader = { name: '王小明', language: 'zh-CN', store: bund };
const smith: Reader = { name: 'Ann Smith', language: 'en', store: bund };

const rendered = (rendering: Rendering) => {
  if (rendering.outcome !== 'rendered') throw new Error(`refused: ${rendering.variable}`);
  return rendering.message;
};

describe('The templates', () => {
  it.each(Object.entries(templates))(
    '[N2] %s has words in both languages and declares every variable',
    (_name, template) => {
      expect(faultsOf(template)).toEqual([]);
    },
  );

  it('[N2] are refused with words missing, with a variable that nobody declared, with a moment in no zone', () => {
    const bad: Template = {
      goodForHours: 1,
      aboutStore: false,
      isOwed: false,
      variables: { respondBy: 'moment' },
      texts: {
        'zh-CN': { subject: '{{ points }}', paragraphs: ['{% if tier %}x{% endif %}'] },
        en: { subject: ' ', paragraphs: [] },
      },
    };
    expect(faultsOf(bad)).toEqual([
      'zh-CN: points is not declared',
      'zh-CN: tier is not declared',
      'en: a text is empty',
      'a moment needs the zone of a store',
    ]);
  });
});

describe('Rendering a message', () => {
  const earned = { points: 1_200, balance: 34_500 };

  it('[N2] greets by name and writes points as the language does', () => {
    expect(rendered(render(templates['points-earned'], earned, wang))).toMatchObject({
      subject: '您获得了 1,200 积分',
      text: expect.stringContaining('感谢光临外滩店。本次消费获得 1,200 积分，当前积分余额 34,500。'),
    });
    expect(rendered(render(templates['points-earned'], earned, smith)).text).toBe(
      'Dear Ann Smith,\n\nthank you for your visit to The Bund. It earned you 1,200 points; your balance is now 34,500.\n\n' +
        'We look forward to seeing you again.\n',
    );
  });

  it('[L6] speaks of points owed only where some are', () => {
    const taken = (owed: number) =>
      rendered(render(templates['points-taken-back'], { points: 7, owed, balance: 0 }, smith));
    expect(taken(3).text).toContain('you owe 3');
    expect(taken(0).text).not.toContain('owe');
    expect(taken(0).html).not.toContain('<p style="margin:0 0 16px"></p>');
  });

  it('[C4] promises a time as the clock of the store shows it', () => {
    const variables = { number: '1000017', respondBy: '2026-05-05T16:30:00Z' };
    expect(rendered(render(templates['case-received'], variables, wang)).text).toContain('2026年5月6日 00:30');
    const inParis = { ...smith, store: { ...bund, timeZone: 'Europe/Paris' } };
    expect(rendered(render(templates['case-received'], variables, inParis)).text).toMatch(/May 5, 2026 at 6:30\sPM/);
  });

  it('[N2] says the same in HTML, in the reader’s language', () => {
    const { html, text } = rendered(render(templates['points-earned'], earned, wang));
    expect(html).toContain('<html lang="zh-CN">');
    for (const paragraph of text.trim().split('\n\n')) expect(html).toContain(`>${paragraph}</p>`);
  });

  it('[N2] lets no name write HTML or a header', () => {
    const mallory = {
      ...smith,
      name: '<script>alert(1)</script>\r\nBcc: all@example.com',
      store: { ...bund, nameEn: 'A & B' },
    };
    const { html, subject } = rendered(render(templates['points-earned'], earned, mallory));
    expect(html).not.toContain('<script>');
    expect(html).toContain('&lt;script&gt;');
    expect(html).toContain('A &amp; B');
    const withName: Template = {
      ...templates['points-earned'],
      texts: { ...templates['points-earned'].texts, en: { subject: 'Hi {{ name }}', paragraphs: ['x'] } },
    };
    expect(subject).not.toMatch(/[\r\n]/);
    expect(rendered(render(withName, earned, mallory)).subject).not.toMatch(/[\r\n]/);
  });

  it.each([
    ['balance', templates['points-earned'], { points: 3 }, wang],
    ['points', templates['points-earned'], { points: 'many', balance: 1 }, wang],
    ['points', templates['points-earned'], { points: 1.5, balance: 1 }, wang],
    ['number', templates['case-received'], { number: '', respondBy: '2026-05-05T16:30:00Z' }, wang],
    ['respondBy', templates['case-received'], { number: '1', respondBy: 'soon' }, wang],
    ['store', templates['points-earned'], earned, { ...wang, store: undefined }],
  ])('[N2] refuses a message whose %s is missing or no value', (variable, template, variables, reader) => {
    expect(render(template, variables, reader)).toEqual({ outcome: 'refused', reason: 'VARIABLE_MISSING', variable });
  });
});
