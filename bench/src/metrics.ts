/** What a service measured itself since it began: the mean of each of its histograms, from its ops port. */
export async function meansOf(opsPort: number | undefined): Promise<string[]> {
  const text = await (await fetch(`http://127.0.0.1:${opsPort}/metrics`)).text();
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, name, labels = '', value] = /^(\w+_(?:sum|count))(\{[^}]*\})? (\S+)$/.exec(line) ?? [];
    if (name && !name.startsWith('nodejs_')) values.set(name.replace(/_(sum|count)$/, `${labels} $1`), Number(value));
  }
  return [...values.keys()]
    .filter((name) => name.endsWith(' sum') && (values.get(name.replace(/sum$/, 'count')) ?? 0) > 0)
    .map((name) => {
      const mean = (values.get(name) ?? 0) / (values.get(name.replace(/sum$/, 'count')) ?? 1);
      return `${name.replace(/ sum$/, '')} ${mean.toPrecision(3)}`;
    });
}
