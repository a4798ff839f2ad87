/** Receipt numbers of one till that nobody posted between two that were. */
export interface NumberGap {
  readonly first: string;
  readonly last: string;
  readonly missing: number;
}

/** What is missing between the numbers of a till. */
export interface Missing {
  readonly gaps: readonly NumberGap[];
  readonly missing: number;
  /** Whether the numbers are a sequence at all, so that gaps mean something. */
  readonly isSequence: boolean;
}

const MOST_GAPS = 200;
/** More missing than so many times what is there: the till does not number its receipts one after the other. */
const SPARSE = 10;

/**
 * Receipt numbers that are missing (requirement L17). A number is what a text ends in, digits after any beginning; each
 * beginning counts for itself. Before the first and after the last of a day nothing can be known to be missing.
 */
export function missingNumbers(texts: readonly string[]): Missing {
  const gaps: NumberGap[] = [];
  let missing = 0;
  let count = 0;
  for (const [beginning, numbers] of numbersByBeginning(texts)) {
    const sorted = [...numbers].sort(([one], [other]) => one - other);
    count += sorted.length;
    sorted.forEach(([number, width], index) => {
      const [before, widthBefore] = sorted[index - 1] ?? [number - 1, width];
      if (number - before < 2) return;
      missing += number - before - 1;
      if (gaps.length === MOST_GAPS) return;
      const written = (value: number) => beginning + String(value).padStart(Math.min(width, widthBefore), '0');
      gaps.push({ first: written(before + 1), last: written(number - 1), missing: number - before - 1 });
    });
  }
  const isSequence = count > 0 && missing <= count * SPARSE;
  return isSequence ? { gaps, missing, isSequence } : { gaps: [], missing: 0, isSequence };
}

function numbersByBeginning(texts: readonly string[]): Map<string, Map<number, number>> {
  const all = new Map<string, Map<number, number>>();
  for (const text of texts) {
    // At most 15 digits: a safe whole number.
    const digits = /\d{1,15}$/.exec(text)?.[0];
    if (digits === undefined) continue;
    const beginning = text.slice(0, -digits.length);
    const numbers = all.get(beginning) ?? new Map<number, number>();
    numbers.set(Number(digits), digits.length);
    all.set(beginning, numbers);
  }
  return all;
}
