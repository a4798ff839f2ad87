import { z } from 'zod';

type Numbers = Readonly<Record<string, string | number>>;
type Names<Enum> = Exclude<Extract<keyof Enum, string>, 'UNSPECIFIED' | 'UNRECOGNIZED'>;
type Kebab<Name extends string> = Name extends `${infer Head}_${infer Rest}`
  ? `${Lowercase<Head>}-${Kebab<Rest>}`
  : Lowercase<Name>;

/** How a generated enum is spoken on the wire: `STORE_DESK` is `store-desk`. */
export interface Words<Enum> {
  /** The schema of a word in a body or an answer. */
  readonly schema: z.ZodEnum<{ [Word in Kebab<Names<Enum>>]: Word }>;
  /** The generated number of a word. */
  readonly number: (word: string) => Enum[Names<Enum> & keyof Enum];
  /** The word of a number; `unspecified` for one that has none. */
  readonly word: (number: number) => string;
}

/** Words for a generated enum, all of them but the unspecified one. */
export function wordsOf<Enum extends Numbers>(numbers: Enum): Words<Enum> {
  const isWord = (name: string) => Number.isNaN(Number(name)) && name !== 'UNSPECIFIED' && name !== 'UNRECOGNIZED';
  const names = Object.keys(numbers).filter(isWord);
  const byWord = new Map(names.map((name) => [kebab(name), numbers[name] as number]));
  const byNumber = new Map([...byWord].map(([word, number]) => [number, word]));
  return {
    schema: z.enum([...byWord.keys()]) as unknown as Words<Enum>['schema'],
    number: (word) => (byWord.get(word) ?? 0) as ReturnType<Words<Enum>['number']>,
    word: (number) => byNumber.get(number) ?? 'unspecified',
  };
}

function kebab(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}
