import { Liquid } from 'liquidjs';
import { type Language, languages, type MessageText, type Template, type VariableKind } from './templates.js';

/** To whom and about where a message speaks. */
export interface Reader {
  readonly name: string;
  readonly language: Language;
  /** The store it is about, where the template is about one. */
  readonly store?: { readonly nameZh: string; readonly nameEn: string; readonly timeZone: string } | undefined;
}

export interface RenderedMessage {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

export type Rendering =
  | { readonly outcome: 'rendered'; readonly message: RenderedMessage }
  | { readonly outcome: 'refused'; readonly reason: 'VARIABLE_MISSING'; readonly variable: string };

const plain = new Liquid({ strictVariables: true, strictFilters: true });
const writePlain = writer(plain);
const writeHtml = writer(new Liquid({ strictVariables: true, strictFilters: true, outputEscape: 'escape' }));

/** Writes a message for its reader. A variable that is missing or is no value of its kind is refused (requirement N2). */
export function render(
  template: Template,
  variables: Readonly<Record<string, string | number>>,
  reader: Reader,
): Rendering {
  const written: Record<string, string> = { name: reader.name };
  if (template.aboutStore) {
    if (!reader.store) return { outcome: 'refused', reason: 'VARIABLE_MISSING', variable: 'store' };
    written.store = reader.language === 'zh-CN' ? reader.store.nameZh : reader.store.nameEn;
  }
  for (const [variable, kind] of Object.entries(template.variables)) {
    const value = present(kind, variables[variable], reader);
    if (value === undefined) return { outcome: 'refused', reason: 'VARIABLE_MISSING', variable };
    written[variable] = value;
  }
  return { outcome: 'rendered', message: compose(template.texts[reader.language], reader.language, written) };
}

/** What keeps a template from being used: words it lacks, variables it uses and does not declare (requirement N2). */
export function faultsOf(template: Template): string[] {
  const known = new Set([...Object.keys(template.variables), 'name', ...(template.aboutStore ? ['store'] : [])]);
  const faults = languages.flatMap((language) => {
    const { subject, paragraphs } = template.texts[language];
    const used = [subject, ...paragraphs].flatMap((line) => plain.globalVariablesSync(line));
    const empty = [subject, ...paragraphs, paragraphs.join('')].some((line) => line.trim() === '');
    return [
      ...(empty ? [`${language}: a text is empty`] : []),
      ...used.filter((variable) => !known.has(variable)).map((variable) => `${language}: ${variable} is not declared`),
    ];
  });
  const tellsTime = Object.values(template.variables).includes('moment');
  return tellsTime && !template.aboutStore ? [...faults, 'a moment needs the zone of a store'] : faults;
}

function present(kind: VariableKind, value: string | number | undefined, reader: Reader): string | undefined {
  switch (kind) {
    case 'text':
      return typeof value === 'string' && value !== '' ? value : undefined;
    case 'number':
      return Number.isSafeInteger(value) ? new Intl.NumberFormat(reader.language).format(value as number) : undefined;
    case 'moment':
      return typeof value === 'string' ? moment(value, reader) : undefined;
  }
}

function moment(value: string, { language, store }: Reader): string | undefined {
  const at = new Date(value);
  if (Number.isNaN(at.getTime()) || !store) return undefined;
  const style = { dateStyle: 'long', timeStyle: 'short', timeZone: store.timeZone } as const;
  return new Intl.DateTimeFormat(language, style).format(at);
}

/** A paragraph that comes out empty, because its condition does not hold, is left out. */
function compose({ subject, paragraphs }: MessageText, language: Language, written: object): RenderedMessage {
  const lines = (write: typeof writePlain) =>
    paragraphs.map((line) => write(line, written)).filter((line) => line !== '');
  const body = lines(writeHtml).map((line) => `<p style="margin:0 0 16px">${line}</p>`);
  return {
    subject: writePlain(subject, written).replace(/\s+/g, ' ').trim(),
    text: `${lines(writePlain).join('\n\n')}\n`,
    html: `<!doctype html>
<html lang="${language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${writeHtml(subject, written)}</title></head>
<body style="margin:0;padding:24px;font:16px/1.6 sans-serif;color:#222;background:#fff">
<div style="max-width:560px;margin:0 auto">
${body.join('\n')}
</div>
</body>
</html>
`,
  };
}

/** Parses each line of the templates once. */
function writer(liquid: Liquid): (line: string, written: object) => string {
  const parsed = new Map<string, ReturnType<Liquid['parse']>>();
  return (line, written) => {
    const known = parsed.get(line) ?? liquid.parse(line);
    parsed.set(line, known);
    return liquid.renderSync(known, written) as string;
  };
}
