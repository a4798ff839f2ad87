import { describe, expect, it } from '@jest/globals';
import { brandDraft } from './brands/brands.js';
import { storeDraft } from './stores/stores.js';
import { tillDraft } from './tills/tills.js';

const store = {
  brandId: '019a9f3e-0000-7000-8000-000000000001',
  code: 'SH-BUND',
  nameZh: '外滩店',
  nameEn: 'The Bund',
  timeZone: 'Asia/Shanghai',
  dayCutoverMinutes: 240,
  currency: 'CNY',
  language: 'zh-CN',
};

function faultsOf(change: Partial<Record<keyof typeof store, unknown>>): string[] {
  const { error } = storeDraft.safeParse({ ...store, ...change });
  return (error?.issues ?? []).map((issue) => issue.path.join('/'));
}

describe('What a brand, a store and a till must look like', () => {
  it('[O4] takes a store whose every field is in order', () => {
    expect(storeDraft.parse(store)).toEqual(store);
  });

  it('[O4] tells every fault of a store at once', () => {
    const faults = faultsOf({
      brandId: 'LAMP',
      code: 'sh bund',
      nameZh: '',
      nameEn: 'x'.repeat(101),
      timeZone: 'Asia/Nowhere',
      dayCutoverMinutes: 721,
      currency: 'RMB',
      language: 'fr',
    });
    expect(faults).toEqual([
      'brandId',
      'code',
      'nameZh',
      'nameEn',
      'timeZone',
      'dayCutoverMinutes',
      'currency',
      'language',
    ]);
  });

  it.each(['Asia/Shanghai', 'Asia/Urumqi', 'Europe/Berlin', 'UTC'])('[O4] knows the time zone %s', (timeZone) => {
    expect(faultsOf({ timeZone })).toEqual([]);
  });

  it.each(['', '+08:00', 'Beijing', 'Asia/Shanghai '])('[O4] refuses %j as a time zone', (timeZone) => {
    expect(faultsOf({ timeZone })).toEqual(['timeZone']);
  });

  it.each([0, 240, 720])('[O4] lets the business day end %i minutes after midnight', (dayCutoverMinutes) => {
    expect(faultsOf({ dayCutoverMinutes })).toEqual([]);
  });

  it.each([-1, 721, 1.5, Number.NaN])('[O4] refuses a day cut-over of %d minutes', (dayCutoverMinutes) => {
    expect(faultsOf({ dayCutoverMinutes })).toEqual(['dayCutoverMinutes']);
  });

  it.each(['XXY', 'cny', ''])('[O4] refuses %j as a currency', (currency) => {
    expect(faultsOf({ currency })).toEqual(['currency']);
  });

  it.each(['A', 'SH-BUND-2', 'X'.repeat(20)])('[O4] takes the code %s', (code) => {
    expect(brandDraft.safeParse({ code, nameZh: '灯笼面馆', nameEn: 'Lantern Noodles' }).success).toBe(true);
  });

  it.each(['', 'lamp', 'LAMP 1', '灯笼', 'X'.repeat(21), 'LAMP\n'])('[O4] refuses the code %j', (code) => {
    expect(brandDraft.safeParse({ code, nameZh: '灯笼面馆', nameEn: 'Lantern Noodles' }).success).toBe(false);
  });

  it('[O4] counts the characters of a name as people do', () => {
    expect(faultsOf({ nameZh: '𠮷'.repeat(100) })).toEqual([]);
    expect(faultsOf({ nameZh: '𠮷'.repeat(101) })).toEqual(['nameZh']);
  });

  it('[O4] stores one spelling of a name that can be encoded in two', () => {
    expect(storeDraft.parse({ ...store, nameEn: ' Cafe\u0301 ' }).nameEn).toBe('Café');
  });

  it.each(['a\u0000b', 'a\nb', 'a\u202eb'])('[O4] refuses the name %j', (nameEn) => {
    expect(faultsOf({ nameEn })).toEqual(['nameEn']);
  });

  it.each(['1', '12A', '收银台 3'])('[O4] takes the till number %s', (number) => {
    expect(tillDraft.safeParse({ storeId: store.brandId, number }).success).toBe(true);
  });

  it.each(['', ' ', '1'.repeat(21), '1\t'.concat('2')])('[O4] refuses the till number %j', (number) => {
    expect(tillDraft.safeParse({ storeId: store.brandId, number }).success).toBe(false);
  });
});
