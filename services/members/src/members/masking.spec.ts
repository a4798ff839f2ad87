import { describe, expect, it } from '@jest/globals';
import { masked } from './masking.js';

describe('A masked person', () => {
  it('[M6] shows every field masked', () => {
    const person = {
      name: '王小明',
      mobile: '+8613800138000',
      email: 'xiaoming@guests.example',
      birthday: { month: 2, day: 29, year: 2000, lunar: false },
    };
    expect(masked(person)).toEqual({
      name: '王**',
      mobile: '+86138****8000',
      email: 'x***@g***.example',
      birthday: { month: 2, day: 0, year: 0, lunar: false },
    });
  });

  it('[M6] shows that there is no mobile, e-mail or birthday', () => {
    const person = { name: '王小明', mobile: '', email: '', birthday: undefined };
    expect(masked(person)).toEqual({ ...person, name: '王**' });
  });
});
