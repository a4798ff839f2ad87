import { describe, expect, it } from '@jest/globals';
import { Gender, NeedKind } from '@regulars/contracts/members/v1/particulars';
import { particularsDraft } from './particulars.js';

const home = {
  label: '家',
  country: 'CN',
  region: '上海市',
  city: '上海',
  district: '黄浦区',
  street: '中山东一路 1 号',
  postcode: '200002',
};
const told = {
  gender: Gender.FEMALE,
  addresses: [home],
  diningPreferences: ['靠窗', 'spicy'],
  shoppingPreferences: [],
  needs: [
    { kind: NeedKind.ALLERGY, detail: '花生' },
    { kind: NeedKind.HIGH_CHAIR, detail: '' },
  ],
  contactPersons: [{ name: '孙经理', position: '采购', mobile: '+86 138 0013 8000', email: '' }],
};

function faultsOf(change: object): string[] {
  const { error } = particularsDraft.safeParse({ ...told, ...change });
  return (error?.issues ?? []).map((issue) => issue.path.join('/'));
}

describe('What a member told', () => {
  it('[M2] is stored with mobiles in E.164', () => {
    const [person] = told.contactPersons;
    const stored = { ...told, contactPersons: [{ ...person, mobile: '+8613800138000' }] };
    expect(particularsDraft.parse(told)).toEqual(stored);
  });

  it('[M2] may be nothing at all', () => {
    const nothing = {
      gender: 0,
      addresses: [],
      diningPreferences: [],
      shoppingPreferences: [],
      needs: [],
      contactPersons: [],
    };
    expect(particularsDraft.parse(nothing)).toEqual(nothing);
  });

  it.each(['', 'cn', 'CHN', 'XX', 'ZZ', '中国'])('[M2] is refused with the country %j', (country) => {
    expect(faultsOf({ addresses: [{ ...home, country }] })).toEqual(['addresses/0/country']);
  });

  it('[M2] says which food, which allergy and which other need', () => {
    const bare = [NeedKind.AVOIDED_FOOD, NeedKind.ALLERGY, NeedKind.OTHER, NeedKind.WHEELCHAIR, NeedKind.ELDERLY_CARE];
    const needs = bare.map((kind) => ({ kind, detail: '' }));
    expect(faultsOf({ needs })).toEqual(['needs/0/detail', 'needs/1/detail', 'needs/2/detail']);
    expect(faultsOf({ needs: [{ kind: NeedKind.UNSPECIFIED, detail: 'x' }] })).toEqual(['needs/0/kind']);
  });

  it('[M2] names contact persons who can be reached', () => {
    const person = { name: '孙经理', position: '', mobile: '', email: '' };
    expect(faultsOf({ contactPersons: [person] })).toEqual(['contactPersons/0/mobile']);
    expect(faultsOf({ contactPersons: [{ ...person, email: 'sun@canteen.example' }] })).toEqual([]);
  });

  it('[M2] is bounded in number and length', () => {
    const faults = faultsOf({
      addresses: Array.from({ length: 6 }, () => home),
      diningPreferences: Array.from({ length: 21 }, () => '靠窗'),
      shoppingPreferences: ['x'.repeat(51), ''],
      needs: Array.from({ length: 21 }, () => ({ kind: NeedKind.HIGH_CHAIR, detail: '' })),
      contactPersons: Array.from({ length: 11 }, () => told.contactPersons[0]),
    });
    expect(faults).toEqual([
      'addresses',
      'diningPreferences',
      'shoppingPreferences/0',
      'shoppingPreferences/1',
      'needs',
      'contactPersons',
    ]);
  });
});
