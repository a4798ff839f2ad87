import pc from 'picocolors';
import type { Platform } from './platform.js';
import { samplePurchase } from './samples.js';
import { STORES } from './seed.js';

/** Where everything is, for the person who has just started it. */
export function whereThingsAre(platform: Platform): string {
  const till = platform.tillKeys?.[0];
  const member = platform.members?.[0];
  const api = platform.gateway.url;
  const purchase =
    till && samplePurchase(till, STORES[0], { number: member?.number }, `C${Date.now().toString(36).toUpperCase()}`);
  return `
${pc.bold('Where things are')}
  API reference     ${platform.gateway.docs}
  API               ${api}
  messages sent     ${platform.sink.url}
  sign-in (OIDC)    ${platform.oidc.issuer}
  PostgreSQL        ${platform.database.adminUrl}
  Kafka             ${platform.kafka.brokers}
  everything else   .regulars/stack.json (a token per role, all till keys), .regulars/logs/

${pc.bold('Try it')}
  TOKEN=${platform.tokens.administrator}
  TILL_KEY=${till?.key}
  curl -s -X POST ${api}/v1/purchases -H "Authorization: Bearer $TILL_KEY" -H "Idempotency-Key: $(date +%s)" \\
    -H 'Content-Type: application/json' -d '${JSON.stringify(purchase)}'
  curl -s -H "Authorization: Bearer $TOKEN" ${api}/v1/members/${member?.memberId}
  curl -s -H "Authorization: Bearer $TOKEN" ${api}/v1/members/${member?.memberId}/points

Ctrl-C ends it (or \`npm run stop\`); the data stay until \`npm start -- --fresh\`.
`;
}
