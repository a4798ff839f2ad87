import type { Person } from '@regulars/contracts/members/v1/members';
import { maskedBirthday } from './birthday.js';
import { maskedEmail } from './email.js';
import { maskedMobile } from './mobile.js';
import { maskedName } from './names.js';

/** What is shown of a person to whoever has no reason to see more (requirement M6). */
export function masked({ name, mobile, email, birthday }: Person): Person {
  return {
    name: maskedName(name),
    mobile: mobile && maskedMobile(mobile),
    email: email && maskedEmail(email),
    birthday: birthday && maskedBirthday(birthday),
  };
}
