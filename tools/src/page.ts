/** Text that is HTML already. */
export class Html {
  constructor(readonly text: string) {}
}

type HtmlValue = Html | string | readonly HtmlValue[];

/** Template tag: everything put into it is escaped unless it is HTML already; lists are joined. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(strings.reduce((text, part, at) => text + textOf(values[at - 1] ?? '') + part));
}

/** A whole page. */
export function page(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>
  body { font: 16px/1.5 system-ui, 'PingFang SC', 'Microsoft YaHei', sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; color: #1c2733; }
  article { border: 1px solid #d5dde5; border-radius: 8px; padding: 0.75rem 1rem; margin: 1rem 0; }
  h2 { font-size: 1.05rem; margin: 0; }
  small { color: #5b6b7a; }
  pre { white-space: pre-wrap; font: inherit; margin: 0.5rem 0 0; }
</style>
<h1>${title}</h1>
${body}
</html>
`.text;
}

function textOf(value: HtmlValue): string {
  if (value instanceof Html) return value.text;
  if (typeof value !== 'string') return value.map(textOf).join('');
  return value.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
