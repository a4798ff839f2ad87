import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BirthdayServiceService } from '@regulars/contracts/members/v1/birthdays';
import { type RpcClient, rpcClient } from '@regulars/service';
import { agent, as, Desk, notifications, refusalOf, wang } from './desk.js';

describe('Birthdays as members tells them to other services', () => {
  let desk: Desk;
  let birthdays: RpcClient<typeof BirthdayServiceService>;
  let leap: string;
  let lunar: string;
  let none: string;

  beforeAll(async () => {
    desk = await Desk.open();
    birthdays = rpcClient(BirthdayServiceService, desk.service.grpcAddress);
    const register = async (mobile: string, birthday: typeof wang.birthday | undefined) =>
      (await desk.register({ ...wang, email: '', mobile, birthday })).memberId;
    leap = await register('+8613800138101', { month: 2, day: 29, year: 1996, lunar: false });
    lunar = await register('+8613800138102', { month: 12, day: 20, year: 0, lunar: true });
    none = await register('+8613800138103', undefined);
  });

  afterAll(async () => {
    birthdays.close();
    await desk.close();
  });

  const find = async (fromDate: string, untilDate: string, by = notifications) =>
    (await birthdays.findBirthdays({ memberIds: [leap, lunar, none], fromDate, untilDate }, await as(by))).birthdays;

  it('[L10] tells a service the days that fall into the stretch, and no year of birth', async () => {
    expect(await find('2026-01-15', '2026-03-31')).toEqual(
      expect.arrayContaining([
        { memberId: leap, date: '2026-02-28', year: 2026 },
        { memberId: lunar, date: '2026-02-07', year: 2025 },
      ]),
    );
    expect(await find('2026-02-10', '2026-03-31')).toEqual([{ memberId: leap, date: '2026-02-28', year: 2026 }]);
  });

  it('[L10] tells nobody but services, and nothing outside the stretch', async () => {
    expect(await find('2026-05-01', '2026-05-31')).toEqual([]);
    expect(await refusalOf(find('2026-01-15', '2026-03-31', agent))).toMatchObject({ code: 'SERVICES_ONLY' });
    expect(await refusalOf(find('2026-01-15', '2026-12-31'))).toMatchObject({ code: 'MALFORMED' });
  });

  it('[M6] leaves a line in the access log for every birthday that is told, and for no other', async () => {
    const before = await desk.database.query<{ last: string }>(`SELECT max(entry) AS last FROM access_log`);
    await find('2026-02-10', '2026-03-31');
    const { rows } = await desk.database.query(`SELECT member_id, fields, purpose FROM access_log WHERE entry > $1`, [
      before.rows[0]?.last ?? 0,
    ]);
    expect(rows).toEqual([{ member_id: leap, fields: ['birthday'], purpose: 'birthday-rights' }]);
  });
});
