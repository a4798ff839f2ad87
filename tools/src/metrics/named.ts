/** A metric with its labels, as the one table of the docs names it (requirement O2). */
export interface NamedMetric {
  readonly name: string;
  readonly labels: readonly string[];
}

/** A selector of an expression in PromQL, such as `up{service="loyalty"}`. */
export interface Selector {
  /** The family: `gateway_request_seconds` for its buckets, sum and count. */
  readonly metric: string;
  readonly text: string;
}

const ROW = /^\|((?:\s*`[a-z_]+`,?)+)\s*\|([^|]*)\|[^|]*\|$/gm;

const SELECTOR = /\b((?:regulars|gateway|loyalty|nodejs|process)_\w+|up)\b(\{[^}]*\})?/g;

/** The rows of the table of metrics in a page of Markdown; a row may name several. */
export function namedMetrics(page: string): NamedMetric[] {
  return [...page.matchAll(ROW)].flatMap(([, names = '', labels = '']) =>
    [...names.matchAll(/`([a-z_]+)`/g)].map(([, name = '']) => ({
      name,
      labels: labels.split(',').flatMap((label) => label.trim() || []),
    })),
  );
}

/** What an expression asks for, without the series that recording rules make. */
export function selectorsIn(expression: string): Selector[] {
  return [...expression.matchAll(SELECTOR)].map(([text, name = '']) => ({
    text,
    metric: name.replace(/_(bucket|sum|count)$/, ''),
  }));
}

/** The labels that an expression keeps: what stands behind `by`. */
export function labelsKept(expression: string): string[] {
  return [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = '']) =>
    labels.split(',').map((label) => label.trim()),
  );
}
