import { domainToASCII } from 'node:url';

const local = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const domain = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;
const mostLocal = 64;
const mostCharacters = 254;

/**
 * An e-mail address as it is stored and compared: lower case, its domain in ASCII (requirement M2). Upper and lower case
 * of the part before the @ are the same mailbox everywhere that matters, and people write both.
 *
 * @returns undefined for what is no address (RFC 5321 without quoted forms and address literals)
 */
export function emailOf(text: string): string | undefined {
  const written = text.normalize('NFC').trim().toLowerCase();
  const at = written.lastIndexOf('@');
  const name = written.slice(0, Math.max(at, 0));
  const host = domainToASCII(written.slice(at + 1));
  if (!local.test(name) || name.length > mostLocal || !domain.test(host)) return undefined;
  const address = `${name}@${host}`;
  return address.length <= mostCharacters ? address : undefined;
}

/** Shows the first letter of both parts and the top-level domain: a domain may be somebody's name too. */
export function maskedEmail(address: string): string {
  const at = address.lastIndexOf('@');
  const dot = address.lastIndexOf('.');
  return `${address.slice(0, 1)}***@${address.slice(at + 1, at + 2)}***${address.slice(dot)}`;
}
