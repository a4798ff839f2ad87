import { parsePhoneNumberFromString } from 'libphonenumber-js/core';
import mobileNumbers from 'libphonenumber-js/metadata.mobile';

/**
 * A mobile as it is stored, compared and dialled: E.164 (requirement M2).
 *
 * @param text in international form; blanks and dashes do not matter
 * @returns undefined for what is no mobile of its country
 */
export function mobileOf(text: string): string | undefined {
  const parsed = parsePhoneNumberFromString(text.trim(), { extract: false }, mobileNumbers);
  return parsed?.isValid() && !parsed.ext ? parsed.number : undefined;
}

/**
 * A mobile that a person can recognise and nobody else can dial. Four digits at least are hidden: of eleven digits, as
 * Chinese mobiles have, the first three and the last four show; of fewer, the last third.
 *
 * @param mobile as `mobileOf` gives it
 */
export function maskedMobile(mobile: string): string {
  const parsed = parsePhoneNumberFromString(mobile, mobileNumbers);
  if (!parsed) return '****';
  const { countryCallingCode, nationalNumber } = parsed;
  const { length } = nationalNumber;
  const head = length >= 11 ? nationalNumber.slice(0, 3) : '';
  const tail = nationalNumber.slice(length - (length >= 11 ? 4 : Math.floor(length / 3)));
  return `+${countryCallingCode}${head}****${tail}`;
}
