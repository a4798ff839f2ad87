/** A route as the router knows it. */
export interface Route {
  readonly method: string;
  readonly path: string;
}

/** Which methods a path has, by the routes that there are: none for a path that nobody has. */
export class Methods {
  private readonly byPath = new Map<string, { readonly form: RegExp; readonly methods: Set<string> }>();

  add({ method, path }: Route): void {
    const known = this.byPath.get(path) ?? { form: formOf(path), methods: new Set() };
    known.methods.add(method);
    this.byPath.set(path, known);
  }

  of(path: string): string[] {
    const found = [...this.byPath.values()].filter(({ form }) => form.test(path));
    return [...new Set(found.flatMap(({ methods }) => [...methods]))].sort();
  }
}

/** The paths of a route of the router: `:name` stands for a piece, `::` for a colon. */
function formOf(path: string): RegExp {
  const pieces = path
    .replace(/\([^)]*\)/g, '')
    .split(/(::|:\w+|\*)/)
    .map((piece) => {
      if (piece === '::') return ':';
      if (piece === '*') return '.*';
      return piece.startsWith(':') ? '[^/:]+' : piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    });
  return new RegExp(`^${pieces.join('')}$`);
}
