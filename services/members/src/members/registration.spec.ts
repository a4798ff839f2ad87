import { describe, expect, it } from '@jest/globals';
import { MemberNature, RegisterMemberRequest, RegistrationChannel } from '@regulars/contracts/members/v1/members';
import { Temporal } from 'temporal-polyfill';
import { registration } from './registration.js';

const now = new Date('2026-03-01T08:00:00Z');
const schema = registration({ now, today: Temporal.PlainDate.from('2026-03-01') });

const channel = RegistrationChannel.WECHAT;
const benefits = { notice: 'benefits', version: '2026-05', channel, acceptedAt: now };
const privacy = { ...benefits, notice: 'privacy' };
const request: RegisterMemberRequest = {
  idempotencyKey: 'k-1',
  person: {
    name: '王小明',
    mobile: '+8613800138000',
    email: '',
    birthday: { month: 2, day: 29, year: 0, lunar: false },
  },
  nature: MemberNature.INDIVIDUAL,
  language: 'zh-CN',
  homeStoreId: '',
  channel,
  acceptances: [benefits, privacy],
};

function faultsOf(change: object): string[] {
  const { error } = schema.safeParse({ ...request, ...change });
  return (error?.issues ?? []).map((issue) => issue.path.join('/'));
}

describe('A registration', () => {
  it('[M1] is taken from every channel', () => {
    const channels = Object.values(RegistrationChannel).filter((each) => typeof each === 'number');
    const taken = channels.filter((each) => faultsOf({ channel: each }).length === 0);
    expect(taken).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it.each([0, -1, 8])('[M1] is refused from the unknown channel %i', (unknown) => {
    expect(faultsOf({ channel: unknown })).toEqual(['channel']);
  });

  it('[M1] needs both notices, each accepted once', () => {
    expect(faultsOf({ acceptances: [] })).toEqual(['acceptances', 'acceptances']);
    expect(faultsOf({ acceptances: [privacy] })).toEqual(['acceptances']);
    expect(faultsOf({ acceptances: [benefits, privacy, privacy] })).toEqual(['acceptances']);
  });

  it('[M1] needs the version, the channel and the time of each acceptance', () => {
    const vague = { notice: 'terms', version: '', channel: 0, acceptedAt: undefined };
    const faults = ['notice', 'version', 'channel', 'acceptedAt'].map((field) => `acceptances/2/${field}`);
    expect(faultsOf({ acceptances: [benefits, privacy, vague] })).toEqual(faults);
  });

  it('[M1] is refused when a notice is said to be accepted in the future, five minutes of clock skew apart', () => {
    const at = (ms: number) => ({ acceptances: [benefits, { ...privacy, acceptedAt: new Date(now.getTime() + ms) }] });
    expect(faultsOf(at(5 * 60_000))).toEqual([]);
    expect(faultsOf(at(5 * 60_000 + 1))).toEqual(['acceptances/1/acceptedAt']);
  });

  it('[M2] needs a mobile or an e-mail', () => {
    const person = { name: '王小明', mobile: '', email: '', birthday: undefined };
    expect(faultsOf({ person })).toEqual(['person/mobile']);
    expect(faultsOf({ person: { ...person, email: 'xiaoming@guests.example' } })).toEqual([]);
    expect(faultsOf({ person: undefined })).toEqual(['person']);
  });

  it('[M2] takes somebody who tells no nature as an individual', () => {
    expect(schema.parse({ ...request, nature: 0 }).nature).toBe(MemberNature.INDIVIDUAL);
    expect(faultsOf({ nature: 4 })).toEqual(['nature']);
  });

  it('[M2] tells every fault at once', () => {
    const faults = faultsOf({
      idempotencyKey: '',
      person: { name: '', mobile: '138', email: 'x', birthday: { month: 2, day: 30, year: 0, lunar: false } },
      nature: 9,
      language: 'fr',
      homeStoreId: 'bund',
      channel: 0,
      acceptances: [],
    });
    expect(faults).toEqual([
      'idempotencyKey',
      'person/name',
      'person/mobile',
      'person/email',
      'person/birthday',
      'nature',
      'language',
      'homeStoreId',
      'channel',
      'acceptances',
      'acceptances',
    ]);
  });

  it('[M2] never repeats what was told in what is wrong with it', () => {
    const person = { name: '王\u0000小明', mobile: '+86 138 0013', email: 'xiaoming@', birthday: undefined };
    const { error } = schema.safeParse({ ...request, person });
    const texts = (error?.issues ?? []).map((issue) => issue.message).join('\n');
    for (const told of ['小明', '138 0013', 'xiaoming']) expect(texts).not.toContain(told);
  });
});
