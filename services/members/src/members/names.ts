import { textOf } from '../fields.js';

const mostCharacters = 100;

// Alphabets whose letters pass for those of another: Cyrillic А, Greek Α and Latin A look the same.
const alphabets = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u];

/**
 * A name as it is stored (requirement M2). No word of it mixes Latin, Cyrillic and Greek letters: such a word is made to
 * look like another (Unicode TR 39), and would never be found by who types what it looks like.
 *
 * @returns undefined for what is no name
 */
export function nameOf(text: string): string | undefined {
  const name = textOf(text, mostCharacters);
  return name?.split(/[\s·.'’-]+/u).every(isOfOneAlphabet) ? name : undefined;
}

/** The first character, and not how many follow: 王小明 is 王**, as is 王五. */
export function maskedName(name: string): string {
  return `${Array.from(name)[0] ?? ''}**`;
}

const leastHan = 2;
const leastOther = 3;
const mostHan = 4;
const mostOther = 8;
const mostBeginnings = 24;

/**
 * The beginnings by which a name is found (requirement M4). Names in Han, Kana or Hangul: 2 to 4 characters from the
 * first. Others: 3 to 8 letters of each word. A name or word that is shorter counts whole. Beginnings of one character
 * are left out: they would tell who holds the table how often each family name occurs.
 */
export function beginningsOf(name: string): string[] {
  const beginnings = wordsOf(name).flatMap(({ letters, least, most }) =>
    letters.length <= least
      ? [letters.join('')]
      : Array.from({ length: Math.min(letters.length, most) - least + 1 }, (_, n) =>
          letters.slice(0, least + n).join(''),
        ),
  );
  return [...new Set(beginnings)].slice(0, mostBeginnings);
}

/**
 * What is looked for when somebody types the beginning of a name: each of these, and of what was found the names that
 * `beginsLike` the words. Words that are too short for a beginning only find names in which they stand whole.
 *
 * @returns empty when there is no letter
 */
export function lookedFor(prefix: string): string[] {
  const words = wordsOf(prefix);
  const long = words.filter(({ letters, least }) => letters.length >= least);
  return (long.length > 0 ? long : words).map(({ letters, most }) => letters.slice(0, most).join(''));
}

/** Whether every word typed begins a word of the name, the last one too when it is a letter only. */
export function beginsLike(name: string, prefix: string): boolean {
  const words = wordsOf(name).map(({ letters }) => letters.join(''));
  return wordsOf(prefix).every(({ letters }) => words.some((word) => word.startsWith(letters.join(''))));
}

/** A whole name as names are compared: without marks, case and the order of its words. Empty when there is no letter. */
export function comparedName(name: string): string {
  return wordsOf(name)
    .map(({ letters }) => letters.join(''))
    .sort()
    .join(' ');
}

/** Words as they are compared: without marks and case, Chinese names in one piece. */
function wordsOf(name: string) {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().normalize('NFC');
  const joined = plain.replace(/(?<=[\p{Script=Han}])[\s·・]+(?=[\p{Script=Han}])/gu, '');
  return joined
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
    .map((word) => {
      const letters = Array.from(word);
      const isHan = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u.test(word);
      return { letters, least: isHan ? leastHan : leastOther, most: isHan ? mostHan : mostOther };
    });
}

function isOfOneAlphabet(word: string): boolean {
  return alphabets.filter((alphabet) => alphabet.test(word)).length <= 1;
}
